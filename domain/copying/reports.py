"""What a lane reports of its work. A report is sent only after it is true.

A lane is whatever reads sources and writes copies. Every value here is plain data that crosses a process
boundary.
"""

# No slots: a frozen dataclass with slots is pickled by Python code, eight times slower than without.

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath


class Stage(StrEnum):
    """Where an attempt failed."""

    INVENTORY = "inventory"
    OPEN = "open"
    READ = "read"
    WRITE = "write"
    FLUSH = "flush"
    PUBLISH = "publish"
    METADATA = "metadata"
    READ_BACK = "read-back"
    FINAL_CHECK = "final-check"


class Side(StrEnum):
    """Whose disk failed: source trouble fails one file, destination trouble may halt the job."""

    SOURCE = "source"
    DESTINATION = "destination"


@dataclass(frozen=True)
class Began:
    """Work on this file began; while nothing else is heard, this is the file that hangs."""

    transfer: TransferId


@dataclass(frozen=True)
class Advanced:
    """A heartbeat with progress: ``size`` more bytes were copied, or read back."""

    transfer: TransferId
    phase: str  # copy, flush, read back
    size: int


@dataclass(frozen=True, kw_only=True)
class Marked:
    """The first ``size`` bytes are durable in the temporary file; digests are of them as read at the source.

    They were not proved: whoever goes on from here reads them again on both sides.
    """

    transfer: TransferId
    size: int
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Unkept:
    """Extended attributes or access lists of a source that its copy does not have, and the first reason."""

    names: tuple[bytes, ...]  # empty: they could not even be listed
    reason: str


@dataclass(frozen=True)
class Probed:
    """So much was read of a source or written at a destination, in so long; 0 bytes when that failed."""

    size: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A folder has the attributes of its source, except these."""

    transfer: TransferId
    unkept: Unkept | None = None


@dataclass(frozen=True)
class StretchList:
    """Stretches of a file, of which the first are listed."""

    stretches: tuple[tuple[int, int], ...]  # offset and length in bytes, ascending
    count: int  # of all stretches
    bytes: int  # in all of them


@dataclass(frozen=True, kw_only=True)
class Flushed:
    """The copy is durable under its final name; digests are of the bytes as read from the source."""

    transfer: TransferId
    size: int
    digests: Mapping[str, str]
    unkept: Unkept | None = None
    unreadable: StretchList | None = None  # of the source, zeros in the copy
    zeros: StretchList | None = None  # long runs of zeros in what was read, or all of it
    source_readings: int = 1  # how often the source was read, each time with the same SHA-256


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """The copy was read again and equals what was read from the source (or what was expected)."""

    transfer: TransferId
    size: int
    digests: Mapping[str, str]
    method: str  # direct, dropped, cached


@dataclass(frozen=True, kw_only=True)
class Failed:
    """This attempt failed; nothing stands under the final name through it.

    Except after a read-back that could not look at the copy: it is left there, unproved, for another attempt.
    A large file is read back before it gets its final name, so after that nothing is left of its copy.
    ``differs`` marks a looked-at difference (read-back, existing file) as against an inability to look.
    """

    transfer: TransferId
    stage: Stage
    side: Side
    error: str  # stable word: io-error, vanished, changed, truncated, collision, read-back-differs, …
    message: str
    errno: int | None = None
    offset: int | None = None
    transient: bool = False
    differs: bool = False
    moved_to: RawPath | None = None
    found_size: int | None = None
    found_digests: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class ListedEntry:
    """One entry of a source, as ``lstat`` gave it."""

    path: RawPath  # below the root of its walk
    kind: str  # file, directory, link, fifo, socket, block-device, character-device
    size: int
    mtime_ns: int
    atime_ns: int
    ctime_ns: int
    mode: int
    uid: int
    gid: int
    device: int
    inode: int
    links: int
    target: RawPath | None = None


@dataclass(frozen=True)
class Listed:
    """A batch of entries of a walk."""

    entries: tuple[ListedEntry, ...]


@dataclass(frozen=True, kw_only=True)
class ListingFailed:
    """One folder or entry could not be listed; the walk goes on without it."""

    path: RawPath
    error: str
    message: str
    errno: int | None


@dataclass(frozen=True)
class Done:
    """The request was worked through; the next one may begin."""


Report = (
    Began | Advanced | Marked | Probed | Kept | Flushed | ReadBack | Failed | Listed | ListingFailed | Done
)
