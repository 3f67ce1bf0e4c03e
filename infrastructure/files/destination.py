"""Opening a destination: its missing folders made and flushed, its locks taken.

Knows the path as a person named it, and resolves its links once. Writes nothing but those folders, and none
of them below a folder that another process works in.
"""

import contextlib

from custody.domain.errors import DestinationMissing, Refused
from custody.domain.paths import RawPath, printable
from custody.infrastructure.files.destination_locks import SharedLocks, lock_alone
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folder_destination import FolderDestination
from custody.infrastructure.files.folders import LISTING, PASSING, close_quietly
from custody.infrastructure.files.publishing import flush_folder

FOLDER_MODE = 0o777  # less what the umask takes away, as ``mkdir`` does


def open_destination(calls: FileCalls, path: bytes, *, create: bool) -> FolderDestination:
    """Open and lock a destination folder, its missing folders made and flushed when ``create`` is set.

    Raises Busy when another process holds it, a folder that it lies in or one that lies in it; Refused when
    it is missing, no folder, or cannot be had. The locks belong to this opening: a second one, even in this
    process, is refused as long as it lives.
    """
    real = RawPath(path)
    with contextlib.ExitStack() as undo:
        above = SharedLocks(calls)
        undo.callback(above.close)
        try:
            real = RawPath(calls.realpath(path))
            root_fd, made = _open_chain(calls, real, above, create=create)
        except OSError as error:
            kind = DestinationMissing if isinstance(error, FileNotFoundError) else Refused
            raise kind(
                f"the destination cannot be used: {printable(real)}: {error.strerror}",
                done="nothing was written" if not create else "at most empty folders were made",
                hint="give an existing folder, or one that can be made",
            ) from error
        undo.callback(close_quietly, calls, root_fd)
        lock_alone(calls, root_fd, real)
        undo.pop_all()
    return FolderDestination(calls, real, root_fd, above, made=made)


def _open_chain(calls: FileCalls, path: bytes, above: SharedLocks, *, create: bool) -> tuple[int, bool]:
    """Return a descriptor of the folder, and whether it was missing and made here."""
    current, made, reached = calls.open(b"/", PASSING), False, b"/"
    try:
        for part in filter(None, path.split(b"/")):
            above.add(current, reached)
            following, made = _open_or_make(calls, current, part, create=create)
            close_quietly(calls, current)
            current, reached = following, reached.rstrip(b"/") + b"/" + part
        return calls.open(b".", LISTING, dir_fd=current), made
    finally:
        close_quietly(calls, current)


def _open_or_make(calls: FileCalls, folder: int, part: bytes, *, create: bool) -> tuple[int, bool]:
    try:
        return calls.open(part, PASSING, dir_fd=folder), False
    except FileNotFoundError:
        if not create:
            raise
    made = False
    with contextlib.suppress(FileExistsError):  # somebody made it in this moment
        calls.mkdir(part, FOLDER_MODE, dir_fd=folder)
        made = True
    flush_folder(calls, folder)
    return calls.open(part, PASSING, dir_fd=folder), made
