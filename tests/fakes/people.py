"""The person at the keyboard: asks to stop, watches the progress."""

from dataclasses import dataclass, field


@dataclass
class StopSwitch:
    """Implements ``ports.StopRequest``."""

    signal: str | None = None

    def requested(self) -> str | None:
        return self.signal


@dataclass
class RecordingProgress:
    """Implements ``ports.Progress`` and keeps what it was told."""

    planned: list[tuple[int, int]] = field(default_factory=list)
    advanced: list[tuple[bytes, str, int]] = field(default_factory=list)
    outcomes: list[tuple[bytes, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def plan(self, *, files: int, size: int) -> None:
        self.planned.append((files, size))

    def advance(self, path: bytes, phase: str, size: int, of: int = 0) -> None:
        self.advanced.append((path, phase, size))

    def finished(self, path: bytes, outcome: str, message: str = "") -> None:
        self.outcomes.append((path, outcome, message))

    def note(self, text: str) -> None:
        self.notes.append(text)
