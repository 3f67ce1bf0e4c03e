"""A person's or the system's wish to stop a run: the first signal asks, the second does not ask.

Knows SIGINT and SIGTERM. What a pause means is the pipeline's business.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from custody.cli.exit_codes import code_of_signal

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class SignalStop:
    """Whether a signal asked to stop (``ports.StopRequest``)."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Ask for nothing yet; ``say`` tells the person that the first signal was heard."""
        self._say = say
        self._name: str | None = None

    def requested(self) -> str | None:
        """Return SIGINT or SIGTERM, or None."""
        return self._name

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal; end the process at once on the second: the ledger is safe at any moment."""
        del frame
        if self._name is not None:
            os._exit(code_of_signal(signal.Signals(number).name))
        self._name = signal.Signals(number).name
        self._say("pausing after the current blocks; once more to abandon them")


class NeverStop:
    """The stop request of work that no signal pauses; it ends by KeyboardInterrupt."""

    def requested(self) -> str | None:
        """Return None."""
        return None


@contextmanager
def pausing_on_signals(say: Callable[[str], None]) -> Iterator[SignalStop]:
    """Let SIGINT and SIGTERM ask for a pause while the block runs, then restore what they did before."""
    stop = SignalStop(say)
    before = {number: signal.signal(number, stop.receive) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, action in before.items():
            signal.signal(number, action)
