"""Reading one source file once, and knowing whether it changed meanwhile.

Knows that a source is opened without following a link, without blocking on a FIFO and, where allowed,
without touching its access time; that every byte is counted; that the same descriptor is asked before and
after. Never uses a call that lets the kernel copy by itself: those end short without an error on some file
systems. One pass cannot see a bit that flipped on the way from the source (see ``second_reading``).
"""

import os
import stat
from contextlib import suppress
from types import TracebackType
from typing import Self

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Side, Stage, StretchList
from custody.infrastructure.files.direct_io import DirectReading, opened_for_reading
from custody.infrastructure.files.failures import OPENING_SOURCE, READING_SOURCE, AttemptFailed, failed_by
from custody.infrastructure.files.folders import Folders, close_quietly, place_of
from custody.infrastructure.files.salvaging import Salvager
from custody.infrastructure.files.stretches import ZeroRuns


def _changed(message: str, stage: Stage = Stage.READ) -> AttemptFailed:
    return AttemptFailed(stage, Side.SOURCE, "changed", message, transient=True)


def _of_another_size(error: str, message: str, offset: int) -> AttemptFailed:
    return AttemptFailed(Stage.READ, Side.SOURCE, error, message, offset=offset, transient=True)


class SourceFile:
    """An open source file; a context manager. Every method raises AttemptFailed."""

    def __init__(self, folders: Folders, item: CopyItem, *, direct: bool = False) -> None:
        """``direct``: read past the page cache where that can be done, and leave none of it in there."""
        self._calls = folders.calls
        self._item = item
        self._direct = direct = direct or item.salvage  # sectors of a page can be told apart past the cache
        self._ended = False
        self._zeros = ZeroRuns()
        place = place_of(item.source_root, item.path, Side.SOURCE)
        with OPENING_SOURCE:
            opened = opened_for_reading(self._calls, folders.of(place), place.name, direct=direct)
        self._fd = opened[0]
        self._reading = DirectReading(self._calls, self._fd, direct=opened[1])
        try:
            with OPENING_SOURCE:
                self.status = self._calls.fstat(self._fd)
            self._require_as_inventoried()
        except AttemptFailed:
            close_quietly(self._calls, self._fd)
            raise
        self._salvager = Salvager(self._reading, self.status.st_size) if item.salvage else None

    @property
    def item(self) -> CopyItem:
        """Return what is copied."""
        return self._item

    @property
    def descriptor(self) -> int:
        """Return the open descriptor, good until the block ends."""
        return self._fd

    @property
    def unreadable(self) -> StretchList | None:
        """Return what was filled with zeros because it could not be read; None for nothing."""
        return None if self._salvager is None else self._salvager.unreadable()

    @property
    def zeros(self) -> StretchList | None:
        """Return the long runs of zeros in what was read, the zeros of salvaging among them; at the end."""
        return self._zeros.found()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor."""
        close_quietly(self._calls, self._fd)

    def _require_as_inventoried(self) -> None:
        now, item = self.status, self._item
        if not stat.S_ISREG(now.st_mode):
            raise AttemptFailed(Stage.OPEN, Side.SOURCE, "not-a-regular-file", "no longer a regular file")
        # An inode of 0 is not known: numbers need not survive a new mount of a network or FAT volume.
        if item.inode and (now.st_dev, now.st_ino) != (item.device, item.inode):
            raise _changed("another file stands under this name than at the inventory", Stage.OPEN)
        if now.st_size != item.size:
            raise _changed(f"{item.size} bytes at the inventory, {now.st_size} now", Stage.OPEN)
        if now.st_mtime_ns != item.mtime_ns:
            raise _changed("modified since the inventory", Stage.OPEN)

    def announce(self) -> None:
        """Have the kernel fetch the content soon; an advice. A dying medium is asked for nothing twice."""
        if self._direct:
            return
        with suppress(OSError):
            self._calls.fadvise(self._fd, 0, 0, os.POSIX_FADV_WILLNEED)

    def drop_cached(self) -> None:
        """Drop what the cache holds of the file, so that it is read from its device; an advice."""
        with suppress(OSError):
            self._calls.fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def fill(self, view: memoryview) -> int:
        """Read until ``view`` is full or the file ends, and return how much; 0 at the end.

        Requires exactly as many bytes as the size says. Where a medium is dying, each little read returns.
        """
        filled = 0
        while filled < len(view) and not self._ended:
            filled += self._read(view[filled:])
            if self._salvager is not None and self._salvager.is_narrow:
                break
        self._zeros.take(view[:filled])
        return filled

    def _read(self, view: memoryview) -> int:
        reading, size = self._reading, self.status.st_size
        try:
            read = self._salvager.read(view) if self._salvager else reading.read(view, size)
        except (OSError, MemoryError) as error:
            raise failed_by(error, Stage.READ, Side.SOURCE, offset=reading.count) from error
        if reading.count > size:
            message = f"more than its {size} bytes could be read"
            raise _of_another_size("grew", message, size)
        if not read and reading.count < size:
            message = f"ended after {reading.count} of {size} bytes"
            raise _of_another_size("truncated", message, reading.count)
        self._ended = not read
        if self._direct:
            reading.drop_behind()
        return read

    def require_unchanged(self) -> None:
        """Require that size, modification and change time are what they were before the first byte."""
        with READING_SOURCE:
            after = self._calls.fstat(self._fd)
        before = self.status
        if (after.st_size, after.st_mtime_ns, after.st_ctime_ns) != (
            *(before.st_size, before.st_mtime_ns, before.st_ctime_ns),
        ):
            raise _changed("changed while it was read")
