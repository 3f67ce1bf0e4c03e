"""Durable publishing: the one place that names and retracts copies.

Knows the order that survives a power cut: temporary name in the folder of the copy, data, times and mode,
one flush, a name that replaces nothing, a flush of the folder. Does not know what a copy should contain.
"""

import errno
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Side, Stage, StretchList, Unkept
from custody.domain.digest import Digests
from custody.infrastructure.files.failures import READING_BACK, AttemptFailed, failed_by
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import LISTING, Folders, Place, close_quietly
from custody.infrastructure.files.read_back import Found
from custody.infrastructure.files.standing import Identity, identity_of
from custody.infrastructure.files.temporary import discard

RENAME_REFUSED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A whole copy under its temporary name."""

    item: CopyItem
    place: Place
    digests: Digests
    identity: Identity
    flushed: bool  # by its own flush, not the one of its window
    found: Found | None = None  # what was read back already, before it had its own name
    unkept: Unkept | None = None
    unreadable: StretchList | None = None
    zeros: StretchList | None = None
    source_readings: int = 1


def rename_without_replacing(calls: FileCalls, folder: int, old: bytes, new: bytes) -> None:
    """Rename within a folder; raises FileExistsError rather than replace.

    Where the file system cannot do that in one step (NFS), the new name is linked and the old one removed.
    """
    try:
        calls.rename_noreplace(old, new, dir_fd=folder)
    except OSError as error:
        if error.errno not in RENAME_REFUSED:
            raise
        calls.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        calls.unlink(old, dir_fd=folder)


def publish(folders: Folders, copy: Staged) -> None:
    """Give a staged copy its own name, replacing nothing.

    Raises AttemptFailed (``collision`` when the name is taken) after removing what was staged.
    """
    try:
        folder = folders.of(copy.place)
        rename_without_replacing(folders.calls, folder, copy.item.temporary, copy.place.name)
    except OSError as error:
        # After a lost answer a network file system reports the failure of a step that was carried out.
        if stands(folders, copy.place, copy.identity) and _removed(folders, copy):
            return
        retract(folders, copy)
        raise failed_by(error, Stage.PUBLISH, Side.DESTINATION) from error


def _removed(folders: Folders, copy: Staged) -> bool:
    try:
        folders.calls.unlink(copy.item.temporary, dir_fd=folders.of(copy.place))
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def stands(folders: Folders, place: Place, identity: Identity) -> bool:
    """Tell whether this very regular file stands at a place."""
    try:
        found = folders.calls.stat(place.name, dir_fd=folders.of(place), follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and identity_of(found) == identity


def require_standing(folders: Folders, copy: Staged) -> None:
    """Require that what was read back under its temporary name is what stands there; raises AttemptFailed."""
    with READING_BACK:
        found = folders.calls.stat(copy.place.name, dir_fd=folders.of(copy.place), follow_symlinks=False)
    if (identity_of(found), found.st_size) == (copy.identity, copy.item.size):
        return
    message = "what stands there is not the copy that was read back"
    raise AttemptFailed(
        *(Stage.READ_BACK, Side.DESTINATION, "read-back-differs", message),
        differs=True,
        found_size=found.st_size,
    )


def retract(folders: Folders, copy: Staged) -> None:
    """Remove the copy under both of its names, its own only while it is this very file."""
    if stands(folders, copy.place, copy.identity):
        with suppress(OSError):
            folders.calls.unlink(copy.place.name, dir_fd=folders.of(copy.place))
    discard(folders, copy.place, copy.item.temporary)


def flush_folder(calls: FileCalls, folder: int) -> None:
    """Make the names in a folder durable; raises OSError."""
    fd = calls.open(b".", LISTING, dir_fd=folder)
    try:
        calls.fsync(fd)
    finally:
        close_quietly(calls, fd)
