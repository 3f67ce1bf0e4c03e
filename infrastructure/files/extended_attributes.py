"""Extended attributes and access lists, carried from a source to its copy through descriptors.

Knows which attributes belong to a file and which to the machine that it lies on: labels of its security
policy (``security.selinux``, ``security.ima``, …) and ``trusted.*`` are neither read nor listed. What
the destination does not take is returned and never silent. Does not know who the numbers in a list stand for.
"""

import contextlib
import errno
import os
from typing import Final

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Kept, Unkept
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import LISTING, Folders, close_quietly
from custody.infrastructure.files.metadata import OWNER_WORKS, set_mode

_CARRIED: Final = frozenset({b"system.posix_acl_access", b"system.posix_acl_default", b"security.capability"})
_USER: Final = b"user."
_NO_ATTRIBUTES: Final = frozenset({errno.EOPNOTSUPP, errno.ENOSYS})
# The file system, its limits or our rights do not allow it (xattr(7)); other errors are those of a disk.
_NOT_TAKEN: Final = frozenset(
    {
        *(errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL),
        *(errno.ENOSPC, errno.EDQUOT, errno.E2BIG, errno.ERANGE),
    }
)


def keep_attributes(calls: FileCalls, source: int, copy: int) -> Unkept | None:
    """Set every attribute of an open source on its open copy; returns what could not be kept.

    To be called before the mode is set, which an access list changes. Raises OSError when the disk of the
    copy fails; an attribute that cannot be read from the source is one that could not be kept.
    """
    try:
        names = sorted(filter(_is_carried, calls.listxattr(source)))
    except OSError as error:
        if error.errno in _NO_ATTRIBUTES:
            return None
        return Unkept((), f"they could not be listed: {_reason(error)}")
    lost = [(name, reason) for name in names if (reason := _not_kept(calls, source, copy, name))]
    return Unkept(tuple(name for name, _ in lost), lost[0][1]) if lost else None


def keep_folder_attributes(folders: Folders, item: CopyItem) -> Kept:
    """Set every attribute of a source's folder on the folder made for it; what cannot be kept is told.

    The owner may still work in the folder afterwards, whatever its access list says: its mode comes last.
    """
    calls = folders.calls
    try:
        with (
            contextlib.closing(_Opened(folders, item.source_root, item.path)) as source,
            contextlib.closing(_Opened(folders, item.destination, item.path)) as copy,
        ):
            unkept = keep_attributes(calls, source.fd, copy.fd)
            with contextlib.suppress(OSError):  # its mode is set again, last of all, and any trouble told
                set_mode(calls, copy.fd, item.mode | OWNER_WORKS)
    except OSError as error:
        folders.forget()
        unkept = Unkept((), f"the folder could not be worked on: {_reason(error)}")
    return Kept(transfer=item.transfer, unkept=unkept)


class _Opened:
    """A folder held open."""

    def __init__(self, folders: Folders, root: bytes, path: bytes) -> None:
        self._calls = folders.calls
        self.fd = folders.calls.open(b".", LISTING, dir_fd=folders.descriptor(root, path))

    def close(self) -> None:
        close_quietly(self._calls, self.fd)


def _not_kept(calls: FileCalls, source: int, copy: int, name: bytes) -> str | None:
    try:
        value = calls.getxattr(source, name)
    except OSError as error:
        return f"it could not be read: {_reason(error)}"
    try:
        calls.setxattr(copy, name, value)
    except OSError as error:
        if error.errno not in _NOT_TAKEN:
            raise
        return _reason(error)
    return None


def _is_carried(name: bytes) -> bool:
    return name in _CARRIED or name.startswith(_USER)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0)
