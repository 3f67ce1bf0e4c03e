"""Events of one entry of a source: a file's way through a job, links, folders, special files, later re-reads.

``path`` is always the path below the job's destination; ``source`` the absolute path it came from.
"""

from dataclasses import dataclass
from typing import ClassVar

from custody.domain.digest import Digests
from custody.domain.events.schema import Event
from custody.domain.events.values import Nanoseconds, Stretches, Wide
from custody.domain.identifiers import JobId, Position, StreamKind
from custody.domain.paths import RawPath


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQueued(Event):
    """A regular file was found in the source and waits to be copied."""

    stream_kind: ClassVar[StreamKind] = "file"
    job: JobId
    run: int
    path: RawPath
    source: RawPath
    size: int
    mtime_ns: Nanoseconds
    atime_ns: Nanoseconds
    ctime_ns: Nanoseconds
    mode: int
    uid: int
    gid: int
    device: Wide
    inode: Wide
    links: int  # names of this inode; more than one: a hard-link group, known by device and inode


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCopying(Event):
    """Copying is about to begin under this temporary name; durable before the first byte is written."""

    stream_kind: ClassVar[StreamKind] = "file"
    attempt: int
    temporary: RawPath
    resumed_at: int | None = None  # bytes kept of an earlier attempt; both sides of them are read again


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgressed(Event):
    """The first bytes of a large file are durable under the temporary name. Nothing is proved of them yet."""

    stream_kind: ClassVar[StreamKind] = "file"
    attempt: int
    size: int
    digests: Digests  # of these bytes as read from the source


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFsynced(Event):
    """The copy is durable under its own name: data, times, mode and folder entry were flushed."""

    stream_kind: ClassVar[StreamKind] = "file"
    attempt: int
    size: int
    digests: Digests  # of the bytes as read from the source
    source_readings: int | None = None  # 2: the source was read again, past the cache, with equal SHA-256
    unreadable: Stretches | None = None  # of the source, zeros in the copy: the first of them
    unreadable_count: int | None = None
    unreadable_bytes: int | None = None
    zeros: Stretches | None = None  # the first long runs of zeros: perhaps what a tool before could not read
    zeros_count: int | None = None
    zeros_bytes: int | None = None  # the file's size: nothing but zeros


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataLost(Event):
    """Extended attributes or access lists of the source could not be kept at its copy, file or folder."""

    stream_kind: ClassVar[StreamKind] = "file"
    run: int
    path: RawPath
    attributes: tuple[str, ...]  # the first sixteen names, printable
    count: int  # of all that were lost; 0: they could not be listed
    reason: str  # of the first


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerified(Event):
    """The copy was read back; its size and SHA-256 equal those of the source as read."""

    stream_kind: ClassVar[StreamKind] = "file"
    path: RawPath
    size: int
    digests: Digests  # sha256: of source and copy alike; any other: of the source as read
    read_back: str  # direct, dropped, cached: how the copy was read (reference, Read-back)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQualified(Event):
    """The copy was read back and is what was written, but parts of the source could not be read: zeros."""

    stream_kind: ClassVar[StreamKind] = "file"
    path: RawPath
    size: int
    digests: Digests  # of the copy: of what was read, with zeros in between
    read_back: str
    unreadable: Stretches  # the first of them
    unreadable_count: int  # of all stretches
    unreadable_bytes: int  # in all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailed(Event):
    """This attempt failed; no copy under the file's own name is claimed."""

    stream_kind: ClassVar[StreamKind] = "file"
    job: JobId
    run: int
    path: RawPath
    source: RawPath
    stage: str
    error: str
    errno: int | None = None
    offset: int | None = None
    message: str
    attempt: int
    moved_to: RawPath | None = None  # where a bad copy was put aside, below the destination


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResumed(Event):
    """An interrupted file is taken up again: what was found of it and what was done about that."""

    stream_kind: ClassVar[StreamKind] = "file"
    run: int
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSkipped(Event):
    """Nothing to copy: proved before (``cites`` that entry), or an equal file was there and was compared."""

    stream_kind: ClassVar[StreamKind] = "file"
    job: JobId
    run: int
    path: RawPath
    source: RawPath
    size: int
    mtime_ns: Nanoseconds
    ctime_ns: Nanoseconds
    reason: str  # verified-before, already-present
    cites: Position | None = None
    digests: Digests
    read_back: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecorded(Event):
    """A symbolic link was recreated as it is; it was not followed."""

    stream_kind: ClassVar[StreamKind] = "file"
    job: JobId
    run: int
    path: RawPath
    source: RawPath
    target: RawPath
    mtime_ns: Nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialFileSkipped(Event):
    """A FIFO, socket or device was found; it was not opened and not copied."""

    stream_kind: ClassVar[StreamKind] = "file"
    job: JobId
    run: int
    path: RawPath
    source: RawPath
    kind: str
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryCreated(Event):
    """A folder stands at the destination; ``existed`` says it was there before this ledger made it."""

    stream_kind: ClassVar[StreamKind] = "file"
    job: JobId
    run: int
    path: RawPath
    source: RawPath
    mode: int
    mtime_ns: Nanoseconds
    existed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyReverified(Event):
    """A later pass read the copy again and found it as recorded."""

    stream_kind: ClassVar[StreamKind] = "file"
    path: RawPath
    size: int
    digests: Digests
    read_back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRefuted(Event):
    """A later pass found the copy changed, missing or unreadable."""

    stream_kind: ClassVar[StreamKind] = "file"
    path: RawPath
    finding: str
    message: str
    size: int | None = None
    digests: Digests | None = None
    errno: int | None = None
