"""The small port through which all access to evidence goes.

Knows the shape of the calls and the errors they raise (``OSError``, always). Does not know what they are
used for. Tests wrap it to count calls and to make the k-th one fail or kill the process.
"""

import os
from collections.abc import Sequence
from typing import Protocol


class FileCalls(Protocol):
    """Calls of the operating system on files, relative to descriptors of folders; names are raw bytes."""

    def open(self, path: bytes, flags: int, mode: int = 0o600, /, *, dir_fd: int | None = None) -> int:
        """Open and return a descriptor, which closes on exec."""

    def close(self, fd: int, /) -> None:
        """Close a descriptor; it is gone even when this raises."""

    def readv(self, fd: int, buffers: Sequence[memoryview], /) -> int:
        """Read into buffers; returns the number of bytes, 0 at the end."""

    def seek(self, fd: int, offset: int, /) -> None:
        """Set where the next read begins, in bytes."""

    def write(self, fd: int, data: memoryview, /) -> int:
        """Write and return how many bytes were taken, perhaps fewer than given."""

    def truncate(self, fd: int, length: int, /) -> None:
        """Cut an open file off at a length in bytes."""

    def fsync(self, fd: int, /) -> None:
        """Flush a file or folder to its device."""

    def fdatasync(self, fd: int, /) -> None:
        """Flush the content of a file to its device."""

    def syncfs(self, fd: int, /) -> None:
        """Flush the whole file system that holds the descriptor, and tell of errors since it was opened."""

    def filesystem_type(self, fd: int, /) -> int:
        """Return the magic number of the file system (statfs(2))."""

    def rename_noreplace(self, old: bytes, new: bytes, /, *, dir_fd: int) -> None:
        """Rename within one folder; FileExistsError when the new name is taken (renameat2(2))."""

    def link(
        self, old: bytes, new: bytes, /, *, src_dir_fd: int, dst_dir_fd: int, follow_symlinks: bool
    ) -> None:
        """Give a file a second name; FileExistsError when that is taken."""

    def unlink(self, path: bytes, /, *, dir_fd: int) -> None:
        """Remove a name."""

    def mkdir(self, path: bytes, mode: int, /, *, dir_fd: int) -> None:
        """Make a folder."""

    def symlink(self, target: bytes, path: bytes, /, *, dir_fd: int) -> None:
        """Make a symbolic link."""

    def readlink(self, path: bytes, /, *, dir_fd: int | None = None) -> bytes:
        """Return the target of a symbolic link."""

    def stat(
        self, path: bytes, /, *, dir_fd: int | None = None, follow_symlinks: bool = True
    ) -> os.stat_result:
        """Return what is known of a name."""

    def fstat(self, fd: int, /) -> os.stat_result:
        """Return what is known of an open file."""

    def names(self, fd: int, /) -> list[bytes]:
        """Return the names in an open folder, in no order, without ``.`` and ``..``."""

    def utime(
        self,
        path: int | bytes,
        /,
        *,
        ns: tuple[int, int],
        dir_fd: int | None = None,
        follow_symlinks: bool = True,
    ) -> None:
        """Set access and modification time in nanoseconds."""

    def fchmod(self, fd: int, mode: int, /) -> None:
        """Set the permission bits of an open file."""

    def listxattr(self, fd: int, /) -> list[bytes]:
        """Return the names of the extended attributes of an open file that this process may see."""

    def getxattr(self, fd: int, name: bytes, /) -> bytes:
        """Return the value of an extended attribute of an open file."""

    def setxattr(self, fd: int, name: bytes, value: bytes, /) -> None:
        """Set an extended attribute of an open file."""

    def fadvise(self, fd: int, offset: int, length: int, advice: int, /) -> None:
        """Announce how a file will be read (posix_fadvise(2))."""

    def status_flags(self, fd: int, /) -> int:
        """Return the status flags of an open file (F_GETFL)."""

    def set_status_flags(self, fd: int, flags: int, /) -> None:
        """Set the status flags of an open file (F_SETFL)."""

    def flock(self, fd: int, operation: int, /) -> None:
        """Take or release a lock that ends with the open file; BlockingIOError when another holds it."""

    def access(self, path: bytes, mode: int, /) -> bool:
        """Tell whether this process might read, write or pass a path; changes nothing."""

    def statvfs(self, place: int | bytes, /) -> os.statvfs_result:
        """Return how much a file system holds and can take."""

    def realpath(self, path: bytes, /) -> bytes:
        """Return the absolute path with every link resolved that exists."""
