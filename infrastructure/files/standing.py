"""What stands under a name and what a file system can still take, in the words of the ports."""

import os
import stat
from typing import Final

from custody.domain.paths import RawPath
from custody.domain.ports import Room, Standing
from custody.infrastructure.files.file_calls import FileCalls

KINDS: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block-device",
    stat.S_IFCHR: "character-device",
}

Identity = tuple[int, int]  # device and inode


def kind_of(mode: int) -> str:
    """Return the word for the kind of file that a mode describes."""
    return KINDS.get(stat.S_IFMT(mode), "unknown")


def identity_of(status: os.stat_result) -> Identity:
    """Return what makes a file the same file."""
    return status.st_dev, status.st_ino


def standing_at(calls: FileCalls, path: bytes, folder: int | None = None) -> Standing | None:
    """Return what ``lstat`` says of a path; None when there is nothing. Raises OSError."""
    try:
        found = calls.stat(path, dir_fd=folder, follow_symlinks=False)
        target = calls.readlink(path, dir_fd=folder) if stat.S_ISLNK(found.st_mode) else None
    except FileNotFoundError:
        return None
    return Standing(
        kind=kind_of(found.st_mode),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        target=None if target is None else RawPath(target),
    )


def room_of(found: os.statvfs_result) -> Room:
    """Return the free space; no count of free inodes where the file system makes them as needed."""
    return Room(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)
