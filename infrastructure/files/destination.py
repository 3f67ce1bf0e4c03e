"""Opening a destination: its missing folders made and flushed, its lock taken.

Knows the path as a person named it, and resolves its links once. Writes nothing but those folders.
"""

import contextlib
import errno
import fcntl
import os
from typing import Final

from custody.domain.errors import Busy, DestinationMissing, Refused
from custody.domain.paths import RawPath, printable
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folder_destination import FolderDestination
from custody.infrastructure.files.folders import LISTING, PASSING, close_quietly
from custody.infrastructure.files.publishing import flush_folder

FOLDER_MODE: Final = 0o777  # less what the umask takes away, as ``mkdir`` does
NOTHING_WRITTEN: Final = "nothing was written"


def open_destination(calls: FileCalls, path: bytes, *, create: bool) -> FolderDestination:
    """Open and lock a destination folder, its missing folders made and flushed when ``create`` is set.

    Raises Busy when another process holds it, Refused when it is missing, no folder, or cannot be had.
    The lock belongs to this opening: a second one, even in this process, is refused as long as it lives.
    """
    real = RawPath(path)
    try:
        real = RawPath(calls.realpath(path))
        root_fd = _open_chain(calls, real, create=create)
    except OSError as error:
        kind = DestinationMissing if isinstance(error, FileNotFoundError) else Refused
        raise kind(
            f"the destination cannot be used: {printable(real)}: {error.strerror}",
            done="nothing was written" if not create else "at most empty folders were made",
            hint="give an existing folder, or one that can be made",
        ) from error
    try:
        _lock(calls, root_fd, real)
    except (Busy, Refused):
        close_quietly(calls, root_fd)
        raise
    return FolderDestination(calls, real, root_fd)


def _open_chain(calls: FileCalls, path: bytes, *, create: bool) -> int:
    current = calls.open(b"/", PASSING)
    try:
        for part in filter(None, path.split(b"/")):
            following = _open_or_make(calls, current, part, create=create)
            close_quietly(calls, current)
            current = following
        return calls.open(b".", LISTING, dir_fd=current)
    finally:
        close_quietly(calls, current)


def _open_or_make(calls: FileCalls, folder: int, part: bytes, *, create: bool) -> int:
    try:
        return calls.open(part, PASSING, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    with contextlib.suppress(FileExistsError):  # somebody made it in this moment
        calls.mkdir(part, FOLDER_MODE, dir_fd=folder)
    flush_folder(calls, folder)
    return calls.open(part, PASSING, dir_fd=folder)


def _lock(calls: FileCalls, fd: int, path: bytes) -> None:
    try:
        calls.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            raise Busy(
                f"another process writes to this destination: {printable(path)}",
                done=NOTHING_WRITTEN,
                hint="wait for it to end, or choose another destination",
            ) from error
        raise Refused(
            f"the destination cannot be locked: {printable(path)}: {os.strerror(error.errno or 0)}",
            done=NOTHING_WRITTEN,
            hint="use a file system that supports locks",
        ) from error
