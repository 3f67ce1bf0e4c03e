"""One flush of a whole file system for many files, where the kernel tells truly whether it succeeded.

Knows on which file systems and kernels ``syncfs`` reports every write-back error. Does not know what was
written.
"""

import errno
import os
import re
from collections.abc import Iterable
from typing import Final, Self

from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import LISTING, FolderCache, close_quietly
from custody.infrastructure.files.publishing import flush_folder

TELLS_ERRORS: Final = frozenset({0xEF53, 0x58465342, 0x9123683E})  # linux/magic.h: ext4, XFS, Btrfs
# Linux 5.8 reports failed data; only 5.17 also returns what the file system's own sync_fs says.
FIRST_KERNEL: Final = (5, 17)


def kernel_tells_errors(release: str) -> bool:
    """Tell whether a kernel of this release returns every error from ``syncfs``."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found[1]), int(found[2])) >= FIRST_KERNEL


class SharedFlush:
    """A descriptor opened before the first write of a window; errors since then are told by it."""

    def __init__(self, calls: FileCalls, fd: int, device: int) -> None:
        self._calls = calls
        self._fd = fd
        self.device = device

    @classmethod
    def opened(cls, calls: FileCalls, root_fd: int) -> Self | None:
        """Return a shared flush for what is written below a folder; None where each file needs its own."""
        if not kernel_tells_errors(os.uname().release):
            return None
        try:
            fd = calls.open(b".", LISTING, dir_fd=root_fd)
        except OSError:
            return None
        try:
            if calls.filesystem_type(fd) in TELLS_ERRORS:
                return cls(calls, fd, calls.fstat(fd).st_dev)
        except OSError:
            pass  # each file flushes for itself, and will tell whose trouble it is
        close_quietly(calls, fd)
        return None

    def succeeds(self) -> bool:
        """Flush; False when anything on this file system could not be written since the opening."""
        try:
            self._calls.syncfs(self._fd)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the descriptor."""
        close_quietly(self._calls, self._fd)


def flush_folders(
    calls: FileCalls, cache: FolderCache, folders: Iterable[bytes], shared: SharedFlush | None
) -> None:
    """Make the names in all these folders durable; raises OSError.

    One shared flush serves those on its own file system; a failed one is not tried again.
    """
    alone = [
        folder
        for folder in folders
        if shared is None or calls.fstat(cache.descriptor(folder)).st_dev != shared.device
    ]
    if shared is not None and not shared.succeeds():
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    for folder in alone:
        flush_folder(calls, cache.descriptor(folder))
