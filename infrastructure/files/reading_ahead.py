"""Small copies read back while others still come from the device, whose latency is so waited for once.

Knows slots of a buffer, and threads that fill them. What a slot holds is hashed and judged in order, by
whoever asked. A thread that hangs in the kernel hangs the one who waits for it, and the parent kills both.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Protocol

from custody.infrastructure.files.failures import READING_BACK
from custody.infrastructure.files.folders import Folders, Place
from custody.infrastructure.files.read_back import COMPARED, Found, StandingCopy
from custody.infrastructure.files.streaming import ALIGNMENT_BYTES, AlignedBuffer, Hashes

SLOTS: Final = 8  # as many descriptors more; there is room for them under a limit of 64
SLOT_BYTES: Final = 256 << 10
THREADS: Final = 4

Fill = Callable[[], int]
Outcome = int | BaseException


class Helpers(Protocol):
    """Whoever fills slots."""

    def begin(self, fill: Fill, done: "SimpleQueue[Outcome]", /) -> None:
        """Have ``fill`` called; what it returns or raises is put into ``done``, exactly once."""


class AtOnce:
    """Fills in the caller's own thread, in the order in which it is asked."""

    def begin(self, fill: Fill, done: "SimpleQueue[Outcome]", /) -> None:
        """Fill before returning."""
        done.put(_outcome(fill))


class ReadingThreads:
    """Fills beside the caller; as many threads as the system gives, up to ``THREADS``."""

    def __init__(self) -> None:
        self._work: SimpleQueue[tuple[Fill, SimpleQueue[Outcome]]] = SimpleQueue()
        self._started = 0
        try:
            for _ in range(THREADS):
                threading.Thread(target=self._serve, name="reading", daemon=True).start()
                self._started += 1
        except RuntimeError:  # no more threads: with none at all each file is read in its turn
            return

    def begin(self, fill: Fill, done: "SimpleQueue[Outcome]", /) -> None:
        """Leave it to the next free thread."""
        if self._started:
            self._work.put((fill, done))
        else:
            done.put(_outcome(fill))

    def _serve(self) -> None:
        while True:
            fill, done = self._work.get()
            done.put(_outcome(fill))


def _outcome(fill: Fill) -> Outcome:
    try:
        return fill()
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for it
        return error


class BegunReading:
    """A copy that is being read into a slot; it must be ended by ``found`` or ``abandon``."""

    def __init__(self, copy: StandingCopy, view: memoryview, helpers: Helpers) -> None:
        self._copy = copy
        self._view = view
        self._done: SimpleQueue[Outcome] = SimpleQueue()
        copy.drop(0, 0)
        helpers.begin(lambda: copy.fill(view), self._done)

    def found(self) -> Found:
        """Wait, close the copy and return what was read; raises AttemptFailed."""
        outcome = self.abandon()
        if isinstance(outcome, BaseException):
            try:
                raise outcome
            finally:
                del outcome  # else it would keep this frame, and the frame the view of the slot
        hashes = Hashes(COMPARED)
        hashes.update(self._view[:outcome])
        return self._copy.found(hashes.digests())

    def abandon(self) -> Outcome:
        """Wait until nothing is written into the slot any more, and close the copy."""
        outcome = self._done.get()
        self._copy.close()
        return outcome


class AheadReader:
    """Begins to read copies, as many at a time as there are slots."""

    def __init__(self, folders: Folders, helpers: Helpers) -> None:
        self._folders = folders
        self._helpers = helpers
        self._buffer = AlignedBuffer(SLOTS * SLOT_BYTES)  # its own: others are read while slots are filled
        self._slots = [self._buffer.view[slot * SLOT_BYTES :][:SLOT_BYTES] for slot in range(SLOTS)]
        self._begun = 0

    def takes(self, size: int) -> bool:
        """Tell whether a copy fits into a slot, with the block more that is asked for behind its end."""
        return size + ALIGNMENT_BYTES <= SLOT_BYTES

    def begin(self, place: Place) -> BegunReading | None:
        """Open a copy and begin to read it; at most ``SLOTS`` are under way. Raises AttemptFailed.

        Returns None for what is too large for a slot now.
        """
        with READING_BACK:
            copy = StandingCopy(self._folders, place)
        if not self.takes(copy.size):
            copy.close()
            return None
        slot = self._slots[self._begun % SLOTS]
        self._begun += 1
        return BegunReading(copy, slot, self._helpers)

    def close(self) -> None:
        """Give the memory back."""
        for slot in self._slots:
            slot.release()
        self._buffer.close()
