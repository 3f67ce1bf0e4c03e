"""Durable publishing: the one place that creates, names and retracts copies.

Knows the order that survives a power cut: temporary name in the folder of the copy, data, times and mode,
one flush, a name that replaces nothing, a flush of the folder. A failed flush is never tried again, because
the kernel then calls clean what it has lost: the temporary file is discarded. Does not know what a copy
should contain.
"""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from custody.domain.copying import CopyItem, Side, Stage
from custody.domain.digest import Digests
from custody.infrastructure.files.failures import (
    FLUSHING,
    SETTING_METADATA,
    WRITING,
    AttemptFailed,
    failed_by,
)
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import LISTING, Folders, Place, close_quietly
from custody.infrastructure.files.metadata import set_mode, set_times
from custody.infrastructure.files.standing import Identity, identity_of
from custody.infrastructure.files.streaming import HEARTBEAT_BYTES

CREATING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
PRIVATE: Final = 0o600
RENAME_REFUSED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
# A slow stick takes this much within the stall timeout; a cache of gigabytes would be flushed in silence.
FLUSH_EVERY_BYTES: Final = HEARTBEAT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A whole copy under its temporary name."""

    item: CopyItem
    place: Place
    digests: Digests
    identity: Identity
    flushed: bool  # by its own flush, not the one of its window


class Temporary:
    """A temporary file being written; a context manager that discards it when the block fails."""

    def __init__(self, folders: Folders, place: Place, name: bytes) -> None:
        self._folders = folders
        self._place = place
        self._name = name
        self._fd = -1
        self._unflushed = 0
        self.identity: Identity = (0, 0)

    def __enter__(self) -> Self:
        calls = self._folders.calls
        with WRITING:
            folder = self._folders.of(self._place)
            self._fd = calls.open(self._name, CREATING, PRIVATE, dir_fd=folder)
        try:
            with WRITING:
                self.identity = identity_of(calls.fstat(self._fd))
        except AttemptFailed:
            self._abandon()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._abandon()

    def _abandon(self) -> None:
        if self._fd >= 0:
            close_quietly(self._folders.calls, self._fd)
            self._fd = -1
        discard(self._folders, self._place, self._name)

    def write(self, data: memoryview) -> None:
        """Write all of ``data``; raises AttemptFailed."""
        left = data
        with WRITING:
            while left:
                written = self._folders.calls.write(self._fd, left)
                if not written:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                left = left[written:]
        self._unflushed += len(data)
        if self._unflushed >= FLUSH_EVERY_BYTES:
            with FLUSHING:
                self._folders.calls.fdatasync(self._fd)
            self._unflushed = 0

    def finish(self, item: CopyItem, *, flush: bool) -> None:
        """Set times and mode, flush if asked to, and close; raises AttemptFailed."""
        calls = self._folders.calls
        with SETTING_METADATA:
            set_mode(calls, self._fd, item.mode)
            set_times(calls, self._fd, item.atime_ns, item.mtime_ns)
        with FLUSHING:
            if flush:
                calls.fsync(self._fd)
            closing, self._fd = self._fd, -1
            calls.close(closing)  # NFS and quotas tell here what they could not take


def discard(folders: Folders, place: Place, name: bytes) -> None:
    """Remove a temporary file if it is there; what cannot be removed is known to the ledger by its name."""
    with suppress(OSError):
        folders.calls.unlink(name, dir_fd=folders.of(place))


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
