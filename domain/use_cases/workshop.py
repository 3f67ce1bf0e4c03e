"""What the use cases work with, and what they give back.

Knows the ports and the settings of a run; holds no state of a batch, which lives in the ledger alone.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from custody.domain.identifiers import BatchId
from custody.domain.paths import RawPath
from custody.domain.ports import (
    Clock,
    Destination,
    Inspector,
    Lane,
    LedgerReader,
    LedgerWriter,
    Progress,
    ReadModel,
    StopRequest,
)

COMMIT_EVENTS: Final = 1000  # events of one commit, at most: each commit costs one flush of the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How a run goes about its work."""

    retries: int = 2  # further attempts at a file after a transient error
    retry_pause_seconds: float = 1.0  # before the first retry; doubles
    stall_timeout_seconds: float = 60.0  # without any progress; then the lane is killed
    drain_seconds: float = 1.5  # granted to the current blocks after a request to stop
    window_files: int = 500
    window_bytes: int = 64 * 1024 * 1024
    sample_files: int = 50  # re-verified at the end of a batch
    final_pass: bool = False  # re-verify all instead of a sample


class OpenDestination(Protocol):
    """How a job's destination is opened."""

    def __call__(self, path: RawPath, *, create: bool) -> Destination:
        """Open the folder, making it first when ``create`` says so.

        Raises DestinationFailed, Refused, or Busy when another process works on it, above it or below it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The ports of one command, put together by the composition root."""

    ledger: LedgerWriter
    reader: LedgerReader
    model: ReadModel
    lane: Lane
    open_destination: OpenDestination
    clock: Clock
    stop: StopRequest
    progress: Progress
    settings: RunSettings = field(default_factory=RunSettings)
    restarted: bool = False  # the machine was restarted since the last session


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyor:
    """The ports that a look before the work needs: nothing here can write."""

    reader: LedgerReader
    model: ReadModel
    lane: Lane
    open_destination: OpenDestination
    inspector: Inspector
    clock: Clock
    stop: StopRequest
    settings: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Files by outcome in one run; ``queued`` counts those taken into it to be copied."""

    queued: int = 0
    verified: int = 0
    qualified: int = 0  # copied, but parts of the source could not be read
    skipped: int = 0
    failed: int = 0
    special: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(
            queued=self.queued + other.queued,
            verified=self.verified + other.verified,
            qualified=self.qualified + other.qualified,
            skipped=self.skipped + other.skipped,
            failed=self.failed + other.failed,
            special=self.special + other.special,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A file without a good copy, and why."""

    path: RawPath
    source: RawPath
    stage: str
    error: str
    errno: int | None
    message: str
    attempt: int
    failed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How one job of a run ended."""

    index: int
    name: str
    state: str
    destination: RawPath
    files: Counts
    bytes: int
    reason: str | None = None  # why it is not complete, when this run has tried it


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """How a run ended. ``status``: completed, incomplete, paused, stopped or halted.

    ``refuted`` says that a copy differed when it was looked at. ``obstacle`` is ``busy`` or ``refused`` when
    that is all that was wrong: a destination was held by another process, or is not to be written.
    """

    batch: BatchId
    run: int
    status: str
    jobs: tuple[JobResult, ...]
    files: Counts
    bytes: int
    seconds: float
    failures: tuple[Failure, ...]
    refuted: bool
    failures_not_listed: int = 0  # a result must fit in memory; the ledger has them all
    metadata_lost: int = 0  # files and folders made in this session without all attributes of their source
    signal: str | None = None
    halt_reason: str | None = None  # or why a job could not begin
    halt_hint: str | None = None  # what to do about it, where that is known
    obstacle: str | None = None
