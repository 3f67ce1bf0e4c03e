"""The files of a bundle, in a folder or a ZIP, read with limits and never unpacked under their own names.

Knows names, sizes and counts. Refuses links, odd names, repeated names and bombs as a whole, by raising
MalformedData, before anything is read. Deliberately judges no content.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

from custody.domain.errors import CannotTell, MalformedData
from custody.domain.paths import printable
from custody.domain.proofs.bundle import MAX_FILES, is_name

MAX_ALL_BYTES: Final = 1 << 40
MAX_RATIO: Final = 200
"""Entries shrink to a half, zeros to a thousandth; what shrinks more than this is no bundle of ours."""

_BOMBS_FROM_BYTES: Final = 1 << 20
_MAX_DIRECTORY_BYTES: Final = 64 << 20
_MAX_DEPTH: Final = 8
_READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ENCRYPTED: Final = 0x1
_PLAIN: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_END: Final = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 4.3.16, end of central directory record
_END_MAGIC: Final = b"PK\x05\x06"
_END64: Final = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_END64_MAGIC: Final = b"PK\x06\x06"
_LOCATOR64: Final = struct.Struct("<4sLQL")  # 4.3.15
_LOCATOR64_MAGIC: Final = b"PK\x06\x07"
_MAX_COMMENT: Final = 0xFFFF
_IN_64: Final = 0xFFFFFFFF
_CHUNK_BYTES: Final = 1 << 20
# What the standard library raises for a ZIP file that is not one, or not sound.
_UNSOUND: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, RuntimeError,
)  # fmt: skip


class BundleFiles(Protocol):
    """The files of a bundle."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """The files that may belong to a bundle, and their bytes."""

    @property
    def ignored(self) -> int:
        """How many files have names that no bundle has."""

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file. Raises MalformedData when it cannot be read to its end."""


@contextmanager
def opened_bundle(path: Path) -> Iterator[BundleFiles]:
    """Give the files of a bundle. Raises MalformedData if it is refused, CannotTell if it is unreadable."""
    with ExitStack() as opened:
        try:
            files = _folder(path) if path.is_dir() else _zip(_archive(path, opened))
        except OSError as error:
            shown = printable(bytes(path))
            raise CannotTell(f"the bundle cannot be read: {shown}: {error.strerror}") from error
        except _UNSOUND as error:
            raise _refused("it is neither a folder nor a sound ZIP file") from error
        yield files


def _archive(path: Path, opened: ExitStack) -> zipfile.ZipFile:
    file = opened.enter_context(path.open("rb"))
    _require_small_directory(file)
    return opened.enter_context(zipfile.ZipFile(file))


@dataclass(frozen=True, slots=True)
class _Folder:
    root: Path
    sizes: Mapping[str, int]
    ignored: int

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            with os.fdopen(os.open(self.root / name, _READING), "rb") as file:
                yield from _pieces(file)
        except OSError as error:
            raise _unread(name) from error


@dataclass(frozen=True, slots=True)
class _Zip:
    archive: zipfile.ZipFile
    sizes: Mapping[str, int]
    ignored: int = 0

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self.archive.open(name) as file:
                yield from _pieces(file)
        except (OSError, *_UNSOUND) as error:
            raise _unread(name) from error


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_CHUNK_BYTES):
        yield piece


def _folder(root: Path) -> _Folder:
    sizes: dict[str, int] = {}
    ignored = total = 0
    for name, found in _walked(root, ""):
        if not stat.S_ISREG(found.st_mode):
            raise _refused(f"a bundle has no links and no special files: {printable(os.fsencode(name))}")
        if is_name(name):
            sizes[name] = found.st_size
        else:
            ignored += 1
        total += found.st_size
        _require_few(len(sizes) + ignored, total)
    return _Folder(root, sizes, ignored)


def _walked(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield what is no folder, with its relative name, without following links."""
    if prefix.count("/") > _MAX_DEPTH:
        raise _refused("its folders lie too deep in one another")
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(folder / entry.name, f"{name}/")
            else:
                yield name, entry.stat(follow_symlinks=False)


def _zip(archive: zipfile.ZipFile) -> _Zip:
    sizes: dict[str, int] = {}
    for member in archive.infolist():
        _require_plain(member)
        if member.filename in sizes:
            raise _refused(f"it has two files called {_shown(member)}")
        sizes[member.filename] = member.file_size
    _require_few(len(sizes), sum(sizes.values()))
    return _Zip(archive, sizes)


def _require_plain(member: zipfile.ZipInfo) -> None:
    """Raise MalformedData unless a member is a file with a good name, readable by anyone."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if not is_name(member.filename) or member.orig_filename != member.filename:
        raise _refused(f"it has a file with a name that no bundle has: {_shown(member)}")
    if kind not in {0, stat.S_IFREG}:
        raise _refused(f"it has a link or special file: {_shown(member)}")
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _PLAIN:
        raise _refused(f"it has a file that is encrypted or packed in an odd way: {_shown(member)}")
    if member.file_size > max(_BOMBS_FROM_BYTES, MAX_RATIO * member.compress_size):
        raise _refused(f"it has a file that would unpack to {member.file_size} bytes: {_shown(member)}")


def _require_few(files: int, size: int) -> None:
    if files > MAX_FILES or size > MAX_ALL_BYTES:
        raise _refused(f"it has more than {MAX_FILES} files or {MAX_ALL_BYTES} bytes")


def _require_small_directory(file: IO[bytes]) -> None:
    """Raise MalformedData for a long central directory, which is read into memory as a whole."""
    size = file.seek(0, os.SEEK_END)
    begin = max(0, size - _END.size - _MAX_COMMENT)
    file.seek(begin)
    tail = file.read()
    at = tail.rfind(_END_MAGIC)
    if at < 0:
        raise zipfile.BadZipFile
    stated = list(_stated_in_64(file, begin + at))
    directory = _END.unpack_from(tail, at)[5]
    if not stated or directory != _IN_64:
        stated.append(directory)
    if max(stated) > _MAX_DIRECTORY_BYTES:
        raise _refused("its list of files is too long")


def _stated_in_64(file: IO[bytes], end: int) -> Iterator[int]:
    """Yield the lengths that the 64-bit records state for a directory whose older record stands at ``end``.

    Some readers take the record before the locator, others the one that it points to, and both whether the
    older record asks for it or not.
    """
    locator_at = end - _LOCATOR64.size
    if locator_at < 0:
        return
    file.seek(locator_at)
    magic, _, pointed_to, _ = _LOCATOR64.unpack(file.read(_LOCATOR64.size))
    if magic != _LOCATOR64_MAGIC:
        return
    for record_at in (locator_at - _END64.size, pointed_to):
        if 0 <= record_at <= locator_at:
            file.seek(record_at)
            record = _END64.unpack(file.read(_END64.size))
            if record[0] == _END64_MAGIC:
                yield record[8]


def _unread(name: str) -> MalformedData:
    return MalformedData(f"the bundle's file {name} cannot be read to its end")


def _shown(member: zipfile.ZipInfo) -> str:
    return printable(member.filename.encode("utf-8", "surrogateescape"))[:200]


def _refused(why: str) -> MalformedData:
    return MalformedData(
        f"the bundle is refused: {why}",
        done="Nothing of it was unpacked or judged.",
        hint="ask for it as 'custody export bundle' wrote it, best as a ZIP, and compare its SHA-256",
    )
