"""Listing a source as ``lstat`` gives it.

Order: depth first, a folder before its content, the names of each folder sorted as raw bytes; in other
words, sorted by the list of the path's parts. No link is followed, and no recursion or long path is used,
so depth has no limit but that of the ledger: a path that no entry has room for is reported and not descended
into. What cannot be listed is reported and the walk goes on. One listing proves
nothing about completeness: the pipeline lists twice and compares.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from custody.domain.copying.orders import Walk
from custody.domain.copying.reports import Listed, ListedEntry, ListingFailed, Side
from custody.domain.paths import RawPath
from custody.infrastructure.files.failures import word_for
from custody.infrastructure.files.folders import LISTING, Folders, close_quietly
from custody.infrastructure.files.standing import kind_of
from custody.infrastructure.files.streaming import HEARTBEAT_SECONDS

MAX_BATCH: Final = 1000
# FileFailed carries up to three such paths, each perhaps with its base64 form, in an entry of 60 KiB.
MAX_PATH_BYTES: Final = 3_072  # below the parent of the source


@dataclass(slots=True)
class _Level:
    folder: RawPath  # below the root of the walk
    names: Iterator[bytes]
    refused: int = 0  # names in it whose path is too long to be recorded


class _Batch:
    """Entries not handed over yet; told when full, or old enough to be missed."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._entries: list[ListedEntry] = []
        self._told_at = monotonic()

    def add(self, entry: ListedEntry) -> Iterator[Listed]:
        self._entries.append(entry)
        late = self._monotonic() - self._told_at >= HEARTBEAT_SECONDS
        return self.rest() if late or len(self._entries) >= MAX_BATCH else iter(())

    def rest(self) -> Iterator[Listed]:
        told, self._entries = self._entries, []
        self._told_at = self._monotonic()
        return iter((Listed(tuple(told)),) if told else ())


def walk(folders: Folders, request: Walk, monotonic: Callable[[], float]) -> Iterator[Listed | ListingFailed]:
    """List ``root/name`` and everything below it."""
    root, batch = request.root, _Batch(monotonic)
    levels = [_Level(RawPath(b""), iter((request.name,)))]
    while levels:
        name = next(levels[-1].names, None)
        if name is None:
            if (ended := levels.pop()).refused:
                yield from batch.rest()
                yield _too_long(
                    ended.folder, f"names in it whose path is too long to record: {ended.refused}"
                )
            continue
        folder = levels[-1].folder
        path = RawPath(folder + b"/" + name if folder else name)
        if len(path) > MAX_PATH_BYTES:
            levels[-1].refused += 1
            continue
        try:
            entry = _entry(folders, root, folder, name, path)
            yield from batch.add(entry)
            if entry.kind == "directory":
                levels.append(_Level(path, iter(_sorted_names(folders, root, path))))
        except OSError as error:
            yield from batch.rest()
            yield _failed(folders, path, error)
    yield from batch.rest()


def _too_long(path: RawPath, message: str) -> ListingFailed:
    return ListingFailed(path=path, error="name-too-long", message=message, errno=None)


def _failed(folders: Folders, path: RawPath, error: OSError) -> ListingFailed:
    folders.forget()
    message = os.strerror(error.errno) if error.errno else str(error)
    return ListingFailed(
        path=path, error=word_for(error.errno, Side.SOURCE), message=message, errno=error.errno
    )


def _entry(folders: Folders, root: bytes, folder: bytes, name: bytes, path: RawPath) -> ListedEntry:
    at = folders.descriptor(root, folder)
    status = folders.calls.stat(name, dir_fd=at, follow_symlinks=False)
    target = None
    if stat.S_ISLNK(status.st_mode):
        target = RawPath(folders.calls.readlink(name, dir_fd=at))
    return ListedEntry(
        path=path,
        kind=kind_of(status.st_mode),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        ctime_ns=status.st_ctime_ns,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        device=status.st_dev,
        inode=status.st_ino,
        links=status.st_nlink,
        target=target,
    )


def _sorted_names(folders: Folders, root: bytes, path: bytes) -> list[bytes]:
    fd = _open_for_listing(folders, folders.descriptor(root, path))
    try:
        return sorted(folders.calls.names(fd))
    finally:
        close_quietly(folders.calls, fd)


def _open_for_listing(folders: Folders, folder: int) -> int:
    try:
        return folders.calls.open(b".", LISTING | os.O_NOATIME, dir_fd=folder)
    except PermissionError as error:
        if error.errno != errno.EPERM:  # EPERM: not the owner, so the access time cannot be spared
            raise
        return folders.calls.open(b".", LISTING, dir_fd=folder)
