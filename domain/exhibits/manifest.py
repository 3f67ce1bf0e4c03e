"""The list of an exhibit's files that goes along with a hand-over: one JSON object a line.

Knows the document's one form and reads it line by line: a list may be long. Believes nothing in it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from custody.domain import canonical
from custody.domain.canonical import JsonObject, JsonValue
from custody.domain.digest import DIGEST_HEX_LENGTH, PRIMARY, Digests
from custody.domain.entries.dsse import MAX_ENTRY_BYTES
from custody.domain.errors import MalformedData, Refused
from custody.domain.identifiers import LedgerId, Position
from custody.domain.paths import RawPath, below, from_json, to_json

FORMAT: Final = "custody.manifest/1"

MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
"""Room for some 250,000 files; the document is kept in the ledger's store and carried in one file."""

MAX_MANIFEST_FILES: Final = MAX_MANIFEST_BYTES // 100
"""More lines than this cannot fit: each has a SHA-256 and its braces."""

_HEAD_FIELDS: Final = frozenset({"case_number", "exhibit", "format", "ledger"})
_FILE_FIELDS: Final = frozenset({"digests", "entry", "path", "size"})
_HEX: Final = re.compile(r"[0-9a-f]+")
_MAX_DEPTH: Final = 2  # line, digests


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestHead:
    """What the list is of: an exhibit of a case, in the ledger that proved its copies."""

    ledger: LedgerId
    case_number: str
    exhibit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """One file: its path below the folder handed over, its content, and the entry that proved the copy."""

    path: RawPath
    size: int
    digests: Digests
    entry: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestSums:
    """What a whole list amounts to."""

    head: ManifestHead
    files: int
    bytes: int


def write_manifest(head: ManifestHead, files: Iterable[ManifestFile]) -> bytes:
    """Return the document; the files are sorted here. Raises MalformedData when it is too long."""
    first: JsonObject = {
        "case_number": head.case_number,
        "exhibit": head.exhibit,
        "format": FORMAT,
        "ledger": str(head.ledger),
    }
    lines = bytearray(canonical.encode(first) + b"\n")
    for file in sorted(files, key=lambda one: one.path):
        lines += canonical.encode(_file_object(file)) + b"\n"
        if len(lines) > MAX_MANIFEST_BYTES:
            message = f"the exhibit has more files than a manifest of {MAX_MANIFEST_BYTES} bytes can list"
            raise MalformedData(message, hint="divide it into several exhibits")
    return bytes(lines)


def manifest_files(data: bytes) -> Iterator[ManifestFile]:
    """Yield the files in their order. Raises MalformedData at the first line that has another form."""
    lines = _lines(data)
    _head(next(lines))
    last: RawPath | None = None
    for line in lines:
        file = _file(line)
        if last is not None and file.path <= last:
            message = "the files of a manifest do not stand in the order of their paths, each once"
            raise MalformedData(message)
        last = file.path
        yield file


def sum_up(data: bytes) -> ManifestSums:
    """Read a whole list. Raises MalformedData unless every line has its form."""
    files = size = 0
    for file in manifest_files(data):
        files += 1
        size += file.size
    return ManifestSums(head=_head(next(_lines(data))), files=files, bytes=size)


def _lines(data: bytes) -> Iterator[bytes]:
    """Yield lines without copying the rest each time."""
    if len(data) > MAX_MANIFEST_BYTES or not data.endswith(b"\n"):
        message = f"a manifest is lines of text, at most {MAX_MANIFEST_BYTES} bytes"
        raise MalformedData(message)
    start = 0
    while start < len(data):
        end = data.index(b"\n", start)
        yield data[start:end]
        start = end + 1


def _head(line: bytes) -> ManifestHead:
    value = _object(line, _HEAD_FIELDS)
    case_number, exhibit, ledger = value["case_number"], value["exhibit"], value["ledger"]
    if value["format"] != FORMAT or not isinstance(case_number, str) or not isinstance(exhibit, str):
        message = f"the first line is not that of a {FORMAT}"
        raise MalformedData(message)
    return ManifestHead(ledger=_ledger(ledger), case_number=case_number, exhibit=exhibit)


def _ledger(value: JsonValue) -> LedgerId:
    try:
        ledger = UUID(value) if isinstance(value, str) else None
    except ValueError:
        ledger = None
    if ledger is None or str(ledger) != value:
        message = "a manifest does not name the ledger that it comes from"
        raise MalformedData(message)
    return LedgerId(ledger)


def _file_object(file: ManifestFile) -> JsonObject:
    return {
        "digests": dict(file.digests),
        "entry": file.entry,
        "size": file.size,
        **to_json("path", file.path),
    }


def _file(line: bytes) -> ManifestFile:
    value = _object(line, _FILE_FIELDS)
    digests, size, entry = value["digests"], value["size"], value["entry"]
    if not isinstance(digests, dict) or PRIMARY not in digests or not all(map(_is_digest, digests.items())):
        message = "a file of a manifest has no SHA-256, or a digest that is none"
        raise MalformedData(message)
    path = from_json(value["path"], value.get("path_b64"))
    try:
        below(path)
    except Refused as error:
        raise MalformedData(error.what) from error
    return ManifestFile(
        path=path, size=_natural(size), digests={name: str(digest) for name, digest in digests.items()},
        entry=Position(_natural(entry)),
    )  # fmt: skip


def _object(line: bytes, fields: frozenset[str]) -> Mapping[str, JsonValue]:
    value = canonical.decode(line, max_depth=_MAX_DEPTH, max_bytes=MAX_ENTRY_BYTES)
    if not isinstance(value, dict) or value.keys() - {"path_b64"} != fields:
        message = "a line of a manifest does not have exactly its fields"
        raise MalformedData(message)
    return value


def _natural(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        message = "a number in a manifest is not a whole number from 0"
        raise MalformedData(message)
    return value


def _is_digest(item: tuple[str, JsonValue]) -> bool:
    name, digest = item
    length = DIGEST_HEX_LENGTH.get(name)
    return isinstance(digest, str) and len(digest) == length and _HEX.fullmatch(digest) is not None
