"""Every event in one plain sentence.

Knows the words. Deliberately does not know where an event stands or how a sentence is laid out; paths come
out printable, all other values as recorded, so whoever shows them escapes them.
"""

from collections.abc import Mapping
from typing import TypeAlias, assert_never, cast

from custody.domain.events import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    CaseOpened,
    CopyRefuted,
    CopyReverified,
    DirectoryCreated,
    Event,
    ExhibitRegistered,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
    InventoryChanged,
    InventoryTaken,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobResumed,
    JobStarted,
    KeyEnrolled,
    LedgerOpened,
    LinkRecorded,
    ReportIssued,
    SessionClosed,
    SessionOpened,
    SpecialFileSkipped,
)
from custody.domain.paths import printable

FileEvent: TypeAlias = (
    FileQueued | FileCopying | FileFsynced | FileVerified | FileFailed | FileResumed | FileSkipped
    | LinkRecorded | SpecialFileSkipped | DirectoryCreated | CopyReverified | CopyRefuted
)  # fmt: skip
JobEvent: TypeAlias = (
    JobQueued | JobStarted | JobResumed | InventoryTaken | InventoryChanged | JobCompleted | JobFailed
)
BatchEvent: TypeAlias = (
    BatchQueued | BatchStarted | BatchPaused | BatchResumed | BatchStopped | BatchCompleted
)
LedgerEvent: TypeAlias = (
    LedgerOpened | KeyEnrolled | SessionOpened | SessionClosed | CaseOpened | ExhibitRegistered | ReportIssued
)
AnyEvent: TypeAlias = FileEvent | JobEvent | BatchEvent | LedgerEvent


def tell(event: Event, who: str) -> str:
    """Return the sentence of an event; ``who`` is the examiner whose key signed it."""
    return _tell_file(cast("AnyEvent", event), who)


def _tell_file(event: AnyEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case FileQueued():
            return f"queued by {who}: {_bytes(event.size)}, found as {printable(event.source)}"
        case FileCopying():
            name = printable(event.temporary)
            return f"copying began (attempt {event.attempt}) under the temporary name {name}"
        case FileFsynced():
            return (
                f"{_bytes(event.size)} written and flushed to the device; as read: {_digests(event.digests)}"
            )
        case FileVerified():
            read = f"{_bytes(event.size)} read back ({event.read_back})"
            return (
                f"verified as {printable(event.path)}: {read}, equal to the source: {_digests(event.digests)}"
            )
        case FileFailed():
            return _failure(event)
        case FileResumed():
            return f"taken up again in run {event.run}; what was found: {event.found}"
        case FileSkipped():
            return _skip(event)
        case CopyReverified():
            return f"read again ({event.read_back}) and found as recorded: {_digests(event.digests)}"
        case CopyRefuted():
            return f"read again and refuted: {event.finding}: {event.message}"
        case _:
            return _tell_other_thing(event, who)


def _tell_other_thing(
    event: LinkRecorded | SpecialFileSkipped | DirectoryCreated | JobEvent | BatchEvent | LedgerEvent,
    who: str,
) -> str:
    match event:
        case LinkRecorded():
            link, end = printable(event.path), printable(event.target)
            return f"link {link} recreated as it is, not followed; it points to {end}"
        case SpecialFileSkipped():
            return f"{event.kind} {printable(event.source)} listed; it was neither opened nor copied"
        case DirectoryCreated():
            made = "was there already" if event.existed else "created"
            return f"folder {printable(event.path)} {made}"
        case _:
            return _tell_job(event, who)


def _tell_job(event: JobEvent | BatchEvent | LedgerEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case JobQueued():
            exhibit = "" if event.exhibit is None else f", exhibit {event.exhibit}"
            return (
                f"job {event.name!r} for case {event.case_number}{exhibit} queued by {who}: "
                f"{_counted(event.source_count, 'source')} to {printable(event.destination)}"
            )
        case JobStarted():
            return f"the job began in run {event.run}"
        case JobResumed():
            return f"the job went on in run {event.run}"
        case InventoryTaken():
            return (
                f"the sources were listed: {_counted(event.files, 'file')}, {_bytes(event.bytes)}, "
                f"{_counted(event.directories, 'folder')}, {_counted(event.links, 'link')}, "
                f"{event.special} special, {event.unreadable} unreadable; listing {event.digest}"
            )
        case InventoryChanged():
            return f"the second look at the sources found {printable(event.source)} {event.change}"
        case JobCompleted():
            return f"the job was completed: {_outcome(event)}"
        case JobFailed():
            return f"the job ended incomplete ({event.reason}): {_outcome(event)}, {event.failed} failed"
        case _:
            return _tell_batch(event, who)


def _tell_batch(event: BatchEvent | LedgerEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case BatchQueued():
            origin = "" if event.instruction is None else f" from {printable(event.instruction)}"
            jobs = _counted(event.jobs, "job")
            return f"batch {event.name!r} queued by {who}{origin}: {jobs}, plan {event.batch}"
        case BatchStarted():
            return f"run {event.run} of the batch began"
        case BatchPaused():
            return f"run {event.run} of the batch was paused: {event.reason}"
        case BatchResumed():
            return (
                f"run {event.run} of the batch, which had ended as {event.ended}, went on with "
                f"{event.verified} verified, {event.fsynced} written, {event.copying} begun, "
                f"{event.queued} queued, {event.failed} failed"
            )
        case BatchStopped():
            return (
                f"run {event.run} was given up ({event.reason}): {event.failed} of {event.tried} tried failed"
            )
        case BatchCompleted():
            ended = "with something left to do" if event.incomplete else "complete"
            return f"run {event.run} ended {ended}: {_outcome(event)}, {event.failed} failed"
        case _:
            return _tell_ledger(event, who)


def _tell_ledger(event: LedgerEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case LedgerOpened():
            return f"ledger {event.ledger} opened by {event.tool} {event.version}"
        case KeyEnrolled():
            guard = "guarded by a passphrase" if event.protected else "without a passphrase"
            return f"key {event.key} of {event.examiner} enrolled, {guard}"
        case SessionOpened():
            clock = _clock(synchronised=event.clock_synchronised)
            return (
                f"{event.examiner} began '{event.command}' on {event.host} ({event.system}) "
                f"with {event.tool} {event.version}; the clock was {clock}"
            )
        case SessionClosed():
            return f"the command ended with exit code {event.exit}"
        case CaseOpened():
            return f"case {event.case_number} used for the first time, by {who}"
        case ExhibitRegistered():
            return f"exhibit {event.exhibit} of case {event.case_number} registered by {who}"
        case ReportIssued():
            over = f"over entries up to {event.at_position}"
            return f"{event.kind} report issued by {who} {over}: SHA-256 {event.sha256}"
        case _:
            assert_never(event)


def _failure(event: FileFailed) -> str:
    number = "" if event.errno is None else f", errno {event.errno}"
    place = "" if event.offset is None else f" at byte {event.offset:,}"
    moved = "" if event.moved_to is None else f"; the bad copy was put aside as {printable(event.moved_to)}"
    what = f"{event.message} ({event.error}{number})"
    return f"failed at {event.stage}{place} (attempt {event.attempt}): {what}{moved}"


def _skip(event: FileSkipped) -> str:
    proof = (
        "an equal file was there and was compared"
        if event.cites is None
        else f"entry {event.cites} proves the copy that is there"
    )
    return f"not copied again ({event.reason}): {proof}: {_bytes(event.size)}, {_digests(event.digests)}"


def _outcome(event: JobCompleted | JobFailed | BatchCompleted) -> str:
    return (
        f"{event.queued} queued, {event.verified} verified, {event.skipped} skipped, "
        f"{event.special} special, {_bytes(event.bytes)} in {event.milliseconds / 1000:.1f} s"
    )


def _clock(*, synchronised: bool | None) -> str:
    if synchronised is None:
        return "perhaps not synchronised: the system does not say"
    return "synchronised" if synchronised else "not synchronised"


def _digests(digests: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(digests.items()))


def _bytes(size: int) -> str:
    return f"{size:,} byte{'' if size == 1 else 's'}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
