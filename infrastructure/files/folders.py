"""Descriptors of folders, opened component by component.

Knows how to reach a folder of any depth with few descriptors open and no path longer than one name. The way
to a root is as people named it, links included; below a root no link is followed. Does not know what lies in
a folder.
"""

import errno
import os
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from custody.domain import paths
from custody.domain.copying.reports import Side, Stage
from custody.domain.errors import Refused
from custody.infrastructure.files.failures import AttemptFailed
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.standing import Identity, identity_of

# O_PATH asks for the right to pass, not to list: an examiner may not be allowed to list /home.
PASSING: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PASSING_LINKS: Final = PASSING & ~os.O_NOFOLLOW
LISTING: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# 4 × (8 + 1) descriptors leave room for the work under a limit of 64.
MAX_ROOTS: Final = 4
MAX_FOLDERS: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file stands: a bare name in a folder below a root."""

    root: bytes
    folder: bytes  # below the root; empty: the root itself
    name: bytes


def place_of(root: bytes, path: bytes, side: Side = Side.DESTINATION) -> Place:
    """Return the place of ``root/path``; raises AttemptFailed when the path could lead out of the root."""
    try:
        safe = paths.below(path)
    except Refused as error:
        raise AttemptFailed(Stage.OPEN, side, "unsafe-path", error.what) from error
    return Place(root, paths.parent(safe), paths.name(safe))


def close_quietly(calls: FileCalls, fd: int) -> None:
    """Close a descriptor through which nothing was written, so that an error would say nothing."""
    with suppress(OSError):
        calls.close(fd)


def descend(calls: FileCalls, start: int, parts: Iterable[bytes], flags: int = PASSING) -> int:
    """Return a new descriptor of the folder reached from ``start``; at least one part must be given."""
    current = start
    for part in parts:
        try:
            following = calls.open(part, flags, dir_fd=current)
        finally:
            if current != start:
                close_quietly(calls, current)
        current = following
    return current


def open_root(calls: FileCalls, path: bytes) -> int:
    """Return a descriptor of an absolute folder as a person named it, links followed; raises OSError."""
    slash = calls.open(b"/", PASSING)
    parts = [part for part in path.split(b"/") if part]
    if not parts:
        return slash
    try:
        return descend(calls, slash, parts, PASSING_LINKS)
    finally:
        close_quietly(calls, slash)


class FolderCache:
    """The folders used last below one root; a descriptor is good until the next one is asked for."""

    def __init__(self, calls: FileCalls, root_fd: int) -> None:
        """Take over the descriptor of the root."""
        self._calls = calls
        self._root = root_fd
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def descriptor(self, folder: bytes) -> int:
        """Return the descriptor of a folder below the root (empty: the root); raises OSError."""
        if not folder:
            return self._root
        known = self._open.get(folder)
        if known is not None:
            self._open.move_to_end(folder)
            return known
        start, rest = self._nearest(folder)
        found = descend(self._calls, start, rest.split(b"/"))
        self._open[folder] = found
        if len(self._open) > MAX_FOLDERS:
            close_quietly(self._calls, self._open.popitem(last=False)[1])
        return found

    def _nearest(self, folder: bytes) -> tuple[int, bytes]:
        end = len(folder)
        while (end := folder.rfind(b"/", 0, end)) > 0:
            known = self._open.get(folder[:end])
            if known is not None:
                return known, folder[end + 1 :]
        return self._root, folder

    def close(self) -> None:
        """Close every descriptor."""
        while self._open:
            close_quietly(self._calls, self._open.popitem()[1])
        close_quietly(self._calls, self._root)


class Folders:
    """The folders used last, below the roots used last."""

    def __init__(self, calls: FileCalls) -> None:
        self.calls = calls
        self._roots: OrderedDict[bytes, FolderCache] = OrderedDict()
        self._identities: dict[bytes, Identity] = {}

    def descriptor(self, root: bytes, folder: bytes) -> int:
        """Return a descriptor that is good until the next one is asked for; raises OSError."""
        return self._below(root).descriptor(folder)

    def of(self, place: Place) -> int:
        """Return the descriptor of the folder of a place; raises OSError."""
        return self._below(place.root).descriptor(place.folder)

    def pin(self, root: bytes, identity: Identity) -> None:
        """Require from now on that a root is this very folder; elsewhere it cannot be opened (ESTALE)."""
        if self._identities.get(root) == identity:
            return
        self._identities[root] = identity
        if (known := self._roots.pop(root, None)) is not None:
            known.close()

    def _below(self, root: bytes) -> FolderCache:
        known = self._roots.get(root)
        if known is not None:
            self._roots.move_to_end(root)
            return known
        found = FolderCache(self.calls, self._open_same(root))
        self._roots[root] = found
        if len(self._roots) > MAX_ROOTS:
            self._roots.popitem(last=False)[1].close()
        return found

    def _open_same(self, root: bytes) -> int:
        """Open a root that must be what it was before: exchanged under way, it would lead elsewhere."""
        fd = open_root(self.calls, root)
        try:
            now = identity_of(self.calls.fstat(fd))
        except OSError:
            close_quietly(self.calls, fd)
            raise
        if self._identities.setdefault(root, now) != now:
            close_quietly(self.calls, fd)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return fd

    def forget(self) -> None:
        """Close everything: after an error the medium may come back as another one under the same path."""
        while self._roots:
            self._roots.popitem()[1].close()
