"""Reading a copy from its device, and saying how far the page cache was left out.

Knows ``direct`` (O_DIRECT), ``dropped`` (the cached pages of a flushed file were dropped first) and
``cached`` (neither could be had, or nothing tells that there is a device behind it). An error of reading
the data bears an offset; one of opening the copy does not. Changes nothing.
"""

import errno
import os
import stat
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Final

from custody.domain.copying.reports import Advanced, Side, Stage
from custody.domain.digest import PRIMARY, Digests
from custody.domain.identifiers import TransferId
from custody.infrastructure.files.direct_io import DirectReading, opened_for_reading
from custody.infrastructure.files.failures import READING_BACK, AttemptFailed, failed_by
from custody.infrastructure.files.folders import Folders, Place, close_quietly
from custody.infrastructure.files.hashing_files import FileHasher
from custody.infrastructure.files.standing import Identity, identity_of
from custody.infrastructure.files.streaming import Pace

# Equal SHA-256 is equal content, so a copy needs no second hash: MD5 alone would take thrice the time.
COMPARED: Final = (PRIMARY,)
# linux/magic.h: tmpfs, ramfs, hugetlbfs; overlayfs, because it does not tell what lies beneath.
NO_DEVICE_KNOWN: Final = frozenset({0x01021994, 0x858458F6, 0x958458F6, 0x794C7630})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read."""

    size: int
    digests: Digests
    method: str  # direct, dropped, cached

    def equals(self, digests: Digests) -> bool:
        """Tell whether this is the content that has these digests, SHA-256 among them."""
        return PRIMARY in digests and self.digests[PRIMARY] == digests[PRIMARY]


class StandingCopy:
    """A copy opened for reading; close it. Raises OSError; AttemptFailed when it is no regular file."""

    def __init__(self, folders: Folders, place: Place, *, size: int | None = None) -> None:
        """``size``: what it will have once it is written; None: what it has."""
        self._calls = folders.calls
        self._fd, direct = opened_for_reading(self._calls, folders.of(place), place.name, direct=True)
        self._reading = DirectReading(self._calls, self._fd, direct=direct)
        self._dropped = True
        try:
            status = self._calls.fstat(self._fd)
            self._device_known = self._calls.filesystem_type(self._fd) not in NO_DEVICE_KNOWN
        except OSError:
            self.close()
            raise
        self.size = status.st_size if size is None else size
        self.identity: Identity = identity_of(status)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            message = "something other than a regular file stands there"
            raise AttemptFailed(
                Stage.READ_BACK, Side.DESTINATION, "not-a-regular-file", message, differs=True
            )

    @property
    def count(self) -> int:
        """Return how many bytes were read so far."""
        return self._reading.count

    def flush(self) -> None:
        """Flush what another process may have left in the cache; raises OSError."""
        self._calls.fsync(self._fd)

    def read(self, hasher: FileHasher, transfer: TransferId, pace: Pace) -> Generator[Advanced, None, Found]:
        """Read to the end; raises OSError, and AttemptFailed also for an end before the size."""
        self.drop(0, 0)
        passed = partial(pace.passed, transfer, "read back")
        digests = yield from hasher.digests(self.fill, self.size, COMPARED, passed)
        return self.found(digests)

    def drop(self, offset: int, size: int) -> None:
        """Drop the cached pages of a flushed range; a size of 0 means to the end."""
        # Also before direct reading: some file systems take O_DIRECT and then read through the cache.
        try:
            self._calls.fadvise(self._fd, offset, size, os.POSIX_FADV_DONTNEED)
        except OSError:
            self._dropped = False

    def fill(self, view: memoryview) -> int:
        """Read until ``view`` is full or the copy ends; returns how much, 0 at the end."""
        filled = 0
        while filled < len(view) and self.count < self.size:
            filled += self._read(view[filled:])
        return filled

    def _read(self, view: memoryview) -> int:
        try:
            read = self._reading.read(view, self.size)
        except (OSError, MemoryError) as error:
            raise failed_by(error, Stage.READ_BACK, Side.DESTINATION, offset=self.count) from error
        if read:
            return read
        raise AttemptFailed(
            *(Stage.READ_BACK, Side.DESTINATION, "io-error"),
            f"ended after {self.count} of {self.size} bytes",
            errno=errno.EIO,
            offset=self.count,
            transient=True,
        )

    def found(self, digests: Digests) -> Found:
        """Return what was read, with the digests made of it, and how far the cache was left out."""
        return Found(size=self.count, digests=digests, method=self._method())

    def _method(self) -> str:
        if not self._device_known:
            return "cached"
        if self._reading.direct:
            return "direct"
        return "dropped" if self._dropped else "cached"

    def close(self) -> None:
        """Close the descriptor."""
        close_quietly(self._calls, self._fd)


def read_copy(
    folders: Folders,
    place: Place,
    hasher: FileHasher,
    transfer: TransferId,
    pace: Pace,
) -> Generator[Advanced, None, Found]:
    """Open, read and close the copy at ``place``; raises AttemptFailed at the read-back."""
    with READING_BACK:
        copy = StandingCopy(folders, place)
        try:
            return (yield from copy.read(hasher, transfer, pace))
        finally:
            copy.close()


def require_equal(found: Found, size: int, digests: Digests) -> None:
    """Require that a copy read back is what it should be; raises AttemptFailed with what was found."""
    if found.size == size and found.equals(digests):
        return
    raise AttemptFailed(
        *(
            Stage.READ_BACK,
            Side.DESTINATION,
            "read-back-differs",
            "the copy read back is not what was written",
        ),
        differs=True,
        found_size=found.size,
        found_digests=found.digests,
    )
