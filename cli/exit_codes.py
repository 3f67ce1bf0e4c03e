"""The one table of exit codes: which class of error ends with which, and which of two is the graver.

Knows nothing of how an error is shown.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from custody.domain.errors import (
    Busy,
    CannotTell,
    CustodyError,
    Halted,
    NotAllowed,
    Refused,
    Tampered,
    UsageError,
)
from custody.domain.verdict import Verdict


class ExitCode(IntEnum):
    """What a command's exit code says; any other code is a failure."""

    OK = 0
    REFUTED = 1
    USAGE = 2
    INCOMPLETE = 3
    CANNOT_TELL = 4
    BUSY = 5
    REFUSED = 6
    NOT_ALLOWED = 7
    HALTED = 20
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def word(self) -> str:
        """The status word of a JSON result."""
        return "paused" if self in _PAUSED else self.name.lower().replace("_", "-")


_PAUSED: Final = frozenset({ExitCode.INTERRUPTED, ExitCode.TERMINATED})

SEVERITY: Final = (
    ExitCode.BUG,
    ExitCode.HALTED,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.REFUTED,
    ExitCode.NOT_ALLOWED,
    ExitCode.REFUSED,
    ExitCode.BUSY,
    ExitCode.CANNOT_TELL,
    ExitCode.INCOMPLETE,
    ExitCode.USAGE,
    ExitCode.OK,
)

# In as few words as a page of help has room for.
MEANING: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done, and proved where there was something to prove",
    ExitCode.REFUTED: "a difference was found: evidence, ledger or signature",
    ExitCode.USAGE: "a bad option, value or batch file; nothing was written",
    ExitCode.INCOMPLETE: "some of it failed, was unreadable or is left to do",
    ExitCode.CANNOT_TELL: "cannot tell: no such workspace, key, batch or file",
    ExitCode.BUSY: "another process holds this ledger or destination",
    ExitCode.REFUSED: "a check before the work said no; nothing was written",
    ExitCode.NOT_ALLOWED: "wrong passphrase, or a key that may not do this",
    ExitCode.HALTED: "the destination or the ledger failed on the way",
    ExitCode.BUG: "an error inside custody itself",
    ExitCode.INTERRUPTED: "paused by SIGINT (Ctrl+C); can go on",
    ExitCode.TERMINATED: "paused by SIGTERM; can go on",
}

# Subclasses take the code of the nearest class named here.
_BY_CLASS: Final[dict[type[CustodyError], ExitCode]] = {
    UsageError: ExitCode.USAGE,
    Refused: ExitCode.REFUSED,
    NotAllowed: ExitCode.NOT_ALLOWED,
    CannotTell: ExitCode.CANNOT_TELL,
    Busy: ExitCode.BUSY,
    Tampered: ExitCode.REFUTED,
    Halted: ExitCode.HALTED,
}
_BY_SIGNAL: Final = {"SIGINT": ExitCode.INTERRUPTED, "SIGTERM": ExitCode.TERMINATED}


VERDICT_CODES: Final[Mapping[Verdict, ExitCode]] = {
    "passed": ExitCode.OK,
    "failed": ExitCode.REFUTED,
    "indeterminate": ExitCode.CANNOT_TELL,
}
VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    "passed": "OK",
    "failed": "CHANGED",
    "indeterminate": "CANNOT TELL",
}


def worst(*codes: ExitCode) -> ExitCode:
    """Return the gravest of the codes; OK when there is none."""
    return min(codes, key=SEVERITY.index, default=ExitCode.OK)


def code_of(error: CustodyError) -> ExitCode:
    """Return the exit code of an error; a class that the table does not know is a bug."""
    known = (_BY_CLASS[kind] for kind in type(error).__mro__ if kind in _BY_CLASS)
    return next(known, ExitCode.BUG)


def code_of_signal(name: str) -> ExitCode:
    """Return the exit code of a pause by a signal, named as in :mod:`signal`."""
    return _BY_SIGNAL[name]


class Terminated(KeyboardInterrupt):
    """SIGTERM, in a command that does not pause on it."""


def interruption(signal: str) -> KeyboardInterrupt:
    """Return what to raise for a signal, named as in :mod:`signal`, where there is nothing to pause."""
    return Terminated() if signal == "SIGTERM" else KeyboardInterrupt()


def code_of_interruption(interruption: BaseException) -> ExitCode:
    """Return the exit code of a command that a signal ended."""
    return ExitCode.TERMINATED if isinstance(interruption, Terminated) else ExitCode.INTERRUPTED
