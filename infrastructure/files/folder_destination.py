"""One job's destination folder: what stands in it, its folders and links, its room.

Knows no copy of a file (see ``publishing``) and never replaces or follows anything. Every path below it is
resolved from one descriptor that was opened and locked at the start, so a later exchange of the folder
leads nowhere else.
"""

import contextlib
import errno
import hashlib
import stat
from collections.abc import Iterator
from typing import Final

from custody.domain import paths
from custody.domain.errors import DestinationFailed, Refused
from custody.domain.paths import RawPath, printable
from custody.domain.ports import Room, Standing
from custody.infrastructure.files.destination_locks import SharedLocks
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import LISTING, FolderCache, close_quietly
from custody.infrastructure.files.metadata import set_mode, set_times
from custody.infrastructure.files.publishing import flush_folder, rename_without_replacing
from custody.infrastructure.files.shared_flush import SharedFlush, flush_folders
from custody.infrastructure.files.standing import Identity, identity_of, room_of, standing_at

NEW_FOLDER: Final = 0o700  # until ``finish_folder`` gives it the mode of its source
TEMPORARY: Final = (b".custody-", b".part")
# The file system works; it is this path that it does not take: a link in it, rights, a name too long or odd.
_NOT_THIS_NAME: Final = frozenset(
    {
        *(errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM),
        *(errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
    }
)


class FolderDestination:
    """Implements ``ports.Destination`` on a folder; made by ``open_destination``; close it."""

    def __init__(
        self, calls: FileCalls, path: RawPath, root_fd: int, above: SharedLocks, *, made: bool
    ) -> None:
        """Take over the locked descriptor of the folder at ``path``, and the locks on those above it."""
        self.path = path
        self.made = made
        self._above = above
        self._calls = calls
        self._root_fd = root_fd
        self._folders = FolderCache(calls, root_fd)
        self._unflushed: set[bytes] | None = None
        self._identity: Identity | None = None
        self._lineage: frozenset[Identity] | None = None

    @property
    def identity(self) -> Identity:
        """Device and inode of the folder: whoever works in it by its path must find this very one."""
        if self._identity is None:
            with self._trouble(b""):
                self._identity = identity_of(self._calls.fstat(self._root_fd))
        return self._identity

    @property
    def lineage(self) -> frozenset[Identity]:
        """Device and inode of the folder and of each one that it lies in."""
        if self._lineage is None:
            with self._trouble(b""):
                above = (identity_of(self._calls.stat(folder)) for folder in paths.with_parents(self.path))
                self._lineage = frozenset((self.identity, *above))
        return self._lineage

    def standing(self, path: bytes) -> Standing | None:
        """Return what stands at ``path``; None when there is nothing."""
        with self._trouble(path):
            folder, name = self._at(path)
            if folder is None:
                return None
            return standing_at(self._calls, name, folder)

    def make_folder(self, path: bytes) -> bool:
        """Make one folder and flush its parent; returns False when a folder was there already."""
        with self._trouble(path):
            folder, name = self._existing(path)
            try:
                self._calls.mkdir(name, NEW_FOLDER, dir_fd=folder)
                made = True
            except FileExistsError:
                found = self._calls.stat(name, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):
                    raise _taken(path, "something other than a folder") from None
                made = False
            # Also when it was there: the run that made it may have ended before it flushed.
            self._flush(paths.parent(path))
        return made

    def make_link(self, path: bytes, target: bytes, mtime_ns: int) -> None:
        """Make one symbolic link with its time, and flush its folder; an equal one that stands is left alone.

        It is made whole under a temporary name, so that an interruption leaves no half of it to be mended.
        """
        with self._trouble(path):
            folder, name = self._existing(path)
            found = standing_at(self._calls, name, folder)
            if found is None:
                self._publish_link(path, folder, target, mtime_ns)
            elif found.target != target:
                raise _taken(path, "something else")
            self._flush(paths.parent(path))

    def _publish_link(self, path: bytes, folder: int, target: bytes, mtime_ns: int) -> None:
        name = paths.name(path)
        temporary = _temporary_link(name)
        left = standing_at(self._calls, temporary, folder)
        if left is not None and left.kind == "link":  # of ours: interrupted before it had its name
            self._calls.unlink(temporary, dir_fd=folder)
        self._calls.symlink(target, temporary, dir_fd=folder)
        try:
            self._calls.utime(temporary, ns=(mtime_ns, mtime_ns), dir_fd=folder, follow_symlinks=False)
            rename_without_replacing(self._calls, folder, temporary, name)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._calls.unlink(temporary, dir_fd=folder)
            if isinstance(error, FileExistsError):  # somebody put something there in this moment
                raise _taken(path, "something else") from None
            raise

    def finish_folder(self, path: bytes, *, mode: int | None, mtime_ns: int) -> None:
        """Set a folder's mode (None: leave it) and time, after everything is in place, and flush it."""
        with self._trouble(path):
            folder, name = self._existing(path)
            fd = self._calls.open(name, LISTING, dir_fd=folder)
            try:
                if mode is not None:
                    set_mode(self._calls, fd, mode)
                set_times(self._calls, fd, self._calls.fstat(fd).st_atime_ns, mtime_ns)
                if self._unflushed is None:
                    self._calls.fsync(fd)
                else:
                    self._unflushed.add(path)
            finally:
                close_quietly(self._calls, fd)

    def remove_temporary(self, path: bytes, temporary: bytes) -> bool:
        """Remove our temporary file beside ``path``; returns False when it is not there."""
        first, last = TEMPORARY
        if b"/" in temporary or not (temporary.startswith(first) and temporary.endswith(last)):
            message = f"not the name of a temporary file of ours: {printable(temporary)}"
            raise Refused(message, done="nothing was removed")
        with self._trouble(path):
            folder, _ = self._at(path)
            if folder is None:
                return False
            try:
                self._calls.unlink(temporary, dir_fd=folder)
            except FileNotFoundError:
                return False
            self._flush(paths.parent(path))
        return True

    def names(self, path: bytes) -> Iterator[bytes]:
        """Return the names in a folder, sorted (empty path: the destination itself)."""
        with self._trouble(path):
            folder = self._folders.descriptor(paths.below(path) if path else b"")
            fd = self._calls.open(b".", LISTING, dir_fd=folder)
            try:
                return iter(sorted(self._calls.names(fd)))
            finally:
                close_quietly(self._calls, fd)

    def room(self) -> Room:
        """Return the free space."""
        with self._trouble():
            return room_of(self._calls.statvfs(self._root_fd))

    @contextlib.contextmanager
    def flushing_together(self) -> Iterator[None]:
        """Flush once, at the end of the block, what it makes; nothing of it is durable before.

        Raises DestinationFailed when the flush fails: then nothing made in the block may be claimed.
        """
        shared = SharedFlush.opened(self._calls, self._root_fd)
        touched: set[bytes] = set()
        self._unflushed = touched
        try:
            yield
            with self._trouble():
                flush_folders(self._calls, self._folders, sorted(touched), shared)
        finally:
            self._unflushed = None
            if shared is not None:
                shared.close()

    def close(self) -> None:
        """Release the locks and close every descriptor."""
        self._folders.close()
        self._above.close()

    def _flush(self, folder: bytes) -> None:
        if self._unflushed is None:
            flush_folder(self._calls, self._folders.descriptor(folder))
        else:
            self._unflushed.add(folder)

    def _existing(self, path: bytes) -> tuple[int, bytes]:
        safe = paths.below(path)
        return self._folders.descriptor(paths.parent(safe)), paths.name(safe)

    def _at(self, path: bytes) -> tuple[int | None, bytes]:
        try:
            return self._existing(path)
        except FileNotFoundError:
            return None, b""

    @contextlib.contextmanager
    def _trouble(self, path: bytes | None = None) -> Iterator[None]:
        """Turn an OSError about a path below the destination into Refused, any other into DestinationFailed.

        Without a path it is about the destination as a whole: then there is no name to blame.
        """
        try:
            yield
        except OSError as error:
            shown = printable(paths.join(self.path, path) if path else self.path)
            if path is not None and error.errno in _NOT_THIS_NAME:
                message = f"the destination does not take this name: {shown}: {error.strerror}"
                raise Refused(message, done="nothing was written there") from error
            message = f"the destination failed: {shown}: {error.strerror}"
            raise DestinationFailed(message) from error


def _temporary_link(name: bytes) -> bytes:
    """Return the one temporary name of a link, so that what an interruption left is found again."""
    first, last = TEMPORARY
    return first + hashlib.sha256(name).hexdigest()[:16].encode() + b".link" + last


def _taken(path: bytes, by: str) -> Refused:
    return Refused(
        f"{by} stands at the destination under this name: {printable(path)}",
        done="it was not touched",
        hint="choose another destination, or move it away",
    )
