"""How far the work is, in three ways: bars on a terminal, plain lines elsewhere, JSON lines for programs.

Knows where progress is shown and how often; the sums are the meter's. Says nothing that the record needs.
"""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from custody.cli.meter import NOTHING, PASSES, Amount, Meter
from custody.cli.output import Output
from custody.cli.wording import said_line
from custody.domain.paths import escape_text, printable, to_json
from custody.domain.ports import Clock, Progress

LINE_SECONDS: Final = 10.0
JSON_SECONDS: Final = 1.0


class Display(Protocol):
    """Where the meter is shown."""

    def show(self, meter: Meter) -> None:
        """Show how far it is, as often as it makes sense."""

    def say(self, kind: str, path: bytes | None, text: str) -> None:
        """Say something at once: a note, or what became of a file."""


class ShownProgress:
    """The pipeline's progress (``ports.Progress``) on a display."""

    def __init__(self, meter: Meter, display: Display, *, said: Collection[str] | None) -> None:
        """Say at once what became of a file when its outcome is among ``said``; None says every one."""
        self._meter = meter
        self._display = display
        self._said = said

    def plan(self, *, files: int, size: int) -> None:
        """Add to the totals."""
        self._meter.plan(files, size)
        self._display.show(self._meter)

    def advance(self, path: bytes, phase: str, size: int, of: int = 0) -> None:
        """Say that ``size`` more bytes of a file passed a phase."""
        self._meter.advance(path, phase, size, of)
        self._display.show(self._meter)

    def finished(self, path: bytes, outcome: str, message: str = "") -> None:
        """Say that a file came to its outcome."""
        self._meter.finish(path, outcome)
        if self._said is None or outcome in self._said:
            self._display.say(outcome, path, message)
        self._display.show(self._meter)

    def note(self, text: str) -> None:
        """Say something worth reading."""
        self._display.say("note", None, text)


class PlainDisplay:
    """One line every ten seconds on stderr, where there is no terminal."""

    def __init__(self, clock: Clock, seconds: float = LINE_SECONDS) -> None:
        """Wait ``seconds`` before the first line, so that short work stays silent."""
        self._clock = clock
        self._seconds = seconds
        self._shown_at = clock.monotonic()

    def show(self, meter: Meter) -> None:
        """Print a line when it is time."""
        now = self._clock.monotonic()
        if now - self._shown_at >= self._seconds:
            self._shown_at = now
            _to_stderr(f"{meter.line()}  {meter.phase} {printable(meter.path)}".rstrip())

    def say(self, kind: str, path: bytes | None, text: str) -> None:
        """Print a line."""
        _to_stderr(said_line(kind, path, text))


class JsonDisplay:
    """JSON lines of type ``progress`` on stdout, one a second at most."""

    def __init__(self, clock: Clock, output: Output) -> None:
        """Show the first at once: a program learns that the work began."""
        self._clock = clock
        self._output = output
        self._shown_at = -JSON_SECONDS

    def show(self, meter: Meter) -> None:
        """Print an object when it is time."""
        now = self._clock.monotonic()
        if now - self._shown_at < JSON_SECONDS:
            return
        self._shown_at = now
        self._output.record("progress", {
            **to_json("path", meter.path), "phase": meter.phase, "files_done": meter.files_done,
            "files_total": meter.files, "bytes_done": meter.bytes_done, "bytes_total": meter.bytes,
            "bytes_per_second": round(meter.rate), "eta_seconds": meter.eta_seconds,
        })  # fmt: skip

    def say(self, kind: str, path: bytes | None, text: str) -> None:
        """Print an object of type ``note``, or ``file`` with its outcome."""
        if path is None:
            self._output.record("note", {"text": escape_text(text)})
        else:
            self._output.record(
                "file", {**to_json("path", path), "outcome": kind, "message": escape_text(text)}
            )


class NoDisplay:
    """Nothing, for ``-q``."""

    def show(self, meter: Meter) -> None:
        """Show nothing."""

    def say(self, kind: str, path: bytes | None, text: str) -> None:
        """Say nothing."""


@contextmanager
def shown_progress(
    output: Output,
    clock: Clock,
    *,
    verbose: int,
    passes: int = PASSES,
    said: Collection[str] = ("failed",),
    expected: Amount = NOTHING,
) -> Iterator[Progress]:
    """Give the progress that fits where it is shown; a terminal is left clean at the end.

    ``expected`` is what a look before the work found, so that the total does not grow from job to job.

    What became of a file is said at once for every file with ``verbose``, else for the outcomes in ``said``.
    """
    meter = Meter(clock, passes, expected)
    outcomes = None if verbose else said
    if output.json:
        yield ShownProgress(meter, JsonDisplay(clock, output), said=outcomes)
    elif output.quiet:
        yield ShownProgress(meter, NoDisplay(), said=())
    elif not output.interactive(sys.stderr):
        yield ShownProgress(meter, PlainDisplay(clock), said=outcomes)
    else:
        from custody.cli.bars import bars

        with bars(clock, colored=output.colored(sys.stderr)) as display:
            output.clear_display = display.clear
            yield ShownProgress(meter, display, said=outcomes)


def _to_stderr(line: str) -> None:
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody listens
