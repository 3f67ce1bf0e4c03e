"""Blocks of one file on their way from the one thread that reads it to those that take its bytes.

Knows that a block is filled again only when everybody is done with it, and that each taker sees every byte
once and in order. Does not know what is done with them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from custody.infrastructure.files.crew import Crew

Fill = Callable[[memoryview], int]  # fills a view, wholly unless the file ends; returns 0 at the end


class Taker(Protocol):
    """Whoever gets all bytes of a file, block by block, on a thread of its own."""

    @property
    def name(self) -> str:
        """Return what the thread is called."""

    def take(self, data: memoryview, /) -> None:
        """Take the next bytes; they are gone when this returns."""

    def finish(self) -> None:
        """Learn that there are no more."""


class Flow:
    """One reader and its takers, who share a ring of blocks."""

    def __init__(
        self,
        crew: Crew,
        name: str,
        blocks: Sequence[memoryview],
        takers: Sequence[Taker],
        *,
        fill: Fill,
        block_at: Callable[[int], int],
    ) -> None:
        """``block_at``: how many bytes the block that begins at an offset should have at most."""
        self._crew = crew
        self._name = name
        self._blocks = blocks
        self._takers = takers
        self._fill = fill
        self._block_at = block_at
        self._sizes = [0] * len(blocks)
        self._filled = 0
        self._ended = False
        self._taken = [0] * len(takers)
        self._full = crew.condition()
        self._free = crew.condition()

    def start(self) -> None:
        """Start the threads; raises OSError when the system gives none."""
        self._crew.start(f"{self._name} reader", self._read)
        for number, taker in enumerate(self._takers):
            self._crew.start(f"{self._name} {taker.name}", partial(self._serve, number, taker))

    def _read(self) -> None:
        offset = 0
        while read := self._fill(self._empty()[: self._block_at(offset)]):
            offset += read
            with self._crew.changing(self._full):
                self._sizes[self._filled % len(self._blocks)] = read
                self._filled += 1
        with self._crew.changing(self._full):
            self._ended = True

    def _empty(self) -> memoryview:
        with self._crew.waiting(self._free, lambda: self._filled - min(self._taken) < len(self._blocks)):
            return self._blocks[self._filled % len(self._blocks)]

    def _serve(self, number: int, taker: Taker) -> None:
        while (data := self._next(number)) is not None:
            taker.take(data)
            with self._crew.changing(self._free):
                self._taken[number] += 1
        taker.finish()

    def _next(self, number: int) -> memoryview | None:
        with self._crew.waiting(self._full, lambda: self._taken[number] < self._filled or self._ended):
            if self._taken[number] == self._filled:
                return None
            index = self._taken[number] % len(self._blocks)
            return self._blocks[index][: self._sizes[index]]
