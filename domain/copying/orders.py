"""What a lane is asked to do: the words that the pipeline has for the engine that copies.

A lane is whatever reads sources and writes copies (a child process, so that a stuck read can be abandoned).
Every value here is plain data that crosses a process boundary. What it answers is in ``copy_reports``.
"""

# No slots: a frozen dataclass with slots is pickled by Python code, eight times slower than without.

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath


class Operation(StrEnum):
    """What is to be done with one file."""

    COPY = "copy"  # stage under a temporary name, flush, publish without replacing, flush, read back
    ADOPT = (
        "adopt"  # a file stands under the final name: flush it, compare it with the source, claim it if equal
    )
    READ_BACK = "read-back"  # read an existing copy from the device and compare with `expected`
    KEEP_ATTRIBUTES = "keep-attributes"  # give a folder the extended attributes of its source
    PROBE = "probe"  # read a source for a moment, to see how fast it is
    PROBE_WRITING = "probe-writing"  # write for a moment at a destination, to a file that never has a name
    TRY_TEMPORARY = "try-temporary"  # touch the temporary file of a lost lane; has no outcome but the end


@dataclass(frozen=True)
class Mark:
    """How far an interrupted copy is known to have come: as ``Marked`` said of its temporary file."""

    size: int
    digests: Mapping[str, str]  # of the first ``size`` bytes, for each algorithm of the item


@dataclass(frozen=True, kw_only=True)
class CopyItem:
    """One file to work on. It is read at ``source_root/path`` and stands at ``destination/path``."""

    transfer: TransferId
    operation: Operation
    source_root: RawPath  # absolute; empty for READ_BACK
    destination: RawPath  # absolute, exists; for PROBE_WRITING it, or a folder above it, does
    path: RawPath  # below both
    temporary: bytes  # bare name, in the folder of the copy; only for COPY and TRY_TEMPORARY
    size: int  # as inventoried
    mtime_ns: int
    atime_ns: int
    mode: int
    device: int  # as inventoried; the opened source must be the same file
    inode: int  # 0: not known, and neither is compared
    algorithms: tuple[str, ...]
    expected: Mapping[str, str] | None = None  # READ_BACK: digests as recorded
    destination_identity: tuple[int, int] | None = None  # device and inode of the folder that was locked
    set_aside: bool = False  # READ_BACK: move a copy that differs aside (one never claimed as verified)
    resume_at: Mark | None = None  # COPY: the temporary file stands already and holds this much
    salvage: bool = False  # what cannot be read of the source becomes zeros and is listed
    read_twice: bool = False  # the source is read again past the cache, and must give the same SHA-256


@dataclass(frozen=True)
class Window:
    """Files that share flushes: staged, flushed, published, flushed, reported, read back, reported."""

    items: tuple[CopyItem, ...]


@dataclass(frozen=True)
class Walk:
    """List ``root/name`` and everything below it in the order of raw bytes, following no link."""

    root: RawPath
    name: bytes


Request = Window | Walk
