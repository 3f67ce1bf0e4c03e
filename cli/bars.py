"""Progress bars on a terminal: one for the file at work, with its phase, and one for the total.

Knows ``rich``; imported only where there is a terminal to draw on.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from custody.cli.meter import Meter
from custody.cli.wording import duration, folded, said_line, size_text
from custody.domain.paths import printable
from custody.domain.ports import Clock

REDRAW_SECONDS: Final = 0.12
NAME_WIDTH: Final = 20
BAR_WIDTH: Final = 8


class Bars:
    """A file bar and a total bar."""

    def __init__(self, progress: Progress, clock: Clock) -> None:
        """Draw nothing until there is something to say."""
        self._progress = progress
        self._clock = clock
        self._drawn_at = -REDRAW_SECONDS
        self._file: TaskID = progress.add_task("", total=None, visible=False, facts="")
        self._total: TaskID = progress.add_task(_fitted("total"), total=None, visible=False, facts="")

    def show(self, meter: Meter) -> None:
        """Draw when it is time."""
        now = self._clock.monotonic()
        if now - self._drawn_at < REDRAW_SECONDS and meter.bytes_done < meter.bytes:
            return
        self._drawn_at = now
        if meter.path:
            # A window of small files is told as one: more bytes than its last file has.
            done = min(meter.file_bytes_done, meter.file_bytes or meter.file_bytes_done)
            self._progress.update(
                self._file,
                description=_fitted(printable(meter.path)),
                visible=True,
                total=max(meter.file_bytes, done, 1),
                completed=done,
                facts=f"{meter.phase}, {size_text(meter.file_bytes)}",
            )
        self._progress.update(
            self._total,
            total=100,
            completed=meter.percent,
            visible=True,
            facts=_facts(meter),
        )

    def clear(self) -> None:
        """Take the bars away, for whoever ends the process from outside."""
        self._progress.stop()

    def say(self, kind: str, path: bytes | None, text: str) -> None:
        """Print a line above the bars."""
        console = self._progress.console
        for line in folded(said_line(kind, path, text), console.width):
            console.print(Text(line), soft_wrap=True)


@contextmanager
def bars(clock: Clock, *, colored: bool) -> Iterator[Bars]:
    """Give bars on stderr and take them away at the end."""
    console = Console(stderr=True, no_color=not colored, highlight=False, file=sys.stderr)
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=BAR_WIDTH),
        TextColumn("{task.fields[facts]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, refresh_per_second=8) as progress:
        yield Bars(progress, clock)


def _facts(meter: Meter) -> str:
    left = "" if meter.eta_seconds is None else f" {duration(meter.eta_seconds)} left"
    return f"{meter.percent:3d} % {meter.files_done}/{meter.files} {size_text(round(meter.rate))}/s{left}"


def _fitted(name: str) -> str:
    """Return a name in exactly the columns it has; its end says more than its beginning."""
    while cell_len(name) > NAME_WIDTH:
        name = "…" + name[2:]
    return set_cell_size(name, NAME_WIDTH)
