"""Reading and writing past the page cache, as far as a file system goes along with it.

Knows that ``O_DIRECT`` wants aligned addresses, lengths and offsets, that it is refused at the opening, at
the setting of the flag or only at the first use, and how to go on without. Decides nothing about the bytes.
"""

import errno
import os
from contextlib import suppress
from typing import Final

from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.streaming import ALIGNMENT_BYTES

READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
DROP_EVERY_BYTES: Final = 64 << 20


def opened_for_reading(calls: FileCalls, folder: int, name: bytes, *, direct: bool) -> tuple[int, bool]:
    """Return a descriptor and whether it leaves the cache out; access times are spared where allowed."""
    extra = os.O_NOATIME | (os.O_DIRECT if direct else 0)
    while True:
        try:
            return calls.open(name, READING | extra, dir_fd=folder), bool(extra & os.O_DIRECT)
        except OSError as error:
            # EPERM: not the owner, so the access time cannot be spared.
            refused = {errno.EINVAL: os.O_DIRECT, errno.EPERM: os.O_NOATIME}.get(error.errno or 0, 0)
            if not extra & refused:
                raise
            extra &= ~refused


class DirectReading:
    """An open file that is read once, in order."""

    def __init__(self, calls: FileCalls, fd: int, *, direct: bool) -> None:
        self._calls = calls
        self._fd = fd
        self.direct = direct
        self.count = 0
        self._dropped = 0

    def read(self, view: memoryview, size: int) -> int:
        """Read once into ``view`` and return how much it was, 0 at the end; raises OSError.

        ``size`` is what the file should hold. One block more than is left is asked for, not the whole view,
        which the kernel would fill up with zeros.
        """
        if self.count % ALIGNMENT_BYTES:
            self._leave_direct()
        asked = (size - self.count) // ALIGNMENT_BYTES * ALIGNMENT_BYTES + ALIGNMENT_BYTES
        read = self._read(view[:asked])
        self.count += read
        return read

    def read_short(self, view: memoryview) -> int:
        """Read once, wherever an error left the position of the open file; raises OSError."""
        self._calls.seek(self._fd, self.count)
        read = self._read(view)
        self.count += read
        return read

    def skip(self, size: int) -> None:
        """Leave bytes out; raises OSError."""
        self.count += size
        self._calls.seek(self._fd, self.count)

    def _read(self, view: memoryview) -> int:
        try:
            return self._calls.readv(self._fd, (view,))
        except OSError as error:
            if error.errno != errno.EINVAL or not self.direct:
                raise
        self._leave_direct()
        return self._calls.readv(self._fd, (view,))

    def _leave_direct(self) -> None:
        if self.direct:
            without_direct(self._calls, self._fd)
            self.direct = False

    def drop_behind(self) -> None:
        """Leave the cache to others where it could not be left out; an advice, nothing depends on it."""
        if self.direct or self.count - self._dropped < DROP_EVERY_BYTES:
            return
        with suppress(OSError):
            self._calls.fadvise(self._fd, self._dropped, self.count - self._dropped, os.POSIX_FADV_DONTNEED)
        self._dropped = self.count


class DirectWriting:
    """An open file that is written in order, from an offset that its direct use allows."""

    def __init__(self, calls: FileCalls, fd: int, *, direct: bool) -> None:
        """``direct``: try it; the flag is set on the open file, because a refused creation may create."""
        self._calls = calls
        self._fd = fd
        self._direct = direct and self._taken()

    def _taken(self) -> bool:
        try:
            self._calls.set_status_flags(self._fd, self._calls.status_flags(self._fd) | os.O_DIRECT)
        except OSError:
            return False
        return True

    def write(self, data: memoryview) -> None:
        """Write all of ``data``; raises OSError."""
        left = data
        while left:
            written = self._some(left)
            if not written:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            left = left[written:]
            if written % ALIGNMENT_BYTES:
                self._leave_direct()

    def _some(self, left: memoryview) -> int:
        whole = len(left) // ALIGNMENT_BYTES * ALIGNMENT_BYTES
        if not whole:
            self._leave_direct()
        try:
            return self._calls.write(self._fd, left[:whole] if self._direct else left)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._direct:
                raise
        self._leave_direct()
        return self._calls.write(self._fd, left)

    def _leave_direct(self) -> None:
        if self._direct:
            without_direct(self._calls, self._fd)
            self._direct = False


def without_direct(calls: FileCalls, fd: int) -> None:
    """Go on through the page cache; raises OSError."""
    calls.set_status_flags(fd, calls.status_flags(fd) & ~os.O_DIRECT)
