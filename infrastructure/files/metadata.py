"""Times and mode of a copy, set through an open descriptor.

Knows that set-user-id, set-group-id and sticky bits are recorded but never set, that the owner of a copy
may always read it (or it could not be verified), and that some file systems keep no mode: there it is only
in the ledger. Knows no owner, no access list and no extended attribute.
"""

import errno
from typing import Final

from custody.infrastructure.files.file_calls import FileCalls

PERMISSIONS: Final = 0o777
OWNER_READS: Final = 0o400
OWNER_WORKS: Final = 0o700
MODE_REFUSED: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
# linux/magic.h: FAT, exFAT, NTFS, FUSE block devices, CIFS, SMB 2
WITHOUT_MODES: Final = frozenset({0x4D44, 0x2011BAB0, 0x7366746E, 0x65735546, 0xFF534D42, 0xFE534D42})


def set_mode(calls: FileCalls, fd: int, mode: int) -> None:
    """Set the permission bits; raises OSError unless the file system is one that keeps none."""
    try:
        calls.fchmod(fd, mode & PERMISSIONS | OWNER_READS)
    except OSError as error:
        if error.errno not in MODE_REFUSED or calls.filesystem_type(fd) not in WITHOUT_MODES:
            raise


def set_times(calls: FileCalls, fd: int, atime_ns: int, mtime_ns: int) -> None:
    """Set access and modification time; raises OSError."""
    calls.utime(fd, ns=(atime_ns, mtime_ns))
