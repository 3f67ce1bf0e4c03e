"""One large file on its way: read, hashed, written and read back at the same time, on threads.

Knows that a stretch is read back only after its flush succeeded, that what was copied before an interruption
is read again on both sides and not believed, and where marks are due. The threads share little: who waits
for a stretch to become durable waits here. Publishes nothing.
"""

from collections.abc import Generator, Iterator

from custody.domain.copying.orders import CopyItem, Mark
from custody.domain.copying.reports import Advanced, Report, Side, Stage
from custody.domain.digest import Digests
from custody.infrastructure.files.arena import Arena, LargeFiles
from custody.infrastructure.files.crew import Crew, Durable, Passed, Prefix
from custody.infrastructure.files.failures import AttemptFailed
from custody.infrastructure.files.flow import Flow, Taker
from custody.infrastructure.files.hashing_files import RunningHash, digests_of
from custody.infrastructure.files.marks import Marks
from custody.infrastructure.files.read_back import COMPARED, Found, StandingCopy
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import Pace
from custody.infrastructure.files.temporary import Temporary, resume_differs

NOTHING: Mark = Mark(0, {})


class LargeCopy:
    """Its methods but ``run`` are each called on one thread of its own."""

    name = "writer"

    def __init__(
        self, item: CopyItem, source: SourceFile, temporary: Temporary, copy: StandingCopy, large: LargeFiles
    ) -> None:
        self._item = item
        self._source = source
        self._temporary = temporary
        self._copy = copy
        self._large = large
        self._resumed = item.resume_at or NOTHING
        self._crew = Crew()
        self._flushed = self._crew.condition()
        self._durable = self._resumed.size
        self._written = 0
        self._dropped = 0
        self._source_hashes = [RunningHash(name, self._source_hashed) for name in item.algorithms]
        self._copy_hashes = [RunningHash(name, self._copy_hashed) for name in COMPARED]

    def run(
        self, arena: Arena, copying: Pace, reading: Pace
    ) -> Generator[Report, None, tuple[Digests, Found]]:
        """Copy and read back; returns the digests of the source and what was found of the copy.

        Raises AttemptFailed; OSError or MemoryError when there is no thread or no memory.
        """
        with self._crew as crew:
            self._start(arena)
            paces = {"copy": copying, "read back": reading}
            marks = Marks(self._item)
            for message in crew.heard():
                match message:
                    case Passed(phase, size):
                        yield from _told(paces[phase].passed(self._item.transfer, phase, size))
                    case Durable() | Prefix():
                        yield from marks.after(message)
        yield from _told(copying.settle())
        yield from _told(reading.settle())
        return digests_of(self._source_hashes), self._copy.found(digests_of(self._copy_hashes))

    def _start(self, arena: Arena) -> None:
        takers: list[Taker] = [*self._source_hashes, self]
        there = Flow(
            *(self._crew, "source", arena.for_copy, takers), fill=self._source.fill, block_at=self._block_at
        )
        back = Flow(
            *(self._crew, "copy", arena.for_read_back, self._copy_hashes),
            fill=self._fill_durable,
            block_at=self._block_at,
        )
        there.start()
        back.start()

    def _block_at(self, offset: int) -> int:
        """Let no block reach over a flush or over the mark, where digests are compared."""
        edge = offset // self._large.flush_every * self._large.flush_every + self._large.flush_every
        if offset < self._resumed.size:
            edge = min(edge, self._resumed.size)
        return min(self._large.block, edge - offset)

    def take(self, data: memoryview, /) -> None:
        """Write the next block, unless it stands there already; flush where one is due."""
        if self._written >= self._resumed.size:
            self._temporary.write(data)
        self._written += len(data)
        self._crew.say(Passed("copy", len(data)))
        if not self._written % self._large.flush_every:
            self._flush()

    def finish(self) -> None:
        """Flush what is left."""
        self._flush()

    def _flush(self) -> None:
        if self._written <= self._durable:
            return
        self._temporary.flush()
        with self._crew.changing(self._flushed):
            self._durable = self._written
        self._crew.say(Durable(self._written))

    def _source_hashed(self, running: RunningHash, _: int) -> None:
        if not running.size % self._large.mark_every and self._resumed.size < running.size < self._item.size:
            self._crew.say(Prefix(running.size, running.name, running.digest))
        if running.size == self._resumed.size and running.digest != self._resumed.digests.get(running.name):
            raise AttemptFailed(
                *(Stage.READ, Side.SOURCE, "changed", "its beginning is not what was copied of it before"),
                offset=self._resumed.size,
                transient=True,
            )

    def _fill_durable(self, view: memoryview) -> int:
        end = min(self._copy.count + len(view), self._item.size)
        with self._crew.waiting(self._flushed, lambda: self._durable >= end):
            durable = self._durable
        if durable > self._dropped:
            # To the very end where it is known: a last page that is not full would be spared otherwise.
            size = 0 if durable == self._item.size else durable - self._dropped
            self._copy.drop(self._dropped, size)
            self._dropped = durable
        return self._copy.fill(view[: end - self._copy.count] if end < self._item.size else view)

    def _copy_hashed(self, running: RunningHash, size: int) -> None:
        if running is self._copy_hashes[0]:
            self._crew.say(Passed("read back", size))
        if running.size == self._resumed.size and running.digest != self._resumed.digests.get(running.name):
            raise resume_differs("its beginning is not what was recorded", self._resumed)


def _told(heartbeat: Advanced | None) -> Iterator[Advanced]:
    if heartbeat is not None:
        yield heartbeat
