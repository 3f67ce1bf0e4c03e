"""Read-only looks at sources and destinations, at absolute paths as a person named them.

Knows what stands somewhere, what speaks against writing there, and which folders contain one another under
whatever names. Changes nothing, so it cannot promise that a write will succeed.
"""

import os
import stat
from collections.abc import Callable
from typing import NoReturn

from custody.domain.errors import Refused
from custody.domain.paths import RawPath, is_within, printable, with_parents
from custody.domain.ports import Room, Standing
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.mount_table import MountTable, read_mounts
from custody.infrastructure.files.standing import Identity, identity_of, room_of, standing_at


class FileInspector:
    """Implements ``ports.Inspector``."""

    def __init__(self, calls: FileCalls, mounts: Callable[[], bytes] = read_mounts) -> None:
        self._calls = calls
        self._mounts = mounts

    def standing(self, path: RawPath) -> Standing | None:
        """Return what ``lstat`` says of a path; None when nothing is there.

        Raises Refused when it cannot be looked at.
        """
        try:
            return standing_at(self._calls, path)
        except NotADirectoryError:
            return None
        except OSError as error:
            _refuse(path, error)

    def obstacle(self, destination: RawPath) -> str | None:
        """Return why a folder could not be made or written there; None when nothing speaks against it."""
        try:
            path, found = self._nearest(destination)
            if not stat.S_ISDIR(found.st_mode):
                return "is not a folder" if path == destination else f"lies below a file: {printable(path)}"
            if self._calls.statvfs(path).f_flag & os.ST_RDONLY:
                return "lies on a file system that is mounted read-only"
            if not self._calls.access(path, os.W_OK | os.X_OK):
                return f"cannot be written: {printable(path)} does not allow it"
        except OSError as error:
            return f"cannot be looked at: {error.strerror}"
        return None

    def contains(self, outer: RawPath, inner: RawPath) -> bool:
        """Tell whether ``inner``, or its future place, is ``outer`` or lies in it, under whatever names.

        Every existing parent of ``inner`` is compared by device and inode. By the table of mounts, ``inner``
        and what is mounted in it are compared with ``outer`` and what is mounted in that, so a bind mount of
        a folder deep in ``outer`` is seen through. Raises Refused when a path cannot be looked at.
        """
        wanted = self._identity(outer)
        if wanted is None:
            return False
        return wanted in self.lineage(inner) or self._shows_a_part(outer, inner)

    def lineage(self, path: RawPath) -> frozenset[Identity]:
        """Return device and inode of a folder, if it is there, and of every existing folder that it lies in.

        Raises Refused when a path cannot be looked at.
        """
        found = (self._identity(folder) for folder in with_parents(self._real(path)))
        return frozenset(identity for identity in found if identity is not None)

    def _shows_a_part(self, outer: RawPath, inner: RawPath) -> bool:
        table = MountTable(self._mounts)
        real_outer, real_inner = self._real(outer), self._real(inner)
        if is_within(real_outer, real_inner):
            return False  # ``inner`` holds ``outer``, and that is another question
        shown = list(table.trees(real_outer))
        return any(tree.lies_in(other) for tree in table.trees(real_inner) for other in shown)

    def _real(self, path: RawPath) -> RawPath:
        try:
            return RawPath(self._calls.realpath(path))
        except OSError as error:
            _refuse(path, error)

    def room(self, destination: RawPath) -> tuple[int, Room]:
        """Return the device and the free space of the file system that holds, or would hold, the folder.

        Raises Refused when it cannot be looked at.
        """
        try:
            path, found = self._nearest(destination)
            return found.st_dev, room_of(self._calls.statvfs(path))
        except OSError as error:
            _refuse(destination, error)

    def _nearest(self, path: RawPath) -> tuple[bytes, os.stat_result]:
        """Return the path or its nearest existing parent, links followed; raises OSError."""
        for candidate in with_parents(path):
            try:
                return candidate, self._calls.stat(candidate)
            except (FileNotFoundError, NotADirectoryError):
                continue
        raise FileNotFoundError(0, "not even the root exists")

    def _identity(self, path: bytes) -> Identity | None:
        try:
            return identity_of(self._calls.stat(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            _refuse(path, error)


def _refuse(path: bytes, error: OSError) -> NoReturn:
    raise Refused(
        f"cannot look at {printable(path)}: {error.strerror}", done="nothing was written"
    ) from error
