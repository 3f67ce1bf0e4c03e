"""The locks by which two processes never work in one destination, or in one that lies in the other.

Knows that a destination is held alone and every folder above it together with others: whoever wants one of
those for itself is refused, under whatever name it was reached, since a lock belongs to the folder and not to
its name. Does not see that a bind mount shows a folder below another destination.
"""

import errno
import fcntl
import os
from typing import Final

from custody.domain.errors import Busy, Refused
from custody.domain.paths import printable
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import LISTING, close_quietly

NOTHING_WRITTEN: Final = "nothing was written"
_HELD_BY_ANOTHER: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES})
_WITHOUT_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF})


class SharedLocks:
    """Locks on the folders above one destination, kept until closed."""

    def __init__(self, calls: FileCalls) -> None:
        self._calls = calls
        self._descriptors: list[int] = []

    def add(self, folder: int, path: bytes) -> None:
        """Hold a folder, given by any descriptor of it, together with others.

        A folder that may not be listed, or whose file system has no locks, cannot be a destination of this
        examiner either, so nobody needs to be kept from it. Raises Busy, Refused, OSError.
        """
        try:
            fd = self._calls.open(b".", LISTING, dir_fd=folder)
        except PermissionError:
            return
        self._descriptors.append(fd)
        try:
            self._calls.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise _refusal(path, error) from error

    def close(self) -> None:
        """Let go of all of them."""
        while self._descriptors:
            close_quietly(self._calls, self._descriptors.pop())


def lock_alone(calls: FileCalls, fd: int, path: bytes) -> None:
    """Lock an open folder for oneself, at once or not at all. Raises Busy, Refused."""
    try:
        calls.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: bytes, error: OSError) -> Busy | Refused:
    if error.errno in _HELD_BY_ANOTHER:
        return Busy(
            f"another process writes to this destination: {printable(path)}",
            done=NOTHING_WRITTEN,
            hint="wait for it to end, or choose another destination",
        )
    return Refused(
        f"the destination cannot be locked: {printable(path)}: {os.strerror(error.errno or 0)}",
        done=NOTHING_WRITTEN,
        hint="use a file system that supports locks",
    )
