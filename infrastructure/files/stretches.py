"""Stretches of a file: those that could not be read, and long runs of zeros.

Knows how neighbours become one stretch, and what counts as a long run. Reads nothing itself.
"""

import re
from typing import Final

from custody.domain.copying.reports import StretchList

PAGE_BYTES: Final = 4096
LONG_RUN_BYTES: Final = 1 << 20  # shorter ones stand in many sound files
MAX_RUNS_LISTED: Final = 100
_LEAST_FILE_BYTES: Final = 512  # a sector: less that is all zeros says nothing
_ZEROS: Final = re.compile(rb"\0+")


class Stretches:
    """Stretches in the order of their offsets; neighbours are one."""

    def __init__(self, *, listed: int) -> None:
        """``listed``: how many of them are named; of the others only count and bytes are kept."""
        self._most = listed
        self._listed: list[tuple[int, int]] = []
        self._count = self._bytes = 0
        self._end = -1

    def add(self, offset: int, length: int) -> None:
        """Take in one more, in bytes, behind all before it."""
        self._bytes += length
        if offset != self._end:
            self._count += 1
        if self._count <= self._most:
            start = self._listed.pop()[0] if offset == self._end else offset
            self._listed.append((start, offset + length - start))
        self._end = offset + length

    def found(self) -> StretchList | None:
        """Return what was found; None for nothing."""
        return StretchList(tuple(self._listed), self._count, self._bytes) if self._count else None


class ZeroRuns:
    """Watches what is read of a file for long runs of zeros, page by page, and for nothing but zeros.

    Imaging tools fill what they cannot read with zeros, and a file system does so with what was never
    written: whoever examines the copy has to know. Costs one byte of each page where there are none.
    """

    def __init__(self) -> None:
        self._runs = Stretches(listed=MAX_RUNS_LISTED)
        self._size = self._start = self._length = 0

    def take(self, data: memoryview) -> None:
        """Take in the next bytes."""
        for pages in _ZEROS.finditer(bytes(data[::PAGE_BYTES])):
            begin, end = pages.start() * PAGE_BYTES, min(pages.end() * PAGE_BYTES, len(data))
            if _is_zeros(data[begin:end]):
                self._extend(self._size + begin, end - begin)
                continue
            for at in range(begin, end, PAGE_BYTES):
                page = data[at : min(at + PAGE_BYTES, end)]
                if _is_zeros(page):
                    self._extend(self._size + at, len(page))
        self._size += len(data)

    def found(self) -> StretchList | None:
        """Return the long runs, or the whole file if it is nothing but zeros; None for neither."""
        self._close(_LEAST_FILE_BYTES if self._length == self._size else LONG_RUN_BYTES)
        return self._runs.found()

    def _extend(self, offset: int, length: int) -> None:
        if offset != self._start + self._length:
            self._close(LONG_RUN_BYTES)
            self._start, self._length = offset, 0
        self._length += length

    def _close(self, least: int) -> None:
        if self._length >= least:
            self._runs.add(self._start, self._length)
        self._length = 0


def _is_zeros(data: memoryview) -> bool:
    return data[0] == 0 and bytes(data) == bytes(len(data))
