"""Read-only looks at sources and destinations, at absolute paths as a person named them.

Knows what stands somewhere, what speaks against writing there, and which folders contain one another under
whatever names. Changes nothing, so it cannot promise that a write will succeed.
"""

import os
import stat
from collections.abc import Iterator
from typing import NoReturn

from custody.domain import paths
from custody.domain.errors import Refused
from custody.domain.paths import RawPath, printable
from custody.domain.ports import Room, Standing
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.standing import Identity, identity_of, room_of, standing_at


class FileInspector:
    """Implements ``ports.Inspector``."""

    def __init__(self, calls: FileCalls) -> None:
        self._calls = calls

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
        """Tell, by device and inode, whether ``inner``, or its future place, is ``outer`` or lies in it.

        Every existing parent of ``inner`` is compared, so a bind mount of ``outer`` is seen through. A bind
        mount of a folder below ``outer`` is not. Raises Refused when a path cannot be looked at.
        """
        wanted = self._identity(outer)
        if wanted is None:
            return False
        try:
            real = self._calls.realpath(inner)
        except OSError as error:
            _refuse(inner, error)
        return any(self._identity(path) == wanted for path in _with_parents(real))

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
        for candidate in _with_parents(path):
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


def _with_parents(path: bytes) -> Iterator[bytes]:
    while path and path != b"/":
        yield path
        path = paths.parent(path)
    yield b"/"


def _refuse(path: bytes, error: OSError) -> NoReturn:
    raise Refused(
        f"cannot look at {printable(path)}: {error.strerror}", done="nothing was written"
    ) from error
