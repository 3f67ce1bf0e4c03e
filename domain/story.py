"""Every event in one plain sentence.

Knows the words. Deliberately does not know where an event stands or how a sentence is laid out; paths come
out printable, all other values as recorded, so whoever shows them escapes them.
"""

from typing import TypeAlias, assert_never, cast

from custody.domain.events import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    BundleExported,
    CaseClosed,
    CaseOpened,
    CheckpointCosigned,
    CheckpointStamped,
    CopyRefuted,
    CopyReverified,
    CosignatureGiven,
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    DirectoryCreated,
    Event,
    ExhibitRegistered,
    ExhibitReleased,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileProgressed,
    FileQualified,
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
    KeyRevoked,
    KeyRotated,
    LedgerOpened,
    LinkRecorded,
    MetadataLost,
    NoteAdded,
    ReportIssued,
    SessionClosed,
    SessionOpened,
    SpecialFileSkipped,
)
from custody.domain.exhibits.phrases import CustodyEvent, tell_custody
from custody.domain.keys.phrases import tell_key
from custody.domain.paths import printable
from custody.domain.phrases import (
    anchoring,
    bytes_text,
    copying,
    counted,
    digests_text,
    exported,
    failure,
    loss,
    proved,
    skip,
)

FileEvent: TypeAlias = (
    FileQueued | FileCopying | FileProgressed | FileFsynced | FileVerified | FileQualified | FileFailed
    | FileResumed
    | FileSkipped | LinkRecorded | SpecialFileSkipped | DirectoryCreated | CopyReverified | CopyRefuted
    | MetadataLost
)  # fmt: skip
JobEvent: TypeAlias = (
    JobQueued | JobStarted | JobResumed | InventoryTaken | InventoryChanged | JobCompleted | JobFailed
)
BatchEvent: TypeAlias = (
    BatchQueued | BatchStarted | BatchPaused | BatchResumed | BatchStopped | BatchCompleted
)
LedgerEvent: TypeAlias = (
    LedgerOpened | KeyEnrolled | KeyRotated | KeyRevoked | SessionOpened | SessionClosed | ReportIssued
    | CheckpointCosigned | CosignatureGiven | CheckpointStamped | CustodyEvent | BundleExported
)  # fmt: skip
AnyEvent: TypeAlias = FileEvent | JobEvent | BatchEvent | LedgerEvent


def tell(event: Event, who: str) -> str:
    """Return the sentence of an event; ``who`` is the examiner whose key signed it."""
    return _tell_file(cast("AnyEvent", event), who)


def _tell_file(event: AnyEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case FileQueued():
            return f"queued by {who}: {bytes_text(event.size)}, found as {printable(event.source)}"
        case FileCopying() | FileProgressed() | FileFsynced():
            return copying(event)
        case FileVerified() | FileQualified():
            return proved(event)
        case FileFailed():
            return failure(event)
        case FileResumed():
            return f"taken up again in run {event.run}; what was found: {event.found}"
        case FileSkipped():
            return skip(event)
        case CopyReverified():
            return f"read again ({event.read_back}) and found as recorded: {digests_text(event.digests)}"
        case MetadataLost():
            return loss(event)
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
                f"{counted(event.source_count, 'source')} to {printable(event.destination)}"
            )
        case JobStarted():
            return f"the job began in run {event.run}"
        case JobResumed():
            return f"the job went on in run {event.run}"
        case InventoryTaken():
            return (
                f"the sources were listed: {counted(event.files, 'file')}, {bytes_text(event.bytes)}, "
                f"{counted(event.directories, 'folder')}, {counted(event.links, 'link')}, "
                f"{event.special} special, {event.unreadable} unreadable; listing {event.digest}"
            )
        case InventoryChanged():
            return f"the second look at the sources found {printable(event.source)} {event.change}"
        case JobCompleted():
            return f"the job was completed: {_outcome(event)}"
        case JobFailed():
            return (
                f"the job ended incomplete ({event.reason}): {_outcome(event)}{_qualified(event)}, "
                f"{event.failed} failed"
            )
        case _:
            return _tell_batch(event, who)


def _tell_batch(event: BatchEvent | LedgerEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case BatchQueued():
            origin = "" if event.instruction is None else f" from {printable(event.instruction)}"
            jobs = counted(event.jobs, "job")
            return f"batch {event.name!r} queued by {who}{origin}: {jobs}, plan {event.batch}"
        case BatchStarted():
            return f"run {event.run} of the batch began"
        case BatchPaused():
            return f"run {event.run} of the batch was paused: {event.reason}"
        case BatchResumed():
            return (
                f"run {event.run} of the batch, which had ended as {event.ended}, went on with "
                f"{event.verified} verified{_qualified(event)}, {event.fsynced} written, "
                f"{event.copying} begun, {event.queued} queued, {event.failed} failed"
            )
        case BatchStopped():
            return (
                f"run {event.run} was given up ({event.reason}): {event.failed} of {event.tried} tried failed"
            )
        case BatchCompleted():
            ended = "with something left to do" if event.incomplete else "complete"
            return (
                f"run {event.run} ended {ended}: {_outcome(event)}{_qualified(event)}, {event.failed} failed"
            )
        case _:
            return _tell_ledger(event, who)


def _tell_ledger(event: LedgerEvent, who: str) -> str:  # noqa: PLR0911 - a sentence for each event
    match event:
        case LedgerOpened():
            return f"ledger {event.ledger} opened by {event.tool} {event.version}"
        case KeyEnrolled() | KeyRotated() | KeyRevoked():
            return tell_key(event, who)
        case SessionOpened():
            clock = _clock(synchronised=event.clock_synchronised)
            return (
                f"{event.examiner} began '{event.command}' on {event.host} ({event.system}) "
                f"with {event.tool} {event.version}; the clock was {clock}"
                + ("" if event.session_key is None else "; a key of this session alone signs in their place")
            )
        case SessionClosed():
            return f"the command ended with exit code {event.exit}"
        case ReportIssued():
            over = f"over entries up to {event.at_position}"
            return f"{event.kind} report issued by {who} {over}: SHA-256 {event.sha256}"
        case BundleExported():
            return exported(event, who)
        case CheckpointCosigned() | CosignatureGiven() | CheckpointStamped():
            return anchoring(event, who)
        case CaseOpened() | CaseClosed() | NoteAdded() | ExhibitRegistered() | ExhibitReleased():
            return tell_custody(event, who)
        case CustodyOffered() | CustodyAccepted() | CustodyDeclined() | CustodyRefused():
            return tell_custody(event, who)
        case _:
            assert_never(event)


def _qualified(event: BatchResumed | BatchCompleted | JobFailed) -> str:
    return f", {event.qualified} qualified" if event.qualified else ""


def _outcome(event: JobCompleted | JobFailed | BatchCompleted) -> str:
    return (
        f"{event.queued} queued, {event.verified} verified, {event.skipped} skipped, "
        f"{event.special} special, {bytes_text(event.bytes)} in {event.milliseconds / 1000:.1f} s"
    )


def _clock(*, synchronised: bool | None) -> str:
    if synchronised is None:
        return "perhaps not synchronised: the system does not say"
    return "synchronised" if synchronised else "not synchronised"
