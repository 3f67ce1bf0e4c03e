"""Lanes without a process: one that runs the real engine here, and one that says what a test wrote down."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from custody.domain.copying.orders import Request
from custody.domain.copying.reports import Report
from custody.domain.ports import LaneDied
from custody.infrastructure.files.arena import LargeFiles
from custody.infrastructure.files.engine import LARGE_FILES, CopyEngine
from custody.infrastructure.files.file_calls import FileCalls
from tests.fakes.clocks import ManualClock

Hook = Callable[[Report], None]


class InlineLane:
    """Implements ``ports.Lane`` with the real copy engine, in this process.

    ``hook`` sees every report before it is heard, and may raise. While ``silent`` nothing is done or
    said; one that is ``dying`` is gone at the next look.
    """

    def __init__(
        self, clock: ManualClock, hook: Hook, calls: FileCalls, large: LargeFiles = LARGE_FILES
    ) -> None:
        self.silent = False
        self.dying = False
        self.last_words = ""
        self._hook = hook
        self._calls = calls
        self._large = large
        self.requests: list[Request] = []
        self.replaced = 0
        self._clock = clock
        self._start()

    def _start(self) -> None:
        self._engine = CopyEngine(self._calls, monotonic=self._clock.monotonic, large=self._large)
        self._waiting: deque[Request] = deque()
        self._current: Iterator[Report] | None = None

    def submit(self, request: Request) -> None:
        self.requests.append(request)
        self._waiting.append(request)

    def report(self, timeout_seconds: float) -> Report | None:
        if self.dying:
            raise LaneDied(self.last_words)
        while not self.silent:
            if self._current is None:
                if not self._waiting:
                    break
                self._current = self._engine.work(self._waiting.popleft())
            report = next(self._current, None)
            if report is not None:
                self._hook(report)
                return report
            self._current = None
        self._clock.advance(timeout_seconds)
        return None

    def replace(self) -> None:
        self.replaced += 1
        self.silent = self.dying = False
        self.close()
        self._start()

    def close(self) -> None:
        if self._current is not None:
            self._current.close()  # type: ignore[attr-defined]  # the engine's work is a generator
        self._engine.close()


class ScriptedLane:
    """Implements ``ports.Lane``: gives the written reports in turn; None waits, an exception is raised."""

    def __init__(self, clock: ManualClock, script: Iterable[Report | Exception | None] = ()) -> None:
        self.script = deque(script)
        self.requests: list[Request] = []
        self.replaced = 0
        self._clock = clock

    def submit(self, request: Request) -> None:
        self.requests.append(request)

    def report(self, timeout_seconds: float) -> Report | None:
        said = self.script.popleft() if self.script else None
        if said is None:
            self._clock.advance(timeout_seconds)
        if isinstance(said, Exception):
            raise said
        return said

    def replace(self) -> None:
        self.replaced += 1
