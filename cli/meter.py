"""The sums behind every display of progress: how much there is to do, what is done, how long it will take.

Knows that a file's bytes pass twice, copied and read back, so that the total is not full before the
read-back is done. Shows nothing; see ``progress``.
"""

from dataclasses import dataclass
from typing import Final

from custody.cli.wording import counted, duration, size_text
from custody.domain.ports import Clock

PASSES: Final = 2
COUNTED: Final = frozenset({"copy", "read back"})  # a flush moves no bytes of its own
LEAST_SECONDS: Final = 1.0  # a rate over less says nothing


@dataclass(frozen=True, slots=True)
class Amount:
    """Files and their bytes."""

    files: int
    bytes: int


NOTHING: Final = Amount(0, 0)


class Meter:
    """The sums behind every display."""

    def __init__(self, clock: Clock, passes: int = PASSES, expected: Amount = NOTHING) -> None:
        """Begin at nothing of what is ``expected``; ``passes`` says how often each byte is to pass."""
        self._clock = clock
        self._passes = passes
        self._planned = NOTHING
        self._passed: dict[bytes, int] = {}  # of files at work
        self._begun: float | None = None
        self.files = expected.files
        self.bytes = expected.bytes * passes  # that are to pass, each as often as it is to
        self._failed: set[bytes] = set()
        self.files_done = 0
        self.bytes_done = 0
        self.path = b""
        self.phase = ""
        self.file_bytes_done = 0  # of this file, in this phase
        self.file_bytes = 0  # all there are; 0 when that is not known

    @property
    def failed(self) -> int:
        """Files that failed and were not made good since."""
        return len(self._failed)

    @property
    def percent(self) -> int:
        """How much of the whole is done; of nothing but empty files, by their number."""
        done, whole = (self.bytes_done, self.bytes) if self.bytes else (self.files_done, self.files)
        return 100 * done // whole if whole else 0

    def plan(self, files: int, size: int) -> None:
        """Add to what was found; the totals follow once that is more than was expected."""
        self._planned = Amount(self._planned.files + files, self._planned.bytes + size)
        self.files = max(self.files, self._planned.files)
        self.bytes = max(self.bytes, self._planned.bytes * self._passes)

    def advance(self, path: bytes, phase: str, size: int, of: int) -> None:
        """Count bytes of a file that passed a phase; those of many small files are told with the last."""
        if path and (path, phase) != (self.path, self.phase):
            self.path, self.phase, self.file_bytes, self.file_bytes_done = path, phase, of, 0
        self.file_bytes_done += size
        if phase in COUNTED:
            if self._begun is None:
                self._begun = self._clock.monotonic()
            if path:
                self._passed[path] = min(self._passed.get(path, 0) + size, of * self._passes or size)
            self.bytes_done = min(self.bytes_done + size, self.bytes)

    def finish(self, path: bytes, outcome: str) -> None:
        """Count a file; what the inventory already settles was never planned, and is not counted as done.

        What passed of a file that then failed is not done: it may pass again.
        """
        passed = self._passed.pop(path, 0)
        if outcome == "failed":
            self._failed.add(path)
            self.bytes_done = max(self.bytes_done - passed, 0)
        else:
            self._failed.discard(path)
            self.files_done = min(self.files_done + 1, self._planned.files)

    @property
    def rate(self) -> float:
        """Bytes a second since the first of them: listing the sources takes time, too, but moves none."""
        if self._begun is None:
            return 0.0
        return self.bytes_done / max(self._clock.monotonic() - self._begun, LEAST_SECONDS)

    @property
    def eta_seconds(self) -> int | None:
        """Seconds to the end at this rate; None while there is no rate to tell it from."""
        if self._begun is None or self._clock.monotonic() - self._begun < LEAST_SECONDS:
            return None
        return round((self.bytes - self.bytes_done) / self.rate) if self.bytes_done else None

    def line(self) -> str:
        """One line for people."""
        parts = [
            f"{self.percent:3d} %",
            f"{self.files_done}/{counted(self.files, 'file')}",
            f"{size_text(self.bytes_done)} of {size_text(self.bytes)}",
            f"{size_text(round(self.rate))}/s",
        ]
        if self.eta_seconds is not None:
            parts.append(f"{duration(self.eta_seconds)} left")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return ", ".join(parts)
