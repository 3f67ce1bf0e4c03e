"""Rows of the read models: what is known now of batches, jobs and their entries.

Plain values, folded from the ledger; the ledger alone is the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from custody.domain.identifiers import JobId, Position, Stream, TransferId
from custody.domain.paths import RawPath


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """A batch as the read model has it."""

    stream: Stream
    batch: str
    name: str
    state: str  # queued, running, paused, stopped, incomplete, completed
    run: int
    revision: int
    queued_at: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job as the read model has it."""

    id: JobId
    batch: str
    index: int
    name: str
    case_number: str
    exhibit: str | None
    destination: RawPath
    state: str  # queued, running, completed, failed
    run: int
    inventoried_run: int  # the last run whose inventory is complete; 0: none
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One entry of a job (file, directory, link, special) as the read model has it."""

    id: TransferId
    job: JobId
    run: int
    ordinal: int  # ledger position that queued it in this run: the order of work
    kind: str
    path: RawPath
    source: RawPath
    size: int
    mtime_ns: int
    ctime_ns: int
    atime_ns: int
    mode: int
    device: int
    inode: int
    state: str  # queued, copying, fsynced, verified, qualified, failed, skipped, recorded
    revision: int
    attempt: int
    temporary: bytes | None
    proved: Position | None  # entry that proved the copy
    copy_size: int | None = None  # of the content that the digests are of; the source may have changed since
    digests: Mapping[str, str] | None
    existed: bool  # directory: was there before this ledger made it
    refuted: bool  # a pass after the proof found the copy changed, missing or unreadable
    refuted_at: Position | None = None  # of a proof among several: the entry of that pass
    stage: str | None
    error: str | None
    errno: int | None
    message: str | None
    failed_at: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of one kind and state a job has in a run, and their bytes."""

    kind: str
    state: str
    count: int
    bytes: int
