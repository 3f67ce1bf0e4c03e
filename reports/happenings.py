"""Everything out of the ordinary, by position: what happened, what was done, is it still open.

Knows failures, retries, interruptions, changed sources, refuted copies. A later success closes a happening;
it never removes it.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from custody.domain.entry import Recorded
from custody.domain.events import (
    BatchPaused,
    BatchResumed,
    BatchStopped,
    CopyRefuted,
    FileFailed,
    FileResumed,
    InventoryChanged,
    JobFailed,
)
from custody.domain.paths import escape_text, printable
from custody.reports.custody_report import GOOD, Happening, Result
from custody.reports.ledger_fold import BatchFacts, JobFacts, LedgerFold, Session
from custody.reports.transfers import Transfer
from custody.reports.wording import CHANGES, ENDINGS, FOUND, PAUSES, STAGES, count, number


def happenings(fold: LedgerFold, *, whole_batches: bool) -> tuple[Happening, ...]:
    """Return all happenings in scope, by position. Without ``whole_batches`` no total of a batch is told."""
    found: list[Happening] = [*_broken_sessions(fold)]
    for batch in fold.batches:
        found.extend(_of_batch(batch, whole=whole_batches))
    for job in fold.jobs.values():
        found.extend(_of_job(job))
        for transfer in job.transfers.values():
            found.extend(_of_file(transfer))
    return tuple(sorted(found, key=lambda happening: happening.entry))


def _happening(recorded: Recorded, what: str, done: str, *, still_open: bool = False) -> Happening:
    return Happening(entry=recorded.position, at=recorded.at, what=what, done=done, open=still_open)


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
    return _happening(
        session.opened,
        f"The command begun here ended without recording its end: {cause}.",
        f"What it had recorded is kept. The next command began at entry {number(following.opened.position)}.",
    )


def _of_batch(batch: BatchFacts, *, whole: bool) -> Iterator[Happening]:
    for recorded in batch.incidents:
        match recorded.event:
            case BatchPaused() as event:
                what = f"Run {event.run} was paused: {_sentence(PAUSES.get(event.reason, event.reason))}"
                done, going_on = _afterwards(batch, recorded)
                yield _happening(recorded, what, done, still_open=not going_on)
            case BatchStopped() as event:
                what = f"Run {event.run} was given up before its end: {_sentence(event.reason)}"
                if whole:
                    what += f" Of {count(event.tried, 'file')} tried, {number(event.failed)} had failed."
                done, going_on = _afterwards(batch, recorded)
                yield _happening(recorded, what, done, still_open=not going_on)
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
    return _happening(recorded, what, done)


def _of_job(job: JobFacts) -> Iterator[Happening]:
    for recorded in job.incidents:
        match recorded.event:
            case InventoryChanged() as event:
                change = CHANGES.get(event.change, escape_text(event.change))
                yield _happening(
                    recorded,
                    f"The second walk of the source found: {printable(event.source)} {change}.",
                    "Recorded. The copy holds what was read at the time of copying.",
                    still_open=True,
                )
            case JobFailed() as event:
                current = job.outcome is not None and job.outcome.position == recorded.position
                yield _happening(
                    recorded,
                    f"Job {_quoted(job.event.name)} ended without being complete: {_sentence(event.reason)}",
                    "It stands so." if current else "Work on the job went on later.",
                    still_open=current,
                )
            case _:
                pass


def _of_file(transfer: Transfer) -> Iterator[Happening]:
    for recorded in transfer.incidents:
        match recorded.event:
            case FileFailed() as event:
                yield _failed(transfer, event, recorded)
            case FileResumed() as event:
                found = _sentence(FOUND.get(event.found, event.found))
                what = f"{printable(transfer.path)} was taken up again. Found: {found}"
                yield _happening(recorded, what, _since(transfer))
            case CopyRefuted() as event:
                yield _refuted(transfer, event, recorded)
            case _:
                pass


def _failed(transfer: Transfer, event: FileFailed, recorded: Recorded) -> Happening:
    where = STAGES.get(event.stage, escape_text(event.stage))
    details = [escape_text(event.error)]
    if event.errno is not None:
        details.append(f"errno {event.errno}")
    if event.offset is not None:
        details.append(f"at byte {number(event.offset)}")
    what = (
        f"{printable(event.path)} failed {where}, attempt {number(event.attempt)} "
        f"({', '.join(details)}): {_sentence(event.message)} Source: {printable(event.source)}"
    )
    moved = "" if event.moved_to is None else f"The bad copy was put aside as {printable(event.moved_to)}. "
    final = transfer.result is Result.FAILED and transfer.entry == recorded.position
    done = "No copy under this name is claimed." if final else _since(transfer)
    return _happening(recorded, what, moved + done, still_open=final)


def _refuted(transfer: Transfer, event: CopyRefuted, recorded: Recorded) -> Happening:
    final = transfer.result is Result.REFUTED and transfer.entry == recorded.position
    finding = f"({escape_text(event.finding)}): {_sentence(event.message)}"
    return _happening(
        recorded,
        f"The copy {printable(event.path)} was read again {finding}",
        "The copy must not be relied on." if final else _since(transfer),
        still_open=final,
    )


def _since(transfer: Transfer) -> str:
    if transfer.result in GOOD:
        return f"Tried again; in the end {transfer.result}, entry {number(transfer.entry)}."
    return f"In the end {transfer.result}, entry {number(transfer.entry)}."


def _sentence(message: str) -> str:
    text = escape_text(message)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _quoted(name: str) -> str:
    return f"“{escape_text(name)}”"


def still_open(found: Iterable[Happening]) -> tuple[Happening, ...]:
    """Return the happenings that are not settled."""
    return tuple(happening for happening in found if happening.open)
