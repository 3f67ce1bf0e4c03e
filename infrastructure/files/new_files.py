"""Several files made for a person as one: a folder or a ZIP, whole under its name, or not there at all.

Knows that nothing is ever replaced and that a power cut leaves all of it or nothing. Evidence does not go
through here; see ``publishing``.
"""

import errno
import hashlib
import os
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from custody.infrastructure.files.new_file import (
    CREATING,
    PRIVATE,
    draft_of,
    new_file,
    require_new,
    taken,
    unwritable,
)
from custody.infrastructure.files.publishing import RENAME_REFUSED, flush_folder
from custody.infrastructure.files.shared_flush import SharedFlush

_LINUX: Final = LinuxFileCalls()
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can say; the same content has the same bytes
_REGULAR_PRIVATE: Final = 0o100600 << 16
_CHUNK_BYTES: Final = 1 << 20


class Stream(Protocol):
    """What a file's content is written to."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class NewFiles(Protocol):
    """Files being made, one after the other."""

    @property
    def sums(self) -> dict[str, str]:
        """The SHA-256 of each file so far, by its name."""

    def file(self, name: str) -> AbstractContextManager[Stream]:
        """Give a stream for a file's content; ``name`` is relative, with slashes, and new."""


class _Hashed:
    """Passes content on in large pieces and hashes it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._pending = bytearray()
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._pending += data
        if len(self._pending) >= _CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        self._sha256.update(self._pending)
        self._stream.write(bytes(self._pending))
        self._pending.clear()

    def digest(self) -> str:
        self.flush()
        return self._sha256.hexdigest()


class _Zip:
    """The members of a ZIP file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.sums: dict[str, str] = {}

    @contextmanager
    def file(self, name: str) -> Iterator[Stream]:
        member = zipfile.ZipInfo(name, _NO_TIME)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = _REGULAR_PRIVATE
        with self._archive.open(member, "w", force_zip64=True) as stream:
            hashed = _Hashed(stream)
            yield hashed
            self.sums[name] = hashed.digest()


class _Folder:
    """The files of a folder that is not published yet. All methods raise OSError."""

    def __init__(self, root: Path, calls: FileCalls) -> None:
        self._root = root
        self._calls = calls
        self._folders = {root: None}  # in the order in which they were made
        self._files: list[Path] = []
        root.mkdir(0o700)
        descriptor = os.open(root, _FOLDER)
        try:
            self._shared = SharedFlush.opened(calls, descriptor)
        finally:
            os.close(descriptor)
        self.sums: dict[str, str] = {}

    @contextmanager
    def file(self, name: str) -> Iterator[Stream]:
        path = self._root / name
        self._make(path.parent)
        with os.fdopen(self._calls.open(bytes(path), CREATING, PRIVATE), "wb") as stream:
            self._files.append(path)
            hashed = _Hashed(stream)
            yield hashed
            self.sums[name] = hashed.digest()
            stream.flush()
            if self._shared is None:
                self._calls.fsync(stream.fileno())

    def flush(self) -> None:
        """Make everything durable."""
        if self._shared is not None:
            if not self._shared.succeeds():
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return
        for folder in self._folders:
            _flush(folder, self._calls)

    def close(self) -> None:
        if self._shared is not None:
            self._shared.close()

    def remove(self) -> None:
        """Remove what was made; something else that lies there stays, and the folder with it."""
        for file in self._files:
            file.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            folder.rmdir()

    def _make(self, folder: Path) -> None:
        if folder not in self._folders:
            self._make(folder.parent)
            folder.mkdir(0o700)
            self._folders[folder] = None


@contextmanager
def new_files(path: Path, calls: FileCalls = _LINUX) -> Iterator[NewFiles]:
    """Give a place for files that stand durably at ``path`` once the block ended well; ``*.zip`` is a ZIP.

    Raises Refused when something stands there already, or the disk does not take it. An error of the block
    itself passes through; what had been written is removed.
    """
    if path.suffix.lower() == ".zip":
        with new_file(path, calls) as stream, zipfile.ZipFile(stream, "w") as archive:
            yield _Zip(archive)
        return
    with _new_folder(path, calls) as folder:
        yield folder


@contextmanager
def _new_folder(path: Path, calls: FileCalls) -> Iterator[NewFiles]:
    require_new(path)
    draft = draft_of(path)
    folder = None
    try:
        folder = _Folder(draft, calls)
        yield folder
        folder.flush()
        _publish(draft, path, calls)
    except FileExistsError as error:
        raise taken(path) from error
    except OSError as error:
        raise unwritable("folder", path, error) from error
    finally:
        if folder is not None:
            folder.close()
            with suppress(OSError):
                folder.remove()


def _publish(draft: Path, path: Path, calls: FileCalls) -> None:
    """Give the draft its name durably; a name that cannot be flushed is taken back. Raises OSError."""
    parent = os.open(path.parent, _FOLDER)
    try:
        try:
            calls.rename_noreplace(os.fsencode(draft.name), os.fsencode(path.name), dir_fd=parent)
        except OSError as error:
            if error.errno not in RENAME_REFUSED:
                raise
            draft.rename(path)  # replaces nothing but an empty folder, and that only if it came just now
        try:
            flush_folder(calls, parent)
        except OSError:
            path.rename(draft)
            raise
    finally:
        os.close(parent)


def _flush(folder: Path, calls: FileCalls) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        calls.fsync(descriptor)
    finally:
        os.close(descriptor)
