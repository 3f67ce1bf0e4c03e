"""A person's or the system's wish to stop a run: the first signal asks, the second does not wait.

Knows SIGINT and SIGTERM. What a pause means is the pipeline's business. Signals are heard on a thread of
their own, so that a second one is answered even while the run waits for a disk that does not answer.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from custody.cli.exit_codes import ExitCode, code_of_signal
from custody.cli.options import Invocation
from custody.cli.output import Answer

LAST_WORDS_SECONDS: Final = 1.0  # granted to the ledger to say what is recorded
LIMIT_SECONDS: Final = 2.0  # after a second signal the process is gone, whatever hangs

LastWords = Callable[[ExitCode], Answer]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_END: Final = b"\0"


class SignalStop:
    """Whether a signal asked to stop (``ports.StopRequest``)."""

    def __init__(self, asked: Callable[[], None], abandon: Callable[[ExitCode], None]) -> None:
        """Ask for nothing yet; ``asked`` is called at the first signal, ``abandon`` at each later one."""
        self._asked = asked
        self._abandon = abandon
        self._name: str | None = None

    def requested(self) -> str | None:
        """Return SIGINT or SIGTERM, or None."""
        return self._name

    def receive(self, number: int) -> None:
        """Note the first signal; at the second end without waiting: the ledger is safe at any moment."""
        name = signal.Signals(number).name
        if self._name is None:
            self._name = name
            self._asked()
        else:
            self._abandon(code_of_signal(name))


@contextmanager
def pausing_on_signals(run: Invocation, last_words: LastWords) -> Iterator[SignalStop]:
    """Let SIGINT and SIGTERM ask for a pause while the block runs, then restore what they did before.

    Once one was heard, a second ends the process also behind the block: the command is ending then, and
    ``last_words`` gives the answer that it could not wait for.
    """
    stop = SignalStop(
        lambda: run.output.note("pausing after the current blocks; once more to abandon them"),
        lambda code: _end_process(run, last_words, code),
    )
    listening = _Listening(stop.receive)
    try:
        yield stop
    finally:
        if stop.requested() is None:
            listening.end()


class _Listening:
    """The signals' own thread, woken through a pipe (``signal.set_wakeup_fd``)."""

    def __init__(self, receive: Callable[[int], None]) -> None:
        self._receive = receive
        self._heard, self._told = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._told, False)
        self._wakeup_before = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _leave_to_thread) for number in _SIGNALS}
        self._thread = threading.Thread(target=self._listen, daemon=True, name="signals")
        self._thread.start()

    def _listen(self) -> None:
        while (told := os.read(self._heard, 1)) != _END:
            if told[0] in _SIGNALS:
                self._receive(told[0])

    def end(self) -> None:
        """Restore what signals did before."""
        for number, action in self._before.items():
            signal.signal(number, action)
        signal.set_wakeup_fd(self._wakeup_before)
        os.write(self._told, _END)
        self._thread.join()
        os.close(self._heard)
        os.close(self._told)


def _leave_to_thread(number: int, frame: FrameType | None) -> None:
    """Do nothing: Python wakes the listening thread only for signals that have a function."""
    del number, frame


def _end_process(run: Invocation, last_words: LastWords, code: ExitCode) -> None:
    """Say what is recorded, unless the command says so itself at this moment, and end the process."""
    last = threading.Timer(LIMIT_SECONDS, os._exit, (code,))
    last.daemon = True
    last.start()
    if run.output.last_words(run.command, _in_time(last_words, code)):
        os._exit(code)


def _in_time(last_words: LastWords, code: ExitCode) -> Answer:
    told: list[Answer] = []
    asking = threading.Thread(target=lambda: told.append(last_words(code)), daemon=True, name="last words")
    asking.start()
    asking.join(LAST_WORDS_SECONDS)
    hint = "  go on with: custody batch resume"
    return (
        told[0] if told else Answer(code=code, verdict="ABANDONED  what was recorded is safe", lines=(hint,))
    )
