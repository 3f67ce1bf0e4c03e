"""The lane as the pipeline sees it: a child process that can be killed and replaced even while it hangs.

Knows pipes, time and the death of processes. Never waits for the child without a limit, neither to hand
over a request nor to hear a report. Decides nothing about files.
"""

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time
from collections import deque
from typing import Final

from custody.domain.copying.orders import Request
from custody.domain.copying.reports import Report
from custody.domain.errors import Halted
from custody.domain.ports import LaneDied
from custody.infrastructure.files.frames import READ_BYTES, Crashed, FrameReader, frame

PIPE_BYTES: Final = 1 << 20
GOODBYE_SECONDS: Final = 1.0
KILLED_SECONDS: Final = 0.3  # a killed child that takes longer is stuck in the kernel
PROGRAM: Final = "custody.infrastructure.files.lane_process"


class ProcessLane:
    """Implements ``ports.Lane``; the child dies with the thread that started it."""

    def __init__(self) -> None:
        """Start the child. Raises Halted when the system gives no process or no pipe for it."""
        self._abandoned: list[subprocess.Popen[bytes]] = []
        self._request_fd = self._report_fd = -1
        self._start()

    def _start(self) -> None:
        try:
            self._process, self._request_fd, self._report_fd = _started()
        except OSError as error:
            raise Halted(
                f"the copying process cannot be started: {error.strerror}",
                done="what is recorded is safe",
                hint="close other programs, then go on with 'custody batch resume'",
            ) from error
        self._outgoing = bytearray()
        self._reader = FrameReader()
        self._reports: deque[Report] = deque()
        self._ended = False
        self._last_words = ""

    @property
    def pid(self) -> int:
        """Return the process id of the child, for the diagnostics log."""
        return self._process.pid

    def submit(self, request: Request) -> None:
        """Hand over a request; up to two may be under way. Never blocks."""
        self._outgoing += frame(request)
        self._exchange(0)

    def report(self, timeout_seconds: float) -> Report | None:
        """Return the next report; None when nothing came in time.

        Raises LaneDied, with the known reason, when the child is gone and all it said was returned.
        """
        if self._reports:
            return self._reports.popleft()
        deadline = time.monotonic() + timeout_seconds
        while not self._reports:
            if self._ended:
                raise LaneDied(self._last_words or f"the lane ended with status {self._wait()}")
            left = deadline - time.monotonic()
            if not self._exchange(max(0.0, left)) and left <= 0:
                return None
        return self._reports.popleft()

    def _exchange(self, timeout_seconds: float) -> bool:
        """Send and receive what can be without waiting longer than this; False when nothing moved."""
        poll = select.poll()
        if not self._ended:
            poll.register(self._report_fd, select.POLLIN)
        if self._outgoing:
            poll.register(self._request_fd, select.POLLOUT)
        ready = poll.poll(timeout_seconds * 1000)
        for fd, _ in ready:
            if fd == self._request_fd:
                self._send()
            else:
                self._receive()
        return bool(ready)

    def _send(self) -> None:
        try:
            sent = os.write(self._request_fd, self._outgoing)
        except BlockingIOError:
            return
        except BrokenPipeError:  # the end of the reports tells of the death, after the last of them
            self._outgoing.clear()
            return
        del self._outgoing[:sent]

    def _receive(self) -> None:
        try:
            data = os.read(self._report_fd, READ_BYTES)
        except BlockingIOError:
            return
        self._ended = not data
        for message in self._reader.feed(data):
            for report in message if isinstance(message, list) else ():
                if isinstance(report, Crashed):
                    self._last_words = report.traceback
                else:
                    self._reports.append(report)

    def _wait(self, seconds: float = GOODBYE_SECONDS) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def replace(self) -> None:
        """Kill the child and start another; one stuck in the kernel is left to die when it comes back.

        Raises Halted when no other can be started.
        """
        self._end(kill=True)
        self._start()

    def close(self) -> None:
        """Let the child end, kill it if it does not; repeated calls do nothing."""
        self._end(kill=False)

    def _end(self, *, kill: bool) -> None:
        if self._report_fd < 0:
            return
        os.close(self._request_fd)
        os.close(self._report_fd)
        self._request_fd = self._report_fd = -1
        if kill or self._wait() is None:
            self._process.kill()
        if self._wait(KILLED_SECONDS) is None:
            self._abandoned.append(self._process)
        self._ended = True


def _started() -> tuple[subprocess.Popen[bytes], int, int]:
    """Return a child with our ends of its two pipes: requests, reports. Raises OSError, nothing left open."""
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as its:
        request_end, request_fd = os.pipe()
        its.callback(os.close, request_end)
        ours.callback(os.close, request_fd)
        report_fd, report_end = os.pipe()
        its.callback(os.close, report_end)
        ours.callback(os.close, report_fd)
        for fd in (request_fd, report_fd):
            os.set_blocking(fd, False)
            with contextlib.suppress(OSError):  # a small pipe is slower, not wrong
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        process = _spawn(request_end, report_end)
        ours.pop_all()
    return process, request_fd, report_fd


def _spawn(request_end: int, report_end: int) -> subprocess.Popen[bytes]:
    # -P: an examiner stands in an evidence folder, whose files must not be taken for our modules.
    # A process group of its own: Ctrl+C at the terminal reaches only the parent, which decides.
    ends = (request_end, report_end)
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
        [sys.executable, "-P", "-m", PROGRAM, *map(str, ends), str(os.getpid())],
        pass_fds=ends,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
