"""A source with sectors that cannot be read, on otherwise real calls."""

import errno
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

from tests.faults.faulty_calls import FaultyCalls

SECTOR = 512


class BadSectors(FaultyCalls):
    """Each read of the file ``name`` outside the destination that touches one of the sectors fails."""

    def __init__(self, name: bytes, bad: Collection[int], code: int = errno.EIO) -> None:
        super().__init__()
        self.name = name
        self.bad = bad
        self.code = code
        self.asked: list[int] = []  # the sizes of the reads that failed
        self._sources: set[int] = set()

    def __getattr__(self, call: str) -> Callable[..., Any]:
        real = super().__getattr__(call)
        if call == "open":
            return lambda *given, **named: self._open(real, *given, **named)
        if call == "readv":
            return lambda fd, views: self._readv(real, fd, views)
        return real

    def _open(self, real: Callable[..., int], path: bytes, *given: Any, **named: Any) -> int:
        fd = real(path, *given, **named)
        self._sources.discard(fd)
        if path == self.name and "/destination" not in os.readlink(f"/proc/self/fd/{fd}"):
            self._sources.add(fd)
        return fd

    def _readv(self, real: Callable[..., int], fd: int, views: Sequence[memoryview]) -> int:
        if fd in self._sources:
            begin = os.lseek(fd, 0, os.SEEK_CUR)
            end = min(begin + len(views[0]), os.fstat(fd).st_size)
            touched = range(begin // SECTOR, -(-end // SECTOR)) if begin < end else range(0)
            if not set(touched).isdisjoint(self.bad):
                self.asked.append(len(views[0]))
                views[0][:] = b"\xee" * len(views[0])  # what an error leaves behind is not to be believed
                os.lseek(fd, end, os.SEEK_SET)  # nor is the position
                raise OSError(self.code, os.strerror(self.code))
        return real(fd, views)


def cover(bad: Collection[int], size: int) -> tuple[tuple[int, int], ...]:
    """The stretches of whole sectors, cut off at the file's end, neighbours as one."""
    found: list[tuple[int, int]] = []
    for sector in sorted(bad):
        begin, end = sector * SECTOR, min((sector + 1) * SECTOR, size)
        if begin >= size:
            break
        if found and sum(found[-1]) == begin:
            begin = found.pop()[0]
        found.append((begin, end - begin))
    return tuple(found)


def with_zeros(content: bytes, stretches: Collection[tuple[int, int]]) -> bytes:
    """The content with zeros in the stretches."""
    salvaged = bytearray(content)
    for offset, length in stretches:
        salvaged[offset : offset + length] = bytes(length)
    return bytes(salvaged)
