"""A copy while it is written: under a temporary name in its folder, gone unless it was finished.

Knows when a file is durable, and that a failed flush is never tried again, because the kernel then calls
clean what it has lost: the temporary file is discarded. Knows how an interrupted one is taken up again, and
that what stands under its name is believed only as far as it looks. Gives no file its final name.
"""

import errno
import os
import stat
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from custody.domain.copying.orders import CopyItem, Mark
from custody.domain.copying.reports import Side, Stage, Unkept
from custody.infrastructure.files.direct_io import DirectWriting
from custody.infrastructure.files.extended_attributes import keep_attributes
from custody.infrastructure.files.failures import FLUSHING, SETTING_METADATA, WRITING, AttemptFailed
from custody.infrastructure.files.folders import Folders, Place, close_quietly, place_of
from custody.infrastructure.files.metadata import set_mode, set_times
from custody.infrastructure.files.standing import Identity, identity_of
from custody.infrastructure.files.streaming import ALIGNMENT_BYTES

WRITING_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Appending: after the cut at the mark the end of the file is where the copy goes on.
GOING_ON: Final = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
TRYING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
PRIVATE: Final = 0o600
# What opening says where no file of ours stands any more, or one that was finished but for its name.
NOT_OURS: Final = frozenset(
    {errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ETXTBSY}
)


class Temporary:
    """A temporary file being written; a context manager that discards it when the block fails."""

    def __init__(
        self,
        folders: Folders,
        place: Place,
        name: bytes,
        *,
        direct: bool = False,
        resume_at: Mark | None = None,
    ) -> None:
        """``direct``: write past the page cache where that can be done."""
        self._folders = folders
        self._place = place
        self._name = name
        self._direct = direct
        self._resume_at = resume_at
        self._fd = -1
        self.identity: Identity = (0, 0)

    def __enter__(self) -> Self:
        if self._resume_at is None:
            with WRITING:  # what stands there already is nobody's to discard
                self._fd = self._opened(WRITING_NEW)
        try:
            if self._resume_at is not None:
                self._reopen(self._resume_at)
            with WRITING:
                self.identity = identity_of(self._folders.calls.fstat(self._fd))
                offset = self._resume_at.size if self._resume_at else 0
                direct = self._direct and not offset % ALIGNMENT_BYTES
                self._writing = DirectWriting(self._folders.calls, self._fd, direct=direct)
        except AttemptFailed:
            self._abandon()
            raise
        return self

    def _opened(self, flags: int) -> int:
        folder = self._folders.of(self._place)
        return self._folders.calls.open(self._name, flags, PRIVATE, dir_fd=folder)

    def _reopen(self, mark: Mark) -> None:
        calls = self._folders.calls
        with WRITING:
            try:
                self._fd = self._opened(GOING_ON)
            except OSError as error:
                if error.errno in NOT_OURS:
                    raise resume_differs("it cannot be opened any more", mark) from error
                raise
            found = calls.fstat(self._fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise resume_differs("it is no regular file with one name", mark)
        if found.st_size < mark.size:
            raise resume_differs(f"it has only {found.st_size} bytes", mark)
        with WRITING:
            calls.truncate(self._fd, mark.size)
        self.flush()

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
        with WRITING:
            self._writing.write(data)

    def flush(self) -> None:
        """Make what was written durable; raises AttemptFailed, and then the file is worth nothing."""
        with FLUSHING:
            self._folders.calls.fdatasync(self._fd)

    def finish(self, item: CopyItem, source: int, *, flush: bool) -> Unkept | None:
        """Set attributes as the open source has them, mode and times, flush if asked to, and close.

        Returns the attributes that could not be kept; raises AttemptFailed.
        """
        calls = self._folders.calls
        with SETTING_METADATA:
            unkept = keep_attributes(calls, source, self._fd)
            set_mode(calls, self._fd, item.mode)
            set_times(calls, self._fd, item.atime_ns, item.mtime_ns)
        with FLUSHING:
            if flush:
                calls.fsync(self._fd)
            closing, self._fd = self._fd, -1
            calls.close(closing)  # NFS and quotas tell here what they could not take
        return unkept


def resume_differs(what: str, mark: Mark) -> AttemptFailed:
    """Return the failure of going on with a temporary file that is not what was recorded of it."""
    return AttemptFailed(
        *(Stage.READ_BACK, Side.DESTINATION, "resume-differs"),
        f"the interrupted copy cannot be taken up again: {what}",
        offset=mark.size,
        transient=True,
    )


def discard(folders: Folders, place: Place, name: bytes) -> None:
    """Remove a temporary file if it is there; what cannot be removed is known to the ledger by its name."""
    with suppress(OSError):
        folders.calls.unlink(name, dir_fd=folders.of(place))


def try_temporary(folders: Folders, item: CopyItem) -> None:
    """Take the lock of a temporary file for a moment; does not return while a lost lane's call holds it.

    Setting the mode that it has takes the lock of the file alone; removing it would hold that of its folder
    while waiting.
    """
    with suppress(AttemptFailed, OSError):
        folder = folders.of(place_of(item.destination, item.path))
        fd = folders.calls.open(item.temporary, TRYING, dir_fd=folder)
        try:
            folders.calls.fchmod(fd, stat.S_IMODE(folders.calls.fstat(fd).st_mode))
        finally:
            close_quietly(folders.calls, fd)
