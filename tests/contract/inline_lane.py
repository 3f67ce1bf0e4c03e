"""A lane without a process: the same engine, in the test's own thread, one request after the other."""

from collections import deque
from collections.abc import Iterator

from custody.domain.copying.orders import Request
from custody.domain.copying.reports import Report
from custody.domain.ports import LaneDied
from custody.infrastructure.files.engine import CopyEngine
from custody.infrastructure.files.file_calls import FileCalls


class InlineLane:
    """Implements ``ports.Lane``; work is done while reports are asked for."""

    def __init__(self, calls: FileCalls, *, share_from: int = 8) -> None:
        self._calls = calls
        self._share_from = share_from
        self._begin()

    def _begin(self) -> None:
        self._engine = CopyEngine(self._calls, share_from=self._share_from)
        self._requests: deque[Request] = deque()
        self._working: Iterator[Report] | None = None
        self.dead = False

    def submit(self, request: Request) -> None:
        self._requests.append(request)

    def report(self, timeout_seconds: float) -> Report | None:
        if self.dead:
            raise LaneDied
        while True:
            if self._working is None:
                if not self._requests:
                    return None
                self._working = self._engine.work(self._requests.popleft())
            report = next(self._working, None)
            if report is not None:
                return report
            self._working = None

    def replace(self) -> None:
        self.close()
        self._begin()

    def close(self) -> None:
        self._working = None
        self._engine.close()
