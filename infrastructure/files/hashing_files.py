"""Hashing what is read of a file: small ones in turn with the reading, large ones on threads beside it.

Knows nothing of where the bytes come from, nor what the digests are compared with.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable

from custody.domain.copying.reports import Advanced
from custody.domain.digest import Digests
from custody.infrastructure.files.arena import Arena, LargeFiles
from custody.infrastructure.files.crew import Crew, Passed
from custody.infrastructure.files.flow import Fill, Flow
from custody.infrastructure.files.streaming import AlignedBuffer, Hashes

Progress = Callable[[int], Advanced | None]  # takes in how many more bytes passed


class RunningHash:
    """One hash value of the bytes of a flow, computed on its own thread."""

    def __init__(self, algorithm: str, after: Callable[["RunningHash", int], None]) -> None:
        """``after`` is called after each block, with its size."""
        self.name = algorithm
        self.size = 0
        self._after = after
        self._running = hashlib.new(algorithm, usedforsecurity=False)

    def take(self, data: memoryview, /) -> None:
        """Take in the next bytes."""
        self._running.update(data)
        self.size += len(data)
        self._after(self, len(data))

    def finish(self) -> None:
        """There is nothing left to do."""

    @property
    def digest(self) -> str:
        """Return the digest of what was taken so far, in lower-case hex."""
        return self._running.hexdigest()


def digests_of(hashes: Iterable[RunningHash]) -> Digests:
    """Return what has been computed, in lower-case hex."""
    return {running.name: running.digest for running in hashes}


def in_turn(
    fill: Fill, buffer: memoryview, take: Callable[[memoryview], None], passed: Progress
) -> Generator[Advanced, None, None]:
    """Pass a whole file through one buffer."""
    while read := fill(buffer):
        take(buffer[:read])
        if told := passed(read):
            yield told


class FileHasher:
    """Reads whole files for the sake of their digests."""

    def __init__(self, buffer: AlignedBuffer, arena: Arena, large: LargeFiles) -> None:
        self._buffer = buffer
        self._arena = arena
        self._large = large

    def is_large(self, size: int) -> bool:
        """Tell whether a file of this size has threads of its own."""
        return size >= self._large.threshold

    def digests(
        self, fill: Fill, size: int, algorithms: Iterable[str], passed: Progress
    ) -> Generator[Advanced, None, Digests]:
        """Read to the end; raises what ``fill`` raises, and OSError when there is no thread or no memory."""
        if self.is_large(size):
            return (yield from self._overlapped(fill, tuple(algorithms), passed))
        hashes = Hashes(algorithms)
        yield from in_turn(fill, self._buffer.view, hashes.update, passed)
        return hashes.digests()

    def _overlapped(
        self, fill: Fill, algorithms: tuple[str, ...], passed: Progress
    ) -> Generator[Advanced, None, Digests]:
        with Crew() as crew:

            def after(running: RunningHash, size: int) -> None:
                if running.name == algorithms[0]:
                    crew.say(Passed("", size))

            hashes = [RunningHash(algorithm, after) for algorithm in algorithms]
            block = self._large.block
            blocks = self._arena.for_copy
            Flow(crew, "hashing", blocks, hashes, fill=fill, block_at=lambda _: block).start()
            for message in crew.heard():
                if isinstance(message, Passed) and (told := passed(message.size)):
                    yield told
        return digests_of(hashes)
