"""The first page in words: one sentence that tells the truth at once, then what a reader asks next.

Knows the order of honesty: what failed comes before what went well, only a file that was read and compared
counts as good. Counts nothing itself.
"""

from collections.abc import Sequence

from custody.domain.paths import escape_text
from custody.reports.custody_report import (
    Counts,
    Happening,
    JobSection,
    Result,
    SessionLine,
    Summary,
    Verdict,
)
from custody.reports.wording import READ_BACK, algorithm, count, listed, moment, number, size


def summarise(
    counts: Counts,
    jobs: Sequence[JobSection],
    happenings: Sequence[Happening],
    sessions: Sequence[SessionLine],
) -> Summary:
    """Return the verdict, its sentence and the sentences after it."""
    troubles = _troubles(counts, jobs)
    remarks = sum(happening.open for happening in happenings)
    verdict = _verdict(counts, jobs, troubles=bool(troubles), remarks=remarks)
    sentences = (
        *_who_and_when(jobs, sessions),
        *_proof(counts, jobs),
        *_others(counts),
        *_course(happenings),
    )
    return Summary(verdict=verdict, headline=_headline(counts, jobs, troubles, remarks), sentences=sentences)


def _verdict(counts: Counts, jobs: Sequence[JobSection], *, troubles: bool, remarks: int) -> Verdict:
    if counts.by_result[Result.REFUTED]:
        return Verdict.REFUTED
    if counts.by_result[Result.FAILED] or _failed_jobs(jobs) or _unreadable(jobs):
        return Verdict.FAILED
    if troubles or not jobs:
        return Verdict.UNFINISHED
    return Verdict.REMARKS if remarks else Verdict.COMPLETE


def _failed_jobs(jobs: Sequence[JobSection]) -> list[JobSection]:
    return [job for job in jobs if job.ended_at is not None and not job.finished]


def _unreadable(jobs: Sequence[JobSection]) -> int:
    return sum(job.inventories[-1].unreadable for job in jobs if job.inventories)


def _troubles(counts: Counts, jobs: Sequence[JobSection]) -> list[str]:
    found = []
    if refuted := counts.by_result[Result.REFUTED]:
        found.append(f"{count(refuted, 'copy', 'copies')} later found changed, missing or unreadable")
    if failed := counts.by_result[Result.FAILED]:
        found.append(f"{number(failed)} failed")
    if waiting := counts.by_result[Result.UNVERIFIED]:
        found.append(f"{number(waiting)} not verified")
    if unreadable := _unreadable(jobs):
        found.append(f"{count(unreadable, 'entry', 'entries')} of the sources could not be listed")
    if broken := _failed_jobs(jobs):
        found.append(f"{count(len(broken), 'job')} ended without being complete")
    if unfinished := sum(job.ended_at is None for job in jobs):
        found.append(f"{count(unfinished, 'job')} not finished")
    return found


def _headline(counts: Counts, jobs: Sequence[JobSection], troubles: Sequence[str], remarks: int) -> str:
    if not jobs:
        return "Nothing was acquired: the ledger holds no job for this report."
    if troubles:
        refuted = counts.by_result[Result.REFUTED]
        return (
            f"{'Not every copy is as recorded' if refuted else 'Not everything was copied and verified'}: "
            f"of {count(counts.files, 'file')}, {number(counts.good)} verified; {'; '.join(troubles)}."
        )
    but = f", but {count(remarks, 'exception')} must be read with it" if remarks else ""
    return f"{_all_good(counts)}{but}."


def _all_good(counts: Counts) -> str:
    if not counts.files:
        return "The sources held no files, so there was nothing to verify"
    one = counts.files == 1
    which = "The one file found in the sources" if one else f"All {count(counts.files, 'file')}"
    done = f"{'was' if one else 'were'} copied and verified"
    if counts.by_result[Result.VERIFIED] < counts.files:
        done = f"{'stands' if one else 'stand'} verified at the destination"
    return f"{which}, {size(counts.good_bytes)}, {done}"


def _who_and_when(jobs: Sequence[JobSection], sessions: Sequence[SessionLine]) -> list[str]:
    examiners = listed(dict.fromkeys(escape_text(session.examiner) for session in sessions))
    cases = listed(dict.fromkeys(escape_text(job.case_number) for job in jobs))
    exhibits = listed(dict.fromkeys(escape_text(job.exhibit) for job in jobs if job.exhibit))
    if not (examiners and cases):
        return []
    about = f"case {cases}" + (f", exhibit {exhibits}" if exhibits else "")
    began = [job.began_at for job in jobs if job.began_at is not None]
    ended = [job.ended_at for job in jobs if job.ended_at is not None]
    when = f" Work began on {moment(min(began))}" if began else ""
    if began and len(ended) == len(jobs):
        when += f" and ended on {moment(max(ended))}"
    return [f"Examiner {examiners} worked on {about}.{when}{'.' if when else ''}"]


def _proof(counts: Counts, jobs: Sequence[JobSection]) -> list[str]:
    found = []
    if copied := counts.by_result[Result.VERIFIED]:
        names = listed(algorithm(name) for name in sorted({name for job in jobs for name in job.algorithms}))
        found.append(
            f"{count(copied, 'copy', 'copies')} verified: read back after writing, with the size and the "
            f"hash values ({names}) that were computed while the source was read."
        )
    if present := counts.by_result[Result.PRESENT]:
        found.append(
            f"{count(present, 'file')} already stood at the destination: compared with the source "
            "and found equal."
        )
    if earlier := counts.by_result[Result.EARLIER]:
        found.append(
            f"{count(earlier, 'file')} had been verified by an earlier entry of the ledger and had the same "
            "size and time since: neither copied nor read again."
        )
    methods = [
        f"{count(copies, 'file')} {READ_BACK.get(method, escape_text(method))}"
        for method, copies in sorted(counts.read_back.items(), key=_strongest_first)
    ]
    if methods:
        found.append(f"Read back: {'; '.join(methods)}.")
    return found


def _strongest_first(item: tuple[str, int]) -> tuple[int, str]:
    order = tuple(READ_BACK)
    return (order.index(item[0]) if item[0] in order else len(order), item[0])


def _others(counts: Counts) -> list[str]:
    found = []
    if counts.folders or counts.links:
        found.append(
            f"Besides files: {count(counts.folders, 'folder')} kept, {count(counts.links, 'symbolic link')} "
            "recreated without being followed."
        )
    if counts.special:
        found.append(
            f"{count(counts.special, 'special file')} (pipe, socket or device) found: listed, "
            "not opened, not copied."
        )
    return found


def _course(happenings: Sequence[Happening]) -> list[str]:
    if not happenings:
        return ["Nothing out of the ordinary is recorded: no failure, no retry, no interruption."]
    unsettled = sum(happening.open for happening in happenings)
    told = count(len(happenings), "exception or interruption", "exceptions and interruptions")
    return [f"{told} recorded, {number(unsettled)} still open: see “Exceptions and interruptions”."]
