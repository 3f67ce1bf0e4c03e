"""Everything out of the ordinary, by position: what happened, what was done, is it still open.

Knows commands, batches and jobs: interruptions, clocks set back, changed sources. A later success closes a
happening; it never removes it. What befell single files stands in ``entry_happenings``.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Final

from custody.domain.entries.entry import Recorded
from custody.domain.events import BatchPaused, BatchResumed, BatchStopped, InventoryChanged, JobFailed
from custody.domain.paths import escape_text, printable
from custody.reports.custody_report import Happening
from custody.reports.entry_happenings import entry_happenings
from custody.reports.job_facts import JobFacts
from custody.reports.ledger_fold import BatchFacts, LedgerFold, Session
from custody.reports.wording import CHANGES, ENDINGS, PAUSES, count, duration, number, quoted, sentence

_LEAST_STEP_SECONDS: Final = 1  # less is what a time server corrects while it keeps a clock right


def happenings(fold: LedgerFold, *, whole_batches: bool) -> tuple[Happening, ...]:
    """Return all happenings in scope, by position. Without ``whole_batches`` no total of a batch is told."""
    found: list[Happening] = [*_broken_sessions(fold), *_clock_steps(fold)]
    for batch in fold.batches:
        found.extend(_of_batch(batch, whole=whole_batches))
    for job in fold.jobs.values():
        found.extend(_of_job(job))
        found.extend(entry_happenings(job))
    return tuple(sorted(found, key=lambda happening: happening.entry))


def _broken_sessions(fold: LedgerFold) -> Iterator[Happening]:
    in_scope = fold.sessions_in_scope
    for index, (session, following) in enumerate(pairwise(fold.sessions)):
        if index in in_scope and not session.closed:
            yield _broken(session, following)


def _broken(session: Session, following: Session) -> Happening:
    before, after = session.event.boot_id, following.event.boot_id
    cause = "the program was killed or failed"
    if before is not None and after is not None and before != after:
        cause = "the machine was restarted meanwhile (its boot id changed): power loss or reset"
    return Happening.told(
        session.opened,
        f"The command begun here ended without recording its end: {cause}.",
        f"What it had recorded is kept. The next command began at entry {number(following.opened.position)}.",
    )


def _clock_steps(fold: LedgerFold) -> Iterator[Happening]:
    in_scope = fold.sessions_in_scope
    for step in fold.clock_steps:
        back = (
            datetime.fromisoformat(step.before.at) - datetime.fromisoformat(step.after.at)
        ).total_seconds()
        if step.session in in_scope and back >= _LEAST_STEP_SECONDS:
            yield Happening.told(
                step.after,
                f"The clock of the machine was set back by {duration(back)}: this entry bears an earlier "
                f"time than entry {number(step.before.position)} before it.",
                "The order of the entries is certain all the same; times on both sides of this one cannot be "
                "compared.",
                still_open=True,
            )


def _of_batch(batch: BatchFacts, *, whole: bool) -> Iterator[Happening]:
    for recorded in batch.incidents:
        match recorded.event:
            case BatchPaused() as event:
                what = f"Run {event.run} was paused: {sentence(PAUSES.get(event.reason, event.reason))}"
                done, going_on = _afterwards(batch, recorded)
                yield Happening.told(recorded, what, done, still_open=not going_on)
            case BatchStopped() as event:
                what = f"Run {event.run} was given up before its end: {sentence(event.reason)}"
                if whole:
                    what += f" Of {count(event.tried, 'file')} tried, {number(event.failed)} had failed."
                done, going_on = _afterwards(batch, recorded)
                yield Happening.told(recorded, what, done, still_open=not going_on)
            case BatchResumed() as event:
                yield _resumed(event, recorded, whole=whole)
            case _:
                pass


def _afterwards(batch: BatchFacts, recorded: Recorded) -> tuple[str, bool]:
    resumed = [
        later.position
        for later in batch.incidents
        if later.position > recorded.position and isinstance(later.event, BatchResumed)
    ]
    if resumed:
        return f"Taken up again at entry {number(resumed[0])}.", True
    if batch.ended is not None and batch.ended > recorded.position:
        return f"The run was closed at entry {number(batch.ended)}.", True
    return "Not taken up again as far as this report reaches.", False


def _resumed(event: BatchResumed, recorded: Recorded, *, whole: bool) -> Happening:
    ended = ENDINGS.get(event.ended, escape_text(event.ended))
    what = f"Run {event.run} was taken up again; {ended}."
    done = "Verified copies were kept; every other file was taken up from its last recorded step."
    if whole:
        done += (
            f" Found: {number(event.verified)} verified, {number(event.fsynced)} copied but not read back, "
            f"{number(event.copying)} in the middle of copying, {number(event.queued)} not begun, "
            f"{number(event.failed)} failed."
        )
    return Happening.told(recorded, what, done)


def _of_job(job: JobFacts) -> Iterator[Happening]:
    for recorded in job.incidents:
        match recorded.event:
            case InventoryChanged() as event:
                change = CHANGES.get(event.change, escape_text(event.change))
                yield Happening.told(
                    recorded,
                    f"The second walk of the source found: {printable(event.source)} {change}.",
                    "Recorded. The copy holds what was read at the time of copying.",
                    still_open=True,
                )
            case JobFailed() as event:
                current = job.outcome is not None and job.outcome.position == recorded.position
                yield Happening.told(
                    recorded,
                    f"Job {quoted(job.event.name)} ended without being complete: {sentence(event.reason)}",
                    "It stands so." if current else "Work on the job went on later.",
                    still_open=current,
                )
            case _:
                pass


def still_open(found: Iterable[Happening]) -> tuple[Happening, ...]:
    """Return the happenings that are not settled."""
    return tuple(happening for happening in found if happening.open)
