"""The lock by which one process at a time writes a ledger.

Knows that waiting is pointless: the holder works for hours.
"""

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from custody.domain.errors import Busy, LedgerFailed


def take_lock(path: Path) -> BaseFileLock:
    """Take the lock at once or raise Busy; it goes with the process, and no child inherits it.

    Raises LedgerFailed when the file system has no locks.
    """
    # A soft lock would outlive a killed process and keep the ledger busy for ever.
    lock = FileLock(path, timeout=0, thread_local=False, fallback_to_soft=False, preserve_lock_file=True)
    try:
        lock.acquire()
    except Timeout:
        message = f"another process is writing the ledger beside {path}"
        raise Busy(message, done="Nothing was written.", hint="wait for it, or pause it there") from None
    except OSError as error:
        message = f"the lock file {path} cannot be used: {error.strerror}"
        raise LedgerFailed(message, done="Nothing was written.") from error
    return lock
