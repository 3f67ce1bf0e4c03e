"""Events of batches and jobs."""

from dataclasses import dataclass
from typing import ClassVar

from custody.domain.digest import Digests
from custody.domain.events.schema import Event
from custody.domain.events.values import Nanoseconds
from custody.domain.identifiers import BatchId, StreamKind
from custody.domain.paths import RawPath


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchQueued(Event):
    """An instruction was accepted: its plan (whose SHA-256 is the batch id) and the file it came from."""

    stream_kind: ClassVar[StreamKind] = "batch"
    batch: BatchId
    name: str
    jobs: int
    instruction: RawPath | None = None  # the batch file; None when the command line was the instruction
    instruction_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarted(Event):
    """A numbered run of the batch began."""

    stream_kind: ClassVar[StreamKind] = "batch"
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPaused(Event):
    """A person or the system asked to stop (SIGINT, SIGTERM); the work can go on."""

    stream_kind: ClassVar[StreamKind] = "batch"
    run: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResumed(Event):
    """An unfinished run goes on: how it had ended, and what was found of its files."""

    stream_kind: ClassVar[StreamKind] = "batch"
    run: int
    ended: str  # paused, stopped, incomplete, killed, restarted (another boot id: power loss or reset)
    verified: int
    fsynced: int
    copying: int
    queued: int
    failed: int
    qualified: int | None = None  # absent: none


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStopped(Event):
    """The run was given up before its end: too many failures, or a destination that failed."""

    stream_kind: ClassVar[StreamKind] = "batch"
    run: int
    reason: str
    tried: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCompleted(Event):
    """The run came to its end; ``incomplete`` says that something failed or is left to do."""

    stream_kind: ClassVar[StreamKind] = "batch"
    run: int
    queued: int
    verified: int
    skipped: int
    failed: int
    special: int
    bytes: int
    milliseconds: int
    incomplete: bool
    qualified: int | None = None  # absent: none


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueued(Event):
    """One acquisition of the batch: form data, sources, destination. The full source list is in the plan."""

    stream_kind: ClassVar[StreamKind] = "job"
    batch: BatchId
    index: int
    name: str
    case_number: str
    exhibit: str | None = None
    destination: RawPath
    sources: tuple[RawPath, ...]  # the first hundred
    source_count: int
    algorithms: tuple[str, ...]
    form: Digests  # field name → value as given


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    """Work on the job began in this run of its batch."""

    stream_kind: ClassVar[StreamKind] = "job"
    run: int
    made_destination: bool | None = None  # the destination folder was missing and was made for this


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResumed(Event):
    """Work on an interrupted job goes on."""

    stream_kind: ClassVar[StreamKind] = "job"
    run: int
    made_destination: bool | None = None  # the destination folder was missing and was made for this


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryTaken(Event):
    """The sources were walked once: counts, bytes, and the SHA-256 of the listing (reference, Inventory)."""

    stream_kind: ClassVar[StreamKind] = "job"
    run: int
    files: int
    directories: int
    links: int
    special: int
    unreadable: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryChanged(Event):
    """The second walk, after the copying, found one difference: appeared, vanished or changed."""

    stream_kind: ClassVar[StreamKind] = "job"
    run: int
    change: str
    path: RawPath
    source: RawPath
    size: int | None = None
    mtime_ns: Nanoseconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompleted(Event):
    """Every inventoried entry has one good outcome, the sums agree, nothing foreign lies in new folders."""

    stream_kind: ClassVar[StreamKind] = "job"
    run: int
    queued: int
    verified: int
    skipped: int
    special: int
    bytes: int
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(Event):
    """The job came to its end, or was given up, without being complete."""

    stream_kind: ClassVar[StreamKind] = "job"
    run: int
    reason: str
    queued: int
    verified: int
    skipped: int
    failed: int
    special: int
    bytes: int
    milliseconds: int
    qualified: int | None = None  # absent: none
