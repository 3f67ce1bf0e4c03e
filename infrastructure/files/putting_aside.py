"""Putting a copy aside that cannot be proved: which one may be moved, and under what name it then stands.

Knows that a copy is moved only on evidence: it was read and differs, or its medium does not give its bytes
back. An inability to look (no descriptor left, no memory, no right) says nothing about a copy. Moves nothing
but the regular file of our own making.
"""

import errno
import os
import stat
from typing import Final

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Failed
from custody.domain.paths import MAX_NAME_BYTES, RawPath
from custody.infrastructure.files.failures import AttemptFailed
from custody.infrastructure.files.folders import Folders, Place, place_of
from custody.infrastructure.files.publishing import flush_folder, rename_without_replacing, stands
from custody.infrastructure.files.standing import Identity, identity_of

MARK_LENGTH: Final = 8
MAX_SET_ASIDE: Final = 100


def put_aside(folders: Folders, item: CopyItem, failure: AttemptFailed, ours: Identity | None) -> Failed:
    """Report a copy that could not be proved, and move a bad one away from its own name.

    ``ours`` is the file that was published; nothing else is touched. A copy that could not be looked at
    stays where it is, and the failure is transient: another attempt compares it with its source.
    """
    place = place_of(item.destination, item.path)
    if not condemns(failure):
        failure.details["transient"] = True
    elif ours is not None and stands(folders, place, ours):
        _move(folders, item, place, failure)
    elif failure.error != "missing":
        failure.message += "; not moved: what stands there is not known to be the copy that was made"
    folders.forget()
    return failure.report(item.transfer)


def condemns(failure: AttemptFailed) -> bool:
    """Tell whether a failed read-back says that the copy is bad: it differs, or its data cannot be read."""
    details = failure.details
    unreadable = details.get("errno") == errno.EIO and details.get("offset") is not None
    return details.get("differs", False) or unreadable


def regular_file_at(folders: Folders, place: Place) -> Identity | None:
    """Return which regular file stands at a place; None when there is none, or it cannot be seen."""
    try:
        found = folders.calls.stat(place.name, dir_fd=folders.of(place), follow_symlinks=False)
    except OSError:
        return None
    return identity_of(found) if stat.S_ISREG(found.st_mode) else None


def _move(folders: Folders, item: CopyItem, place: Place, failure: AttemptFailed) -> None:
    mark = item.transfer.hex[:MARK_LENGTH].encode()
    try:
        name = _set_aside(folders, place, mark)
    except FileNotFoundError:
        return  # it is gone; there is nothing to move
    except OSError as error:
        failure.message += f"; it could not be moved aside and still stands under its name ({error.strerror})"
        return
    folder = place.folder + b"/" if place.folder else b""
    failure.details["moved_to"] = RawPath(folder + name)
    try:
        flush_folder(folders.calls, folders.of(place))
    except OSError as error:
        failure.message += f"; that it was moved aside may be lost in a power cut ({error.strerror})"


def _set_aside(folders: Folders, place: Place, mark: bytes) -> bytes:
    """Move a bad copy to ``<name>.custody-bad-<mark>``, replacing nothing; returns the new name.

    Raises OSError when it still stands under its own name.
    """
    for again in range(1, MAX_SET_ASIDE):
        ending = b".custody-bad-" + mark + (b".%d" % again if again > 1 else b"")
        name = place.name[: MAX_NAME_BYTES - len(ending)] + ending
        folder = folders.of(place)
        try:
            rename_without_replacing(folders.calls, folder, place.name, name)
        except FileExistsError:
            continue
        return name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
