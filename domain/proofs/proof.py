"""The proof of a few entries as one document: their bytes, where they stand, and the signed checkpoint.

Knows the document's one canonical form. Believes nothing in it: see ``use_cases.check_proof``.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from custody.domain import canonical
from custody.domain.canonical import JsonObject, JsonValue
from custody.domain.errors import MalformedData
from custody.domain.proofs.merkle import HASH_BYTES

FORMAT: Final = "custody.proof/1"

MAX_PROOF_BYTES: Final = 16 * 1024 * 1024
"""Room for some 5,000 entries with their paths; a hostile one takes thirty times its size to parse."""

_MAX_DEPTH: Final = 4  # document, entries, entry, path
_MAX_PATH: Final = 63  # levels of a tree whose size is a 63-bit number, as tlog-checkpoint allows
_FIELDS: Final = frozenset({"checkpoint", "entries", "format"})
_ENTRY_FIELDS: Final = frozenset({"entry", "path", "position"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedEntry:
    """One entry exactly as signed, its position, and its audit path (RFC 6962 section 2.1.1)."""

    position: int
    entry: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Entries by rising position, and the signed note of the tree that they are proved to be in."""

    note: bytes
    entries: tuple[ProvedEntry, ...]

    def to_bytes(self) -> bytes:
        """Return the document: canonical JSON and a newline.

        Raises MalformedData for what no reader would take: a note or an entry that is not UTF-8, a document
        over MAX_PROOF_BYTES.
        """
        document: JsonObject = {
            "checkpoint": _text(self.note),
            "entries": [_entry_object(proved) for proved in self.entries],
            "format": FORMAT,
        }
        data = canonical.encode(document) + b"\n"
        if len(data) > MAX_PROOF_BYTES:
            message = f"a proof of {len(data)} bytes is over the limit of {MAX_PROOF_BYTES}"
            raise MalformedData(message, hint="give the auditor the whole export and the checkpoint instead")
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a document; the last newline may be missing. Raises MalformedData for any other form."""
        value = canonical.decode(data.removesuffix(b"\n"), max_depth=_MAX_DEPTH, max_bytes=MAX_PROOF_BYTES)
        if not isinstance(value, dict) or value.keys() != _FIELDS or value["format"] != FORMAT:
            message = f"the document does not have exactly the fields of a {FORMAT}"
            raise MalformedData(message)
        note, entries = value["checkpoint"], value["entries"]
        if not isinstance(note, str) or not isinstance(entries, list) or not entries:
            message = "a proof needs the text of a checkpoint and a list of at least one entry"
            raise MalformedData(message)
        proved = tuple(map(_proved_entry, entries))
        if any(one.position >= other.position for one, other in pairwise(proved)):
            message = "the entries of a proof do not stand by rising position, each once"
            raise MalformedData(message)
        return cls(note=canonical.utf8(note), entries=proved)


def _entry_object(proved: ProvedEntry) -> JsonObject:
    path = [node.hex() for node in proved.path]
    return {"entry": _text(proved.entry), "path": path, "position": proved.position}


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        message = "a proof carries text, and this is not UTF-8"
        raise MalformedData(message) from None


def _proved_entry(value: JsonValue) -> ProvedEntry:
    if not isinstance(value, dict) or value.keys() != _ENTRY_FIELDS:
        message = "an entry of a proof does not have exactly the fields entry, path and position"
        raise MalformedData(message)
    entry, path, position = value["entry"], value["path"], value["position"]
    if not isinstance(position, int) or isinstance(position, bool) or position < 0:
        message = "a position in a proof is not a whole number from 0"
        raise MalformedData(message)
    if not isinstance(entry, str) or not isinstance(path, list) or len(path) > _MAX_PATH:
        message = f"position {position} has no entry as text with a path of at most {_MAX_PATH} hashes"
        raise MalformedData(message)
    return ProvedEntry(position=position, entry=canonical.utf8(entry), path=tuple(map(_hash, path)))


def _hash(value: JsonValue) -> bytes:
    """Return a hash of 64 lower-case hexadecimal digits."""
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != HASH_BYTES or data.hex() != value:
        message = "a path in a proof is not of hashes in lower-case hexadecimal"
        raise MalformedData(message)
    return data
