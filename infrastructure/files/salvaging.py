"""Reading what a dying medium still gives: stretches that cannot be read become zeros, and are listed.

Knows how a failed read is narrowed, first to pages and then to sectors, each at its own offset, and when to
give up. Knows which errors say that data cannot be read; one that says the medium is gone ends the attempt.
Reads a sector only once it fails alone, and never twice: each reading may be the last.
"""

import errno
import time
from collections.abc import Callable
from typing import Final

from custody.domain.copying.reports import StretchList
from custody.infrastructure.files.direct_io import DirectReading
from custody.infrastructure.files.stretches import Stretches

PAGE_BYTES: Final = 4096
SECTOR_BYTES: Final = 512
MAX_STRETCHES_LISTED: Final = 500  # at 36 bytes each, with zeros, a path and digests, they fit into one entry
DEAD_SECONDS: Final = 300.0  # without one readable byte
UNREADABLE: Final = frozenset({errno.EIO, errno.EREMOTEIO, errno.EBADMSG, errno.EUCLEAN, errno.ETIMEDOUT})


class Salvager:
    """Reads one open source from its beginning to its end, over everything that cannot be read."""

    def __init__(
        self, reading: DirectReading, size: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``size``: how many bytes the source has."""
        self._reading = reading
        self._size = size
        self._monotonic = monotonic
        self._narrow_until = self._fine_until = 0
        self._readable_at = monotonic()
        self._stretches = Stretches(listed=MAX_STRETCHES_LISTED)

    @property
    def is_narrow(self) -> bool:
        """Tell whether reads are short for now, so that each must be told to whoever waits for progress."""
        return self._reading.count < self._narrow_until

    def unreadable(self) -> StretchList | None:
        """Return what could not be read so far; None for nothing."""
        return self._stretches.found()

    def read(self, view: memoryview) -> int:
        """Read or fill with zeros; returns how much, 0 at the end.

        Raises OSError when the medium is gone or has given nothing for too long.
        """
        if not self.is_narrow:
            try:
                return self._noted(self._reading.read(view, self._size))
            except OSError as error:
                if not self._is_bearable(error):
                    raise
                self._narrow_until = self._reading.count + len(view)
        return self._read_page(view)

    def _read_page(self, view: memoryview) -> int:
        if self._reading.count >= self._fine_until:
            try:
                return self._noted(self._reading.read_short(view[: self._left_of(PAGE_BYTES)]))
            except OSError as error:
                if not self._is_bearable(error):
                    raise
                self._fine_until = self._reading.count + self._left_of(PAGE_BYTES)
        return self._read_sector(view[: self._left_of(SECTOR_BYTES)])

    def _read_sector(self, view: memoryview) -> int:
        try:
            return self._noted(self._reading.read_short(view))
        except OSError as error:
            offset = self._reading.count
            length = min(len(view), self._size - offset)
            if not self._size or not self._is_bearable(error):
                raise
        if not length:
            return 0  # the look behind the last byte; that nothing grew there, the times and size say
        view[:length] = bytes(length)
        self._reading.skip(length)
        self._stretches.add(offset, length)
        return length

    def _left_of(self, unit: int) -> int:
        return unit - self._reading.count % unit

    def _noted(self, read: int) -> int:
        self._readable_at = self._monotonic()
        return read

    def _is_bearable(self, error: OSError) -> bool:
        return error.errno in UNREADABLE and self._monotonic() - self._readable_at <= DEAD_SECONDS
