"""Reading one source file once, and knowing whether it changed meanwhile.

Knows that a source is opened without following a link, without blocking on a FIFO and, where allowed,
without touching its access time; that every byte is counted; that the same descriptor is asked before and
after. Never uses a call that lets the kernel copy by itself: those end short without an error on some file
systems. One pass cannot see a bit that flipped on the way from the source.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Final, Self

from custody.domain.copying import Advanced, CopyItem, Side, Stage
from custody.infrastructure.files.failures import OPENING_SOURCE, READING_SOURCE, AttemptFailed, failed_by
from custody.infrastructure.files.folders import Folders, Place, close_quietly, place_of
from custody.infrastructure.files.streaming import Pace

READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def _opened(folders: Folders, place: Place) -> int:
    folder = folders.of(place)
    try:
        return folders.calls.open(place.name, READING | os.O_NOATIME, dir_fd=folder)
    except PermissionError as error:
        if error.errno != errno.EPERM:  # EPERM: not the owner, so the access time cannot be spared
            raise
        return folders.calls.open(place.name, READING, dir_fd=folder)


def _changed(message: str, stage: Stage = Stage.READ) -> AttemptFailed:
    return AttemptFailed(stage, Side.SOURCE, "changed", message, transient=True)


class SourceFile:
    """An open source file; a context manager. Every method raises AttemptFailed."""

    def __init__(self, folders: Folders, item: CopyItem) -> None:
        self._calls = folders.calls
        self._item = item
        place = place_of(item.source_root, item.path, Side.SOURCE)
        with OPENING_SOURCE:
            self._fd = _opened(folders, place)
        try:
            with OPENING_SOURCE:
                self.status = self._calls.fstat(self._fd)
            self._require_as_inventoried()
        except AttemptFailed:
            close_quietly(self._calls, self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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

    def stream(
        self, buffer: memoryview, take: Callable[[memoryview], None], pace: Pace
    ) -> Generator[Advanced, None, None]:
        """Pass every byte to ``take``, in order, and require as many as the size says."""
        transfer, size, count = self._item.transfer, self.status.st_size, 0
        while True:
            read = self._read(buffer, count)
            if not read:
                break
            count += read
            if count > size:
                raise AttemptFailed(
                    *(Stage.READ, Side.SOURCE, "grew", f"more than its {size} bytes could be read"),
                    offset=size,
                    transient=True,
                )
            take(buffer[:read])
            if told := pace.passed(transfer, "copy", read):
                yield told
        if count < size:
            raise AttemptFailed(
                *(Stage.READ, Side.SOURCE, "truncated", f"ended after {count} of {size} bytes"),
                offset=count,
                transient=True,
            )

    def _read(self, buffer: memoryview, offset: int) -> int:
        try:
            return self._calls.readv(self._fd, (buffer,))
        except OSError as error:
            raise failed_by(error, Stage.READ, Side.SOURCE, offset=offset) from error

    def require_unchanged(self) -> None:
        """Require that size, modification and change time are what they were before the first byte."""
        with READING_SOURCE:
            after = self._calls.fstat(self._fd)
        before = self.status
        if (after.st_size, after.st_mtime_ns, after.st_ctime_ns) != (
            *(before.st_size, before.st_mtime_ns, before.st_ctime_ns),
        ):
            raise _changed("changed while it was read")
