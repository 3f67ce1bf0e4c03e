"""The calls of Linux as they are: the real ``FileCalls``, and a process that dies with its parent.

Knows the three calls that Python does not offer (syncfs, renameat2, fstatfs) and how they report errors.
Decides nothing.
"""

import ctypes
import fcntl
import os
import signal
from typing import Final

RENAME_NOREPLACE: Final = 1  # linux/fs.h
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
STATFS_BYTES: Final = 256  # more than struct statfs has on any architecture (120 on x86-64)

_libc = ctypes.CDLL(None, use_errno=True)
# The type names the C library's own function, not the wider number of arguments that a wrong call could have.
_libc.renameat2.argtypes = (
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_uint,
)


def _raise_last(result: int) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _syncfs(fd: int, /) -> None:
    _raise_last(_libc.syncfs(fd))


def _filesystem_type(fd: int, /) -> int:
    found = ctypes.create_string_buffer(STATFS_BYTES)
    _raise_last(_libc.fstatfs(fd, found))
    return ctypes.c_long.from_buffer(found).value & 0xFFFFFFFF


def _rename_noreplace(old: bytes, new: bytes, /, *, dir_fd: int) -> None:
    _raise_last(_libc.renameat2(dir_fd, old, dir_fd, new, RENAME_NOREPLACE))


def _names(fd: int, /) -> list[bytes]:
    return [os.fsencode(name) for name in os.listdir(fd)]


def die_with_parent(parent: int) -> None:
    """Have this process killed when the thread that started it ends; at once if it is gone already."""
    _raise_last(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _seek(fd: int, offset: int, /) -> None:
    os.lseek(fd, offset, os.SEEK_SET)


class LinuxFileCalls:
    """``FileCalls`` on the running kernel."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    readv = staticmethod(os.readv)
    write = staticmethod(os.write)
    seek = staticmethod(_seek)
    truncate = staticmethod(os.ftruncate)
    fsync = staticmethod(os.fsync)
    fdatasync = staticmethod(os.fdatasync)
    syncfs = staticmethod(_syncfs)
    filesystem_type = staticmethod(_filesystem_type)
    rename_noreplace = staticmethod(_rename_noreplace)
    link = staticmethod(os.link)
    unlink = staticmethod(os.unlink)
    mkdir = staticmethod(os.mkdir)
    symlink = staticmethod(os.symlink)
    fstat = staticmethod(os.fstat)
    stat = staticmethod(os.stat)
    names = staticmethod(_names)
    utime = staticmethod(os.utime)
    fchmod = staticmethod(os.fchmod)
    getxattr = staticmethod(os.getxattr)
    setxattr = staticmethod(os.setxattr)
    fadvise = staticmethod(os.posix_fadvise)
    flock = staticmethod(fcntl.flock)
    statvfs = staticmethod(os.statvfs)
    access = staticmethod(os.access)

    def listxattr(self, fd: int, /) -> list[bytes]:
        """Return the names of the extended attributes of an open file."""
        return [os.fsencode(name) for name in os.listxattr(fd)]

    def readlink(self, path: bytes, /, *, dir_fd: int | None = None) -> bytes:
        """Return the target of a symbolic link."""
        return os.readlink(path, dir_fd=dir_fd)

    def status_flags(self, fd: int, /) -> int:
        """Return the status flags of an open file."""
        return fcntl.fcntl(fd, fcntl.F_GETFL)

    def set_status_flags(self, fd: int, flags: int, /) -> None:
        """Set the status flags of an open file."""
        fcntl.fcntl(fd, fcntl.F_SETFL, flags)

    def realpath(self, path: bytes, /) -> bytes:
        """Return the absolute path with every link resolved that exists."""
        return os.path.realpath(path)
