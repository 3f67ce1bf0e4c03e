"""What the use cases need from the world, each as a small protocol.

Knows no adapter. Every method that can fail raises a class of ``domain.errors``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from custody.domain.copying.orders import Request
from custody.domain.copying.reports import Report
from custody.domain.entries.entry import Recorded
from custody.domain.events import Event
from custody.domain.identifiers import JobId, LedgerId, Position, Stream, TransferId
from custody.domain.paths import RawPath
from custody.domain.projections.rows import BatchRow, JobRow, Tally, TransferRow


class Clock(Protocol):
    """The workstation's clock; what it says is a claim."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An event about to be recorded as the given revision of its stream."""

    stream: Stream
    revision: int
    event: Event


class LedgerWriter(Protocol):
    """The one way anything becomes true."""

    @property
    def ledger(self) -> LedgerId:
        """Return the ledger's id."""

    def append(self, recordings: Sequence[Recording]) -> Position:
        """Seal, sign and commit all, or none; durable on return. Returns the position of the last.

        Raises LedgerFailed when the ledger's disk does not take them, Tampered when its head contradicts
        what was signed.
        """

    def vouched(self, positions: Sequence[Position]) -> Mapping[Position, Recorded]:
        """Return the entries at these positions whose signature by a trusted key holds, and no others.

        What is claimed anew on the strength of an old claim rests on these, not on the read model.
        """

    def keep_document(self, content: bytes) -> str:
        """Keep bytes that an event cites by their SHA-256 (plan, batch file); returns it in hex."""


class LedgerReader(Protocol):
    """The ledger as it was written."""

    def revision(self, stream: Stream) -> int:
        """Return the last revision of a stream; 0 when there is none."""

    def history(self, stream: Stream) -> Iterator[Recorded]:
        """Return the events of one stream in order."""

    def document(self, sha256: str) -> bytes:
        """Return kept bytes, checked against their hash; raises NotFound."""


class ReadModel(Protocol):
    """Current state, folded from the ledger in the same transaction as the entries."""

    def batch(self, batch: str) -> BatchRow | None:
        """Return a batch by its whole id; see ``batch_names`` for what people type."""

    def batches(self) -> Sequence[BatchRow]:
        """Return all batches, the one queued last first."""

    def jobs(self, batch: str) -> Sequence[JobRow]:
        """Return the jobs of a batch in order."""

    def tallies(self, job: JobId, run: int) -> Sequence[Tally]:
        """Return the sums by kind and state over the entries last seen in this run."""

    def transfers(
        self, job: JobId, *, states: Iterable[str], kind: str = "file", after: int = -1, limit: int = 1000
    ) -> Sequence[TransferRow]:
        """Return one page of entries in the given states, ordered by ordinal, beyond ``after``."""

    def sample(self, job: JobId, *, run: int, state: str, step: int) -> Sequence[TransferRow]:
        """Return every ``step``-th file of this state and run, by ordinal, from the first on."""

    def find(self, transfers: Sequence[TransferId]) -> Mapping[TransferId, TransferRow]:
        """Return the rows that exist among these ids."""

    def proved_copies(self, copies: Sequence[RawPath]) -> Mapping[RawPath, TransferRow]:
        """Return, by the absolute path of the copy, the rows that prove it, whatever job they belong to."""

    def known_copies(self, copies: Sequence[RawPath]) -> frozenset[RawPath]:
        """Return those of these absolute paths that any job of this ledger has an entry for."""

    def proved_within(
        self, folder: RawPath, *, after: int = -1, limit: int = 1000
    ) -> Sequence[tuple[int, TransferRow]]:
        """Return one page of proved files whose copy is ``folder`` or lies below it, each with its cursor.

        Every copy appears once, under the row that proved it last. An empty folder means the whole ledger.
        """


class Lane(Protocol):
    """A worker that reads sources and writes copies, one request at a time, in order."""

    def submit(self, request: Request) -> None:
        """Hand over a request; up to two may be under way."""

    def report(self, timeout_seconds: float) -> Report | None:
        """Return the next report; None when nothing came in time. Raises LaneDied when the lane is gone."""

    def replace(self) -> None:
        """Kill the lane without waiting for it (it may be stuck in the kernel) and start another."""


class LaneDied(Exception):
    """The lane process ended without being told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What ``lstat`` says of a name at the destination."""

    kind: str
    size: int
    mtime_ns: int
    target: RawPath | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What the destination's file system can still take; None where it does not say."""

    free_bytes: int
    free_inodes: int | None


class Destination(Protocol):
    """One job's destination folder, opened once; every path below it is resolved without following links.

    Methods raise DestinationFailed for trouble of the file system, Refused for an unsafe path.
    """

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the folder: a lane that finds another one at its path must not work there."""

    @property
    def lineage(self) -> frozenset[tuple[int, int]]:
        """Device and inode of the folder and of each one above it: none of them may be met in a source."""

    @property
    def made(self) -> bool:
        """Whether the folder was missing, and this opening made it."""

    def standing(self, path: bytes) -> Standing | None:
        """Return what stands at ``path``; None when there is nothing."""

    def make_folder(self, path: bytes) -> bool:
        """Make one folder and flush its parent; returns False when a folder was there already."""

    def make_link(self, path: bytes, target: bytes, mtime_ns: int) -> None:
        """Make one symbolic link with its time and flush its folder; an equal one that stands is left alone.

        Never replaces anything: raises Refused when something else stands there.
        """

    def flushing_together(self) -> AbstractContextManager[None]:
        """Flush what the block makes once, at its end; nothing of it is durable before.

        Raises DestinationFailed when the flush fails: then nothing made in the block may be claimed.
        """

    def finish_folder(self, path: bytes, *, mode: int | None, mtime_ns: int) -> None:
        """Set a folder's mode (None: leave it) and time, after everything in it is in place."""

    def remove_temporary(self, path: bytes, temporary: bytes) -> bool:
        """Remove our temporary file beside ``path``; returns False when it is not there."""

    def names(self, path: bytes) -> Iterator[bytes]:
        """Return the names in a folder (empty path: the destination itself)."""

    def room(self) -> Room:
        """Return the free space."""

    def close(self) -> None:
        """Let go of the folder and of its locks."""


class Inspector(Protocol):
    """Read-only looks at absolute paths, before anything is written."""

    def standing(self, path: RawPath) -> Standing | None:
        """Return what ``lstat`` says of a source or a destination; None when nothing is there.

        Raises Refused when it cannot be looked at.
        """

    def obstacle(self, destination: RawPath) -> str | None:
        """Return why a folder could not be made or written there; None when nothing speaks against it."""

    def contains(self, outer: RawPath, inner: RawPath) -> bool:
        """Tell whether ``inner``, or its future place, is ``outer`` or lies in it, also by a bind mount."""

    def lineage(self, path: RawPath) -> frozenset[tuple[int, int]]:
        """Return device and inode of a folder, if it is there, and of every existing folder above it."""

    def room(self, destination: RawPath) -> tuple[int, Room]:
        """Return the device and the free space of the file system that holds, or would hold, the folder."""


class StopRequest(Protocol):
    """Whether a person or the system asked to stop."""

    def requested(self) -> str | None:
        """Return SIGINT or SIGTERM, or None."""


class Progress(Protocol):
    """Where the pipeline says how far it is; never part of the record."""

    def plan(self, *, files: int, size: int) -> None:
        """Add to the totals."""

    def advance(self, path: bytes, phase: str, size: int, of: int = 0) -> None:
        """Say that ``size`` more bytes ``of`` a file's all (0: not known) passed: copy, flush, read back."""

    def finished(self, path: bytes, outcome: str, message: str = "") -> None:
        """Say that a file came to its outcome: verified, skipped, failed, special."""

    def note(self, text: str) -> None:
        """Say something worth reading."""
