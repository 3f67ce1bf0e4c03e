"""The lane's own process: reads requests from one pipe, works, writes reports to another.

Knows how to die with its parent and how to leave signals to it. Imports nothing that a copy does not need.
Started as ``python -m``; the arguments are two descriptors and the parent's process id.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final

from custody.domain.copying.orders import Walk, Window
from custody.domain.copying.reports import Began, Done, Failed, Listed, ReadBack, Report
from custody.infrastructure.collecting import collecting_seldom
from custody.infrastructure.files.engine import CopyEngine
from custody.infrastructure.files.frames import READ_BYTES, Crashed, FrameReader, frame
from custody.infrastructure.files.linux_calls import LinuxFileCalls, die_with_parent
from custody.infrastructure.files.reading_ahead import ReadingThreads

SEND_FROM: Final = 100
SEND_AFTER_SECONDS: Final = 0.05
NOWHERE: Final = 1  # standard output, which the parent has given no reader
STDERR: Final = 2
MAX_WAITING: Final = 8_000  # reports and listed entries; beyond it the work waits for the parent


class Outbox:
    """Sends reports from a thread of its own, so that what was said is heard even while a read hangs.

    That thread is woken only for something new after a silence, or for something urgent: each waking takes
    the interpreter away from the work.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: list[Report | Crashed] = []
        self._weight = 0
        self._closing = False
        self._lock = threading.Lock()
        self._taken = threading.Condition(self._lock)
        self._something = threading.Event()
        self._urgent = threading.Event()
        self._thread = threading.Thread(target=self._send_all, daemon=True, name="reports")
        self._thread.start()

    def put(self, report: Report | Crashed) -> None:
        """Hand over a report; waits while the parent is far behind."""
        with self._lock:
            if self._weight >= MAX_WAITING:
                self._taken.wait_for(lambda: self._weight < MAX_WAITING)
            self._drop_outdated(report)
            self._waiting.append(report)
            self._weight += len(report.entries) if isinstance(report, Listed) else 1
            _raise(self._something)
            if isinstance(report, Done) or self._weight >= SEND_FROM:
                _raise(self._urgent)

    def _drop_outdated(self, report: Report | Crashed) -> None:
        """Do not say which file might hang once that is over: it would be half of what is said."""
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Began) and (
            isinstance(report, Began)
            or (isinstance(report, ReadBack | Failed) and report.transfer == last.transfer)
        ):
            self._waiting.pop()
            self._weight -= 1

    def close(self) -> None:
        """Send what waits and end."""
        with self._lock:
            self._closing = True
            _raise(self._something)
            _raise(self._urgent)
        self._thread.join()

    def _send_all(self) -> None:
        while reports := self._next_batch():
            try:
                write_whole(self._fd, frame(reports))
            except OSError:
                os._exit(1)  # nobody listens any more; nothing may go on unheard

    def _next_batch(self) -> list[Report | Crashed]:
        """Wait for reports and a moment longer for more of them; nothing is left at the end."""
        self._something.wait()
        self._urgent.wait(SEND_AFTER_SECONDS)
        with self._lock:
            reports, self._waiting, self._weight = self._waiting, [], 0
            if not self._closing:
                self._something.clear()
                self._urgent.clear()
            self._taken.notify_all()
            return reports


def _raise(flag: threading.Event) -> None:
    if not flag.is_set():
        flag.set()


def write_whole(fd: int, data: bytes) -> None:
    """Write everything to a blocking pipe; raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def requests(fd: int) -> Iterator[Walk | Window]:
    """Return the requests as they come, until the parent closes its end."""
    reader = FrameReader()
    while data := os.read(fd, READ_BYTES):
        for message in reader.feed(data):
            if not isinstance(message, Walk | Window):
                raise TypeError(type(message).__name__)
            yield message


def _last_words(
    outbox: Outbox,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    def say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        outbox.put(Crashed("".join(traceback.format_exception(kind, error, trace))))
        outbox.close()

    return say


def main(request_fd: int, report_fd: int, parent: int) -> None:
    """Work until there are no more requests."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    die_with_parent(parent)
    outbox = Outbox(report_fd)
    sys.excepthook = _last_words(outbox)
    # One stuck in the kernel outlives its parent, and nobody must wait for the end of their common stderr.
    os.dup2(NOWHERE, STDERR)
    engine = CopyEngine(LinuxFileCalls(), helpers=ReadingThreads())
    with collecting_seldom():
        for request in requests(request_fd):
            for report in engine.work(request):
                outbox.put(report)
    engine.close()
    outbox.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
