"""Threads that work on one file and share one fate.

Knows that an error in one of them stops all and is raised on the main thread, whatever its kind, and that
nobody waits for what will not come. Cannot stop a thread that hangs in the kernel: then the main
thread waits too, nothing is heard any more, and the parent kills the process. Opens and reads nothing.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Passed:
    """So many more bytes were copied, or read back."""

    phase: str  # as in ``Advanced``
    size: int


@dataclass(frozen=True, slots=True)
class Prefix:
    """The digest of the first ``size`` bytes of a source."""

    size: int
    algorithm: str
    digest: str


@dataclass(frozen=True, slots=True)
class Durable:
    """So many bytes from the start of the temporary file were flushed."""

    size: int


Message = Passed | Prefix | Durable


class Stopped(Exception):
    """The work was stopped because another thread failed or nobody wants the result any more."""


class Crew:
    """A context manager: on leaving it no thread runs any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard = threading.Condition(self._lock)
        self._conditions = [self._heard]
        self._threads: list[threading.Thread] = []
        self._working = 0
        self._said: list[Message] = []
        self._error: BaseException | None = None
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._stop()
        for thread in self._threads:
            thread.join()

    def condition(self) -> threading.Condition:
        """Return a new condition under the one lock of the crew; it is notified when the work stops."""
        condition = threading.Condition(self._lock)
        self._conditions.append(condition)
        return condition

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Start a thread. Raises OSError (EAGAIN) when the system gives none."""
        thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        with self._lock:
            self._working += 1
        try:
            thread.start()
        except RuntimeError as error:
            with self._lock:
                self._working -= 1
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        self._threads.append(thread)

    def _run(self, work: Callable[[], None]) -> None:
        found: BaseException | None = None
        try:
            work()
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again on the main thread
            found = error
        with self._lock:
            self._working -= 1
            if found is not None:
                self._error = self._error or found
                self._stop()
            self._heard.notify_all()

    def _stop(self) -> None:
        self._stopped = True
        for condition in self._conditions:
            condition.notify_all()

    @contextmanager
    def waiting(self, condition: threading.Condition, ready: Callable[[], bool]) -> Iterator[None]:
        """Hold the lock once ``ready`` is true; raises Stopped when the work was stopped."""
        with self._lock:
            condition.wait_for(lambda: self._stopped or ready())
            if self._stopped:
                raise Stopped
            yield

    @contextmanager
    def changing(self, condition: threading.Condition) -> Iterator[None]:
        """Hold the lock for a change that those who wait for the condition should see."""
        with self._lock:
            yield
            condition.notify_all()

    def say(self, message: Message) -> None:
        """Tell the main thread something."""
        with self._lock:
            self._said.append(message)
            self._heard.notify_all()

    def heard(self) -> Iterator[Message]:
        """Yield what the threads say until all have ended; raises the first error of any of them."""
        while messages := self._next_messages():
            yield from messages

    def _next_messages(self) -> list[Message]:
        with self._lock:
            self._heard.wait_for(lambda: self._said or self._error is not None or not self._working)
            if self._error is not None:
                raise self._error
            messages, self._said = self._said, []
            return messages
