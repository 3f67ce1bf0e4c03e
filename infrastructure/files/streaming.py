"""The buffer that bytes pass through, the hash values made of them on the way, and the pace of heartbeats.

Knows nothing of files.
"""

import hashlib
import mmap
from collections.abc import Callable, Iterable
from typing import Final

from custody.domain.copying.reports import Advanced
from custody.domain.digest import Digests
from custody.domain.identifiers import TransferId

BUFFER_BYTES: Final = 4 << 20  # 2–8 MiB measured best
ALIGNMENT_BYTES: Final = 4096  # what O_DIRECT asks of address, length and offset
HEARTBEAT_SECONDS: Final = 0.5
HEARTBEAT_BYTES: Final = 64 << 20


class AlignedBuffer:
    """One reusable buffer that begins on a page, as ``O_DIRECT`` demands."""

    def __init__(self, size: int = BUFFER_BYTES) -> None:
        self._memory = mmap.mmap(-1, size)
        self.view = memoryview(self._memory)

    def close(self) -> None:
        """Give the memory back."""
        self.view.release()
        self._memory.close()


class Hashes:
    """All requested hash values of one stream, computed in the same pass."""

    __slots__ = ("_running",)

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._running = [(name, hashlib.new(name, usedforsecurity=False)) for name in algorithms]

    def update(self, data: memoryview) -> None:
        """Take in the next bytes."""
        for _, running in self._running:
            running.update(data)

    def digests(self) -> Digests:
        """Return what has been computed, in lower-case hex."""
        return {name: running.hexdigest() for name, running in self._running}


class Pace:
    """Says often enough, and not too often, how far the work is.

    Over the files of one phase the sizes add up; a small file is told with the files after it.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._pending = 0
        self._last: tuple[TransferId, str] | None = None
        self._told_at = monotonic()

    def passed(self, transfer: TransferId, phase: str, size: int) -> Advanced | None:
        """Take in that ``size`` bytes passed ``phase``; returns a heartbeat when one is due."""
        self._last = (transfer, phase)
        self._pending += size
        now = self._monotonic()
        if self._pending < HEARTBEAT_BYTES and now - self._told_at < HEARTBEAT_SECONDS:
            return None
        return self.settle()

    def settle(self) -> Advanced | None:
        """Return what was not told yet; called at the end of a phase."""
        self._told_at = self._monotonic()
        if self._last is None or not self._pending:
            return None
        told = Advanced(*self._last, self._pending)
        self._pending = 0
        return told
