"""The result of the checks before a run, for people and programs."""

from collections.abc import Iterable
from math import ceil

from custody.cli.exit_codes import ExitCode
from custody.cli.output import Answer
from custody.cli.render import SHORT_ID, limited
from custody.cli.wording import counted, duration, size_text
from custody.domain.copying.plan import Plan
from custody.domain.paths import printable, to_json
from custody.domain.use_cases.batches.preflight import Survey
from custody.domain.use_cases.batches.rooms import RoomSurvey


def survey_answer(plan: Plan, survey: Survey, seconds: float | None) -> Answer:
    """Return the answer of a check that found no obstacle; ``seconds``: what it will take."""
    return Answer(
        code=ExitCode.INCOMPLETE if survey.unlisted else ExitCode.OK,
        verdict=f"{'INCOMPLETE' if survey.unlisted else 'OK'}  {counted(len(plan.jobs), 'job')}, "
        f"{counted(survey.files, 'file')} to copy, {size_text(survey.bytes)}; nothing was changed",
        lines=list(_lines(plan, survey, seconds)),
        fields={
            "batch": plan.id,
            "name": plan.name,
            "files": survey.files,
            "bytes": survey.bytes,
            "directories": survey.directories,
            "links": survey.links,
            "special": survey.special,
            "present": survey.present,
            "unlisted": list(survey.unlisted),
            "estimate_seconds": None if seconds is None else ceil(seconds),
            "jobs": [
                {
                    "name": job.name,
                    **to_json("destination", job.destination),
                    "files": job.files,
                    "bytes": job.bytes,
                    "present": job.present,
                }
                for job in survey.jobs
            ],
            "rooms": [
                {
                    **to_json("destination", room.destination),
                    "needed_bytes": room.needed_bytes,
                    "free_bytes": room.free_bytes,
                    "needed_inodes": room.needed_inodes,
                    "free_inodes": room.free_inodes,
                }
                for room in survey.rooms
            ],
        },
    )


def unlisted_lines(survey: Survey) -> Iterable[str]:
    """Return what of the sources could not be listed, and what a run makes of it."""
    yield from limited(survey.unlisted)
    if survey.unlisted:
        yield "a run copies the rest and ends with exit 3"


def _lines(plan: Plan, survey: Survey, seconds: float | None) -> Iterable[str]:
    yield from (f"  {line}" for line in unlisted_lines(survey))
    for number, job in enumerate(survey.jobs, 1):
        present = f", {job.present} there already" if job.present else ""
        yield f"  {number}  {job.name}: {counted(job.files, 'file')}, {size_text(job.bytes)}{present}"
        yield f"     to {printable(job.destination)}"
    for room in survey.rooms:
        yield f"  {room_text(room)}"
    if seconds is not None:
        yield f"  takes {duration(ceil(seconds))} or more, as fast as disks were read and written just now"
    others = [
        counted(number, noun)
        for number, noun in (
            (survey.directories, "folder"),
            (survey.links, "link"),
            (survey.special, "special file"),
        )
        if number
    ]
    if others:
        yield f"  also {', '.join(others)}"
    yield f"  batch {plan.id[:SHORT_ID]}"


def room_text(room: RoomSurvey) -> str:
    """Return what a file system has to take, with its margin, beside what it can."""
    inodes = (
        "" if room.free_inodes is None else f"; {room.needed_inodes:,} of {room.free_inodes:,} free inodes"
    )
    return (
        f"needs {size_text(room.needed_bytes)} of {size_text(room.free_bytes)} free at "
        f"{printable(room.destination)}{inodes}"
    )
