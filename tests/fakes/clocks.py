"""A clock that goes only when it is told to."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Implements ``ports.Clock``; every look at the time of day is a microsecond later."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.tick = 0.0  # seconds that every look at the monotonic clock takes
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1
        return datetime(2026, 3, 1, 21, 10, tzinfo=UTC) + timedelta(
            seconds=self.seconds, microseconds=self._looks
        )

    def monotonic(self) -> float:
        self.seconds += self.tick
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
