"""The memory that the bytes of large files pass through, and how large files are worked on.

Knows that direct I/O wants aligned blocks and that huge pages halve its cost. Knows nothing of files.
"""

import ctypes
import mmap
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

HUGE_PAGE_BYTES: Final = 2 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeFiles:
    """From which size on files have threads of their own, and in which steps. All sizes in bytes."""

    threshold: int = 16 << 20
    block: int = 4 << 20  # a multiple of 4096
    copy_blocks: int = 6
    read_back_blocks: int = 4
    flush_every: int = 64 << 20  # a multiple of ``block``; a slow stick takes it within the stall timeout
    mark_every: int = 1 << 30  # a multiple of ``flush_every``


class Arena:
    """Blocks of one size, made at their first use and used again for each large file."""

    def __init__(self, large: LargeFiles) -> None:
        self._large = large
        self._blocks: list[memoryview] = []

    @property
    def for_copy(self) -> list[memoryview]:
        """Return the blocks between a source and those who take its bytes; raises OSError, MemoryError."""
        return self._all()[: self._large.copy_blocks]

    @property
    def for_read_back(self) -> list[memoryview]:
        """Return the blocks of a read-back that runs beside a copy; raises OSError, MemoryError."""
        return self._all()[self._large.copy_blocks :]

    def _all(self) -> list[memoryview]:
        if not self._blocks:
            block = self._large.block
            count = self._large.copy_blocks + self._large.read_back_blocks
            memory = _huge(block * count)
            self._blocks = [memory[start * block : (start + 1) * block] for start in range(count)]
        return self._blocks

    def close(self) -> None:
        """Let go of the memory; it is given back when nobody looks at a block any more."""
        self._blocks = []


def _huge(size: int) -> memoryview:
    memory = mmap.mmap(-1, size + HUGE_PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without huge pages is slower, not wrong
        memory.madvise(mmap.MADV_HUGEPAGE)
    start = -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % HUGE_PAGE_BYTES
    return memoryview(memory)[start : start + size]
