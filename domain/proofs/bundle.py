"""The layout of a bundle: the names in it, and the forms of its small files.

Knows no folder, no ZIP and no ledger. Believes nothing that a bundle says; see ``use_cases.audit_bundle``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from custody.domain import canonical
from custody.domain.canonical import JsonObject
from custody.domain.errors import CannotTell, MalformedData
from custody.domain.identifiers import LedgerId

FORMAT: Final = "custody.bundle/1"

ABOUT: Final = "bundle.json"
ENTRIES: Final = "entries.ndjson"
LEAVES: Final = "leaves.txt"
CHECKPOINT: Final = "checkpoint"
SUMS: Final = "SHA256SUMS"
REPORTS: Final = "reports/"
DOCUMENTS: Final = "documents/"
TILES: Final = "tile/"
REQUIRED: Final = frozenset({ABOUT, ENTRIES, CHECKPOINT, SUMS})

MAX_FILES: Final = 100_000
"""Enough for the tiles of twelve million entries."""

MAX_SMALL_BYTES: Final = 64 * 1024
"""Of ``bundle.json`` and of a key; such a file has a few hundred."""

MAX_SUMS_BYTES: Final = 64 * 1024 * 1024

_PART: Final = "[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_NAME: Final = re.compile(f"{_PART}(?:/{_PART}){{0,7}}")
_NOTE: Final = re.compile(r"checkpoints/(0|[1-9][0-9]{0,18})\.note")
_KEY: Final = re.compile(r"keys/[0-9a-f]{64}\.pem")
_SUM: Final = re.compile(rb"([0-9a-f]{64})  ([ -~]{1,1000})")
_LEAF: Final = re.compile(rb"(0|[1-9][0-9]{0,18}) ([0-9a-f]{64})")
_FIELDS: Final = frozenset({"entries", "format", "ledger", "size", "withheld"})
_SCOPE: Final = frozenset({"case", "exhibit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What ``bundle.json`` says: numbers of entries, and whose they are."""

    ledger: LedgerId
    entries: int
    withheld: int
    case: str | None = None
    exhibit: str | None = None

    def to_bytes(self) -> bytes:
        """Return the file: canonical JSON and a newline."""
        about: JsonObject = {
            "entries": self.entries,
            "format": FORMAT,
            "ledger": str(self.ledger),
            "size": self.entries + self.withheld,
            "withheld": self.withheld,
        }
        named = {"case": self.case, "exhibit": self.exhibit}
        about.update({name: text for name, text in named.items() if text is not None})
        return canonical.encode(about) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file, but for the names of case and exhibit, which are a claim.

        Raises CannotTell for another format, MalformedData for any other form.
        """
        if f'"format":"{FORMAT}"'.encode() not in data:
            message = f"{ABOUT} does not say that this is a {FORMAT}"
            raise CannotTell(message, hint="a newer version of Custody may know it")
        value = canonical.decode(data.removesuffix(b"\n"), max_depth=1, max_bytes=MAX_SMALL_BYTES)
        if not isinstance(value, dict) or value.keys() - _SCOPE != _FIELDS:
            message = f"{ABOUT} does not have the fields of a {FORMAT}"
            raise MalformedData(message)
        entries, withheld = value["entries"], value["withheld"]
        if type(entries) is not int or type(withheld) is not int or value["size"] != entries + withheld:
            message = f"{ABOUT} has numbers that do not add up"
            raise MalformedData(message)
        return cls(ledger=_ledger(value["ledger"]), entries=entries, withheld=withheld)


def is_name(name: str) -> bool:
    """Tell whether a file of a bundle may be called so: never absolute, hidden, or out of its folder."""
    return _NAME.fullmatch(name) is not None


def note_size(name: str) -> int | None:
    """Return the size that the name of a checkpoint file says; None for another file."""
    match = _NOTE.fullmatch(name)
    return int(match[1]) if match else None


def is_key(name: str) -> bool:
    """Tell whether a file is a public key."""
    return _KEY.fullmatch(name) is not None


def leaf_line(position: int, leaf: bytes) -> bytes:
    """Return the line for a withheld entry."""
    return f"{position} {leaf.hex()}\n".encode()


def sums_text(sums: Iterable[tuple[str, str]]) -> bytes:
    """Return SHA256SUMS for pairs of name and digest."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums)).encode()


def parse_sums(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Yield name and SHA-256 of each line (without its newline). Raises MalformedData for another form."""
    for line in lines:
        match = _SUM.fullmatch(line)
        if match is None:
            message = f"{SUMS} has a line of another form"
            raise MalformedData(message)
        yield match[2].decode(), match[1].decode()


def in_order(lines: Iterable[bytes], leaves: Iterable[bytes]) -> Iterator[tuple[bytes | None, bytes]]:
    """Yield, position by position, the entry and b"", or None and the leaf hash of one that is withheld.

    ``lines`` are those of ``entries.ndjson``, ``leaves`` those of ``leaves.txt``, without newlines. Raises
    MalformedData when they do not fit together.
    """
    entries, position = iter(lines), 0
    for line in leaves:
        withheld, leaf = _parse_leaf(line)
        while position < withheld:
            entry = next(entries, None)
            if entry is None:
                message = f"the entry of position {position} is neither given nor withheld"
                raise MalformedData(message)
            yield entry, b""
            position += 1
        if position > withheld:
            message = f"{LEAVES} is not by rising position"
            raise MalformedData(message)
        yield None, leaf
        position += 1
    for entry in entries:
        yield entry, b""


def _parse_leaf(line: bytes) -> tuple[int, bytes]:
    match = _LEAF.fullmatch(line)
    if match is None:
        message = f"{LEAVES} has a line of another form"
        raise MalformedData(message)
    return int(match[1]), bytes.fromhex(match[2].decode())


def _ledger(text: object) -> LedgerId:
    try:
        ledger = UUID(text) if isinstance(text, str) else None
    except ValueError:
        ledger = None
    if ledger is None or str(ledger) != text:
        message = f"{ABOUT} names no ledger"
        raise MalformedData(message)
    return LedgerId(ledger)
