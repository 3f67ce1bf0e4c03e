"""Reading a copy from its device, and saying how far the page cache was left out.

Knows ``direct`` (O_DIRECT), ``dropped`` (the cached pages of a flushed file were dropped first) and
``cached`` (neither could be had, or nothing tells that there is a device behind it). An error of reading
the data bears an offset; one of opening the copy does not. Compares nothing and changes nothing.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Final

from custody.domain.copying import Advanced, Side, Stage
from custody.domain.digest import Digests
from custody.domain.identifiers import TransferId
from custody.infrastructure.files.failures import READING_BACK, AttemptFailed, failed_by
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import Folders, Place, close_quietly
from custody.infrastructure.files.standing import Identity, identity_of
from custody.infrastructure.files.streaming import ALIGNMENT_BYTES, Hashes, Pace

READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
# linux/magic.h: tmpfs, ramfs, hugetlbfs; overlayfs, because it does not tell what lies beneath.
NO_DEVICE_KNOWN: Final = frozenset({0x01021994, 0x858458F6, 0x958458F6, 0x794C7630})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read."""

    size: int
    digests: Digests
    method: str  # direct, dropped, cached


class StandingCopy:
    """A copy opened for reading; close it. Raises OSError; AttemptFailed when it is no regular file."""

    def __init__(self, folders: Folders, place: Place) -> None:
        self._calls = folders.calls
        self._fd, self._direct = _opened(folders.calls, folders.of(place), place.name)
        try:
            status = self._calls.fstat(self._fd)
            self._device_known = self._calls.filesystem_type(self._fd) not in NO_DEVICE_KNOWN
        except OSError:
            self.close()
            raise
        self.size = status.st_size
        self.identity: Identity = identity_of(status)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            message = "something other than a regular file stands there"
            raise AttemptFailed(
                Stage.READ_BACK, Side.DESTINATION, "not-a-regular-file", message, differs=True
            )

    def flush(self) -> None:
        """Flush what another process may have left in the cache; raises OSError."""
        self._calls.fsync(self._fd)

    def read(
        self, buffer: memoryview, algorithms: Iterable[str], transfer: TransferId, pace: Pace
    ) -> Generator[Advanced, None, Found]:
        """Read to the end and hash; raises AttemptFailed, also for an end before the size."""
        hashes, count = Hashes(algorithms), 0
        dropped = self._drop_pages()
        while count < self.size:
            # One block more than is left, not the whole buffer, which the kernel would fill up with zeros.
            asked = (self.size - count) // ALIGNMENT_BYTES * ALIGNMENT_BYTES + ALIGNMENT_BYTES
            try:
                read = self._next(buffer[:asked])
            except OSError as error:
                raise failed_by(error, Stage.READ_BACK, Side.DESTINATION, offset=count) from error
            if not read:
                break
            hashes.update(buffer[:read])
            count += read
            if told := pace.passed(transfer, "read back", read):
                yield told
            if count % ALIGNMENT_BYTES and count < self.size:
                self._leave_direct()
        if count < self.size:
            message = f"ended after {count} of {self.size} bytes"
            raise AttemptFailed(
                *(Stage.READ_BACK, Side.DESTINATION, "io-error", message),
                errno=errno.EIO,
                offset=count,
                transient=True,
            )
        return Found(size=count, digests=hashes.digests(), method=self._method(dropped=dropped))

    def _next(self, buffer: memoryview) -> int:
        try:
            return self._calls.readv(self._fd, (buffer,))
        except OSError as error:
            if error.errno != errno.EINVAL or not self._direct:
                raise
        self._leave_direct()
        return self._calls.readv(self._fd, (buffer,))

    def _drop_pages(self) -> bool:
        # Also before direct reading: some file systems take O_DIRECT and then read through the cache.
        try:
            self._calls.fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            return False
        return True

    def _leave_direct(self) -> None:
        if self._direct:
            self._calls.set_status_flags(self._fd, self._calls.status_flags(self._fd) & ~os.O_DIRECT)
            self._direct = False

    def _method(self, *, dropped: bool) -> str:
        if not self._device_known:
            return "cached"
        if self._direct:
            return "direct"
        return "dropped" if dropped else "cached"

    def close(self) -> None:
        """Close the descriptor."""
        close_quietly(self._calls, self._fd)


def _opened(calls: FileCalls, folder: int, name: bytes) -> tuple[int, bool]:
    extra = os.O_DIRECT | os.O_NOATIME
    while True:
        try:
            return calls.open(name, READING | extra, dir_fd=folder), bool(extra & os.O_DIRECT)
        except OSError as error:
            refused = {errno.EINVAL: os.O_DIRECT, errno.EPERM: os.O_NOATIME}.get(error.errno or 0, 0)
            if not extra & refused:
                raise
            extra &= ~refused


def read_copy(
    folders: Folders,
    place: Place,
    buffer: memoryview,
    algorithms: Iterable[str],
    transfer: TransferId,
    pace: Pace,
) -> Generator[Advanced, None, Found]:
    """Open, read and close the copy at ``place``; raises AttemptFailed at the read-back."""
    with READING_BACK:
        copy = StandingCopy(folders, place)
        try:
            return (yield from copy.read(buffer, algorithms, transfer, pace))
        finally:
            copy.close()
