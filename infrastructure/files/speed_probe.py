"""How fast sources are read and destinations written: a short look, past the cache where that can be done.

Knows no copy. What it writes has no name at any time (O_TMPFILE, open(2)) and is gone once it is closed, so
that it leaves nothing, not even a new time of the folder; a file system without such files is not measured.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Probed
from custody.domain.paths import with_parents
from custody.infrastructure.files.failures import AttemptFailed
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import Folders, close_quietly, open_root
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import BUFFER_BYTES, AlignedBuffer

PROBE_SECONDS: Final = 2.0  # of all files together
BLOCKS_A_FLUSH: Final = 4
_NAMELESS: Final = os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC
_PRIVATE: Final = 0o600


def probe(
    folders: Folders, items: Sequence[CopyItem], buffer: AlignedBuffer, monotonic: Callable[[], float]
) -> Iterator[Probed]:
    """Read each file for its share of the time, and say how far that came; 0 bytes if it cannot be read."""
    for item in items:
        begun = monotonic()
        size = _read_for(PROBE_SECONDS / len(items), folders, item, buffer, monotonic)
        yield Probed(size, monotonic() - begun)


def _read_for(
    seconds: float, folders: Folders, item: CopyItem, buffer: AlignedBuffer, monotonic: Callable[[], float]
) -> int:
    until, size = monotonic() + seconds, 0
    try:
        with SourceFile(folders, item, direct=True) as source:
            while monotonic() < until and (read := source.fill(buffer.view)):
                size += read
    except AttemptFailed:
        return 0
    return size


def probe_writing(
    calls: FileCalls, items: Sequence[CopyItem], monotonic: Callable[[], float]
) -> Iterator[Probed]:
    """Write and flush at each destination for its share of the time, at most ``size`` bytes of the item.

    Says how far that came; 0 bytes where no file without a name can be written.
    """
    for item in items:
        begun, size = monotonic(), 0
        with suppress(OSError):  # a destination that takes nothing now is told by the checks, or by the run
            fd = _nameless(calls, item.destination)
            try:
                for written in _written(calls, fd, item.size):
                    size = written
                    if monotonic() - begun >= PROBE_SECONDS / len(items):
                        break
            finally:
                close_quietly(calls, fd)
        yield Probed(size, monotonic() - begun)


def _nameless(calls: FileCalls, destination: bytes) -> int:
    """Open a file without a name in a folder, or where it would be made; raises OSError."""
    for folder in with_parents(destination):
        try:
            above = open_root(calls, folder)
        except FileNotFoundError:
            continue
        try:
            return calls.open(b".", _NAMELESS, _PRIVATE, dir_fd=above)
        finally:
            close_quietly(calls, above)
    raise FileNotFoundError(0, "not even the root exists")


def _written(calls: FileCalls, fd: int, limit: int) -> Iterator[int]:
    """Yield how much is written and flushed so far; raises OSError."""
    block = memoryview(os.urandom(BUFFER_BYTES))  # nothing that a file system or a device could compress
    size = 0
    while size < limit:
        for _ in range(BLOCKS_A_FLUSH):
            size += calls.write(fd, block[: max(0, limit - size)])
        calls.fdatasync(fd)
        yield size
