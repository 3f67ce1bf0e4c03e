"""Everything out of the ordinary that befell a single file, folder or link, or was found among the copies.

Knows failures, files taken up again, refutations and foreign entries, and which later record settled each.
"""

from collections.abc import Iterator

from custody.domain.copying.failure_words import DIFFERENCES
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    CopyRefuted,
    DirectoryCreated,
    FileFailed,
    FileQualified,
    FileResumed,
    LinkRecorded,
    MetadataLost,
)
from custody.domain.paths import escape_text, printable
from custody.reports.custody_report import Happening
from custody.reports.job_facts import Foreign, JobFacts, Listed, Made
from custody.reports.results import GOOD, Result
from custody.reports.transfers import Transfer, not_kept
from custody.reports.wording import FINDINGS, FOUND, STAGES, count, number, quoted, sentence

_DISTRUST = "The copy must not be relied on."


def entry_happenings(job: JobFacts) -> Iterator[Happening]:
    """Yield what befell the files, folders and links of a job, and what was found among them."""
    for transfer in job.transfers.values():
        yield from _of_file(transfer)
    for made in job.made.values():
        yield from _of_made(made)
    for foreign in job.foreign.values():
        yield from _of_foreign(foreign, job)


def _of_file(transfer: Transfer) -> Iterator[Happening]:
    for recorded in transfer.incidents:
        match recorded.event:
            case FileFailed() as event:
                final = transfer.result is Result.FAILED and transfer.entry == recorded.position
                settled = "No copy under this name is claimed." if final else _since(transfer)
                yield _failed(event, recorded, settled, still_open=final)
            case FileQualified() as event:
                final = transfer.result is Result.QUALIFIED
                yield _qualified(event, recorded, transfer, still_open=final)
            case FileResumed() as event:
                found = sentence(FOUND.get(event.found, event.found))
                what = f"{printable(transfer.path)} was taken up again. Found: {found}"
                yield Happening.told(recorded, what, _since(transfer))
            case CopyRefuted() as event:
                final = transfer.result not in GOOD and transfer.entry == recorded.position
                yield _refuted(event, recorded, _distrust(event) if final else _since(transfer), final)
            case _:
                pass


def _failed(event: FileFailed, recorded: Recorded, settled: str, *, still_open: bool) -> Happening:
    where = STAGES.get(event.stage, escape_text(event.stage))
    details = [escape_text(event.error)]
    if event.errno is not None:
        details.append(f"errno {event.errno}")
    if event.offset is not None:
        details.append(f"at byte {number(event.offset)}")
    what = (
        f"{printable(event.path)} failed {where}, attempt {number(event.attempt)} "
        f"({', '.join(details)}): {sentence(event.message)} Source: {printable(event.source)}"
    )
    moved = "" if event.moved_to is None else f"The bad copy was put aside as {printable(event.moved_to)}. "
    return Happening.told(recorded, what, moved + settled, still_open=still_open)


def _qualified(
    event: FileQualified, recorded: Recorded, transfer: Transfer, *, still_open: bool
) -> Happening:
    stretches = [f"{number(length)} at byte {number(offset)}" for offset, length in event.unreadable]
    more = event.unreadable_count - len(stretches)
    rest = f"; and {count(more, 'more stretch', 'more stretches')}" if more > 0 else ""
    what = (
        f"{printable(event.path)}: {count(event.unreadable_bytes, 'byte')} of its source could not be read: "
        f"{'; '.join(stretches)}{rest}. Source: {printable(transfer.source)}"
    )
    done = "The copy has zeros there. It was read back and is what was written."
    return Happening.told(recorded, what, done if still_open else _since(transfer), still_open=still_open)


def _refuted(event: CopyRefuted, recorded: Recorded, settled: str, still_open: bool) -> Happening:  # noqa: FBT001
    found = FINDINGS.get(event.finding, escape_text(event.finding))
    errno = "" if event.errno is None else f" (errno {event.errno})"
    what = f"A later look at {printable(event.path)}: {found}{errno}: {sentence(event.message)}"
    return Happening.told(recorded, what, settled, still_open=still_open)


def _distrust(event: CopyRefuted) -> str:
    if event.finding in DIFFERENCES:
        return _DISTRUST
    return "Nothing is known against its content, but until it has been read again it must not be relied on."


def _since(transfer: Transfer) -> str:
    if transfer.result in GOOD:
        return f"Tried again; in the end {transfer.result}, entry {number(transfer.entry)}."
    return f"In the end {transfer.result}, entry {number(transfer.entry)}."


def _of_made(made: Made) -> Iterator[Happening]:
    for recorded in made.incidents:
        final = recorded is made.against
        match recorded.event:
            case FileFailed() as event:
                settled = f"This {_kind(made.event)} is not as it should be." if final else _made_since(made)
                yield _failed(event, recorded, settled, still_open=final)
            case CopyRefuted() as event:
                settled = f"This {_kind(made.event)} must not be relied on." if final else _made_since(made)
                yield _refuted(event, recorded, settled, final)
            case MetadataLost() as event:
                what = f"{printable(event.path)} lacks attributes of its source: {not_kept(event)}."
                yield Happening.told(recorded, what, f"The {_kind(made.event)} stands.", still_open=False)
            case _:
                pass


def _made_since(made: Made) -> str:
    if made.against is not None:
        return f"In the end not as it should be, entry {number(made.against.position)}."
    return f"In the end {_done(made.event)}, entry {number(made.entry)}."


def _kind(event: Listed) -> str:
    match event:
        case LinkRecorded():
            return "link"
        case DirectoryCreated():
            return "folder"
        case _:
            return "special file"


def _done(event: Listed) -> str:
    match event:
        case LinkRecorded():
            return "the link was recreated"
        case DirectoryCreated():
            return "the folder stands"
        case _:
            return "the special file was listed"


def _of_foreign(foreign: Foreign, job: JobFacts) -> Iterator[Happening]:
    what = (
        f"{printable(foreign.path)} lies among the copies of job {quoted(job.event.name)}, in a folder that "
        "was made for them, and no job of this ledger put it there."
    )
    for recorded in foreign.found:
        last = recorded is foreign.found[-1]
        if not last:
            done = f"Found again, entry {number(foreign.found[-1].position)}."
        elif foreign.gone is not None:
            done = f"Not there any more when the job was completed, entry {number(foreign.gone)}."
        else:
            done = "It was left where it is. It is no copy made by this software and is not among the files."
        yield Happening.told(recorded, what, done, still_open=last and foreign.gone is None)
