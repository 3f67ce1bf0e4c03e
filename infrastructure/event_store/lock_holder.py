"""Which process holds a lock file, asked of the kernel without touching the lock.

Knows Linux's list of locks (proc_locks(5)). Sees no holder on another machine that shares the file system,
and none where there is no such list.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOCKS: Final = Path("/proc/locks")
_FIELDS: Final = 8  # ordinal, kind, mode, access, process, device:inode, start, end


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A process of this machine; ``pid`` is None when it lives where its number cannot be seen."""

    pid: int | None
    host: str


def lock_holder(path: Path, locks: Path = LOCKS) -> LockHolder | None:
    """Return who holds the lock of a file; None when nobody does, or the kernel does not say."""
    try:
        inode = path.stat().st_ino
        listed = locks.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for pid in _holders(listed, inode):
        if pid <= 0:
            return LockHolder(None, os.uname().nodename)
        if _has_open(pid, path):
            return LockHolder(pid, os.uname().nodename)
    return None


def _holders(listed: list[str], inode: int) -> Iterator[int]:
    """Yield the processes that hold, not those that wait for or share, a lock of a file of this number.

    Whoever reads a ledger on a full disk shares its lock and is nobody to wait for.
    """
    for line in listed:
        fields = line.split()
        if len(fields) != _FIELDS or fields[5].rpartition(":")[2] != str(inode):
            continue
        if (fields[1], fields[3]) == ("FLOCK", "WRITE"):
            yield int(fields[4])


def _has_open(pid: int, path: Path) -> bool:
    """Tell whether a process has the file open: inodes of other devices may have the same number.

    Where that may not be looked at, the number is believed.
    """
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except PermissionError:
        return True
    except OSError:
        return False
    return any(_is_same(descriptor, path) for descriptor in descriptors)


def _is_same(descriptor: Path, path: Path) -> bool:
    try:
        return descriptor.samefile(path)
    except OSError:
        return False
