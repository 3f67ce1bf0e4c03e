"""The diagnostics log of one session: what the program did, for those who mend it. It is not the ledger.

Knows where the file lies and its format, one escaped line a message. No secret is ever passed to it.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from custody.domain.paths import escape_text

LOGGER: Final = "custody"
_LINE: Final = "%(asctime)s %(levelname)s %(message)s"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class _EscapedLines(logging.Formatter):
    """One line a message, whatever a file name holds."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_text(super().format(record))


class _FileThatMayFail(logging.FileHandler):
    """A full disk costs lines of the diagnostics, never the work and never a traceback."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say nothing: what cannot be written cannot be told there either."""

    def close(self) -> None:
        """Close, whatever the last flush says."""
        with suppress(OSError):
            super().close()


@contextmanager
def diagnostics_log(folder: Path, command: str, begun_at: datetime, name: str) -> Iterator[logging.Logger]:
    """Give the logger of a session, writing to a new file in ``folder``.

    A folder that takes no file costs the diagnostics, never the work.
    """
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = _handler(folder / f"{begun_at:%Y%m%dT%H%M%SZ}-{command.replace(' ', '-')}-{name}.log")
    logger.addHandler(handler)
    try:
        logger.info("begin %s", command)
        yield logger
    finally:
        logger.removeHandler(handler)
        handler.close()


def _handler(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handler: logging.Handler = _FileThatMayFail(
            path, mode="x", encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        handler = logging.NullHandler()
    formatter = _EscapedLines(_LINE, _TIME)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    return handler
