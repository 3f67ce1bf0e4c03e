"""Feeding a lane and listening to it: one that hangs is killed, one that dies is replaced, a stop is obeyed.

Knows nothing of what the requests are for.
"""

from collections.abc import Iterator
from typing import Final

from custody.domain.copying.orders import Request
from custody.domain.copying.reports import Advanced, Began, Done, Failed, ReadBack, Report
from custody.domain.errors import Halted
from custody.domain.identifiers import TransferId
from custody.domain.ports import Clock, Lane, LaneDied, StopRequest
from custody.domain.use_cases.workshop import RunSettings

POLL_SECONDS: Final = 0.2
MAX_UNDER_WAY: Final = 2
# A lane that is lost before it begins anything will not do better the fourth time. One lost on a file makes
# progress all the same: that file is given up.
MAX_LOSSES_IN_A_ROW: Final = 3


class LaneLost(Exception):
    """The lane hung or died; it was replaced. Everything it had under way is open again.

    ``suspect`` is the file it had begun and not finished; ``stalled`` tells a hang from a death, of which
    ``reason`` is what the lane itself said last, as text that may hold anything.
    """

    def __init__(self, suspect: TransferId | None, *, stalled: bool, reason: str = "") -> None:
        """Keep what is known."""
        super().__init__("stalled" if stalled else "died")
        self.suspect = suspect
        self.stalled = stalled
        self.reason = reason


class Interrupted(Exception):
    """A stop was asked for and the lane is quiet; ``signal`` is SIGINT or SIGTERM."""

    def __init__(self, signal: str) -> None:
        """Keep the signal's name."""
        super().__init__(signal)
        self.signal = signal


class LaneFeed:
    """Requests in, reports out, with the watch on time and on the person at the keyboard."""

    def __init__(self, lane: Lane, clock: Clock, stop: StopRequest, settings: RunSettings) -> None:
        """Begin with nothing under way."""
        self._lane = lane
        self._clock = clock
        self._stop = stop
        self._settings = settings
        self._under_way = 0
        self._heard_at = 0.0
        self._stop_seen_at: float | None = None
        self._suspect: TransferId | None = None
        self._ended: set[TransferId] = set()
        self._losses = 0

    @property
    def stopping(self) -> bool:
        """Tell whether a stop was asked for: nothing more should be submitted."""
        return self._stop.requested() is not None

    def submit(self, request: Request) -> None:
        """Hand over a request; the caller keeps at most two under way by listening with ``leave``."""
        if not self._under_way:
            self._heard_at = self._clock.monotonic()
        self._under_way += 1
        self._lane.submit(request)

    def reports(self, *, leave: int = 0) -> Iterator[Report | None]:
        """Yield reports until at most ``leave`` requests are under way; None when the lane is quiet.

        Raises LaneLost when the lane was lost and replaced, Interrupted when a stop was asked for and the
        current blocks had their time.
        """
        while self._under_way > leave:
            report = self._next()
            if report is None:
                yield None
                self._watch()
            else:
                self._hear(report)
                yield report
                self._obey_stop()

    def _next(self) -> Report | None:
        try:
            return self._lane.report(POLL_SECONDS)
        except LaneDied as died:
            raise self._lost(stalled=False, reason=str(died)) from died

    def pause(self, seconds: float) -> None:
        """Wait, unless a stop is asked for. Nothing is under way."""
        until = self._clock.monotonic() + seconds
        while not self.stopping and self._clock.monotonic() < until:
            try:
                self._lane.report(POLL_SECONDS)
            except LaneDied:
                self._lost(stalled=False)

    def close(self) -> None:
        """Leave nothing to whoever uses the lane next: what is still under way is abandoned with the lane."""
        if self._under_way:
            self._reset()

    def _hear(self, report: Report) -> None:
        self._heard_at = self._clock.monotonic()
        match report:
            case Began(transfer):
                self._suspect = transfer
            case Advanced(transfer):
                # The last bytes of a file may be told after its end: it is not the one that hangs.
                self._suspect = None if transfer in self._ended else transfer
            case Failed() | ReadBack():
                self._losses = 0
                self._suspect = None
                self._ended.add(report.transfer)
            case Done():
                self._losses = 0
                self._under_way -= 1
                self._suspect = None
                self._ended.clear()
            case _:
                return

    def _watch(self) -> None:
        self._obey_stop()
        if self._clock.monotonic() - self._heard_at > self._settings.stall_timeout_seconds:
            raise self._lost(stalled=True)

    def _obey_stop(self) -> None:
        signal = self._stop.requested()
        if signal is None:
            return
        now = self._clock.monotonic()
        if self._stop_seen_at is None:
            self._stop_seen_at = now
        if now - self._stop_seen_at > self._settings.drain_seconds:
            self._reset()
            raise Interrupted(signal)

    def _lost(self, *, stalled: bool, reason: str = "") -> LaneLost:
        suspect = self._suspect
        self._losses = 0 if suspect else self._losses + 1
        if self._losses > MAX_LOSSES_IN_A_ROW:
            message = "the copying process was lost again and again before it did anything"
            raise Halted(
                message,
                done="what is recorded is safe",
                hint="see the diagnostics log, then 'custody batch resume'",
            )
        self._reset()
        return LaneLost(suspect, stalled=stalled, reason=reason)

    def _reset(self) -> None:
        self._under_way = 0
        self._suspect = None
        self._ended.clear()
        self._lane.replace()
