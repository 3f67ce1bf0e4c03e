"""A bundle: what a stranger needs to judge a ledger, or the part of it that belongs to one case or exhibit.

Knows the layout of the bundle format and the order of writing. Knows neither folders nor ZIPs, and decides
nothing about what is disclosed (``domain.proofs.disclosure``). Memory does not grow with the ledger.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from typing import Final, Protocol

from custody.domain.entries.dsse import open_envelope
from custody.domain.errors import Tampered
from custody.domain.events import CheckpointStamped, ReportIssued
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.proofs.bundle import (
    ABOUT,
    CHECKPOINT,
    DOCUMENTS,
    ENTRIES,
    LEAVES,
    REPORTS,
    SUMS,
    About,
    leaf_line,
    sums_text,
)
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, Checkpoint, key_hash, parse_note, vkey
from custody.domain.proofs.disclosure import Disclosure, Scope
from custody.domain.proofs.merkle import Frontier, leaf_hash
from custody.domain.proofs.tiles import hash_tiles, tiles
from custody.reports.verify_text import Guide, Stamp, verify_text

VERIFIERS: Final = re.compile(r"verify\w*\.(py|html)")
"""Programs of our folder that go along as they are."""

_FOLDER: Final = "bundle_files"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Stream(Protocol):
    """What a file's content is written to."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class Files(Protocol):
    """Files being made, one after the other."""

    @property
    def sums(self) -> Mapping[str, str]:
        """The SHA-256 of each file so far, by its name."""

    def file(self, name: str) -> AbstractContextManager[Stream]:
        """Give a stream for a file's content."""


class KeptEntry(Protocol):
    """An entry as it lies in the ledger."""

    @property
    def position(self) -> int:
        """Its place, from 0."""

    @property
    def entry(self) -> bytes:
        """Its bytes as signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenReport:
    """A report that goes along: its content in pieces, its file's suffix, and what the ledger says of it."""

    content: Iterable[bytes]
    suffix: str
    issued: ReportIssued
    position: int

    @property
    def name(self) -> str:
        """Its path in the bundle, from the ledger and not from whoever named the file."""
        kind = _NOT_IN_NAMES.sub("-", self.issued.kind).strip("-")[:40] or "report"
        suffix = _NOT_IN_NAMES.sub("", self.suffix)[:10]
        return f"{REPORTS}{self.position}-{kind}" + (f".{suffix}" if suffix else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a bundle is made of. ``entries`` gives, anew each time, all that the checkpoint covers."""

    ledger: LedgerId
    note: bytes
    notes: Mapping[int, bytes]  # by size, the one above too
    entries: Callable[[], Iterable[KeptEntry]]
    disclosure: Disclosure
    scope: Scope
    keys: Mapping[KeyId, tuple[bytes, bytes]]  # PEM and the raw key
    document: Callable[[str], bytes]
    reports: Sequence[GivenReport]
    stamp: tuple[int, CheckpointStamped] | None = None  # the last one that can be shown, and its position
    witnesses: Sequence[str] = ()  # verifier keys of those who cosigned and whom the exporter trusts

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.parse(parse_note(self.note).text)

    @property
    def note_key(self) -> KeyId:
        """Which of the keys signed the note. Raises Tampered when it is none of them."""
        origin, note = self.checkpoint.origin, parse_note(self.note)
        hashes = {line.key_hash for line in note.signatures if line.name == origin}
        for key, (_, raw) in self.keys.items():
            if key_hash(origin, raw) in hashes:
                return key
        raise Tampered("the checkpoint is signed by none of the workspace's keys", hint="run 'custody audit'")


def write_bundle(files: Files, content: Content) -> str:
    """Write every file; returns the SHA-256 of SHA256SUMS.

    Raises Tampered when the entries are not those of the checkpoint or a document is not the cited one.
    """
    withheld = content.checkpoint.size - content.disclosure.count
    with files.file(ENTRIES) as stream:
        written = _write_entries(stream, content)
    if withheld:
        with files.file(LEAVES) as stream:
            for kept in content.entries():
                if kept.position not in content.disclosure:
                    stream.write(leaf_line(kept.position, leaf_hash(kept.entry)))
    for name, data in chain(_small_files(content, withheld), _tiles(content, withheld)):
        _write(files, name, data)
    for report in content.reports:
        _write(files, report.name, *report.content)
    guide = Guide(
        ledger=content.ledger,
        size=content.checkpoint.size,
        withheld=withheld,
        scope=content.scope,
        keys=sorted(content.keys),
        line=written.line,
        key=written.key,
        note_key=content.note_key,
        stamp=written.stamp,
        witnesses=content.witnesses,
    )
    template, of_stamp = (_shipped(name).decode() for name in ("VERIFY.md", "VERIFY-stamp.md"))
    _write(files, "VERIFY.md", verify_text(template, of_stamp, guide).encode())
    sums = sums_text(files.sums.items())
    _write(files, SUMS, sums)
    return hashlib.sha256(sums).hexdigest()


@dataclass(slots=True)
class _Written:
    """What the guide points at: the last line that one of the keys signed, and the line of a stamp."""

    line: int = 0
    key: KeyId = KeyId("")  # noqa: RUF009 - a text
    stamp: Stamp | None = None


def _write_entries(stream: Stream, content: Content) -> _Written:
    """Write what is disclosed, and compare the tree over all entries with the checkpoint."""
    checkpoint, tree, lines, written = content.checkpoint, Frontier(), 0, _Written()
    for kept in content.entries():
        if kept.position != tree.size:
            break
        tree.append(leaf_hash(kept.entry))
        if kept.position in content.disclosure:
            stream.write(kept.entry + b"\n")
            lines += 1
            if (key := KeyId(open_envelope(kept.entry).key_id)) in content.keys:
                written.line, written.key = lines, key
            if content.stamp is not None and content.stamp[0] == kept.position:
                written.stamp = Stamp(line=lines, event=content.stamp[1])
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        raise Tampered(
            f"the entries are not those that the checkpoint of size {checkpoint.size} was signed over",
            done="No bundle was made.",
            hint="run 'custody audit', which names the position",
        )
    return written


def _small_files(content: Content, withheld: int) -> Iterator[tuple[str, bytes]]:
    origin = f"{ORIGIN_PREFIX}{content.ledger}"
    yield CHECKPOINT, content.note
    for size, note in content.notes.items():
        yield f"checkpoints/{size}.note", note
    for key, (pem, raw) in content.keys.items():
        yield f"keys/{key}.pem", pem
        yield f"keys/{key}.vkey", f"{vkey(origin, raw)}\n".encode()
    for sha256 in content.disclosure.documents:
        yield f"{DOCUMENTS}{sha256}", content.document(sha256)
    shipped = resources.files("custody.reports").joinpath(_FOLDER).iterdir()
    for name in sorted(file.name for file in shipped if VERIFIERS.fullmatch(file.name)):
        yield name, _shipped(name)
    yield ABOUT, _about(content, withheld).to_bytes()


def _about(content: Content, withheld: int) -> About:
    return About(
        ledger=content.ledger,
        entries=content.checkpoint.size - withheld,
        withheld=withheld,
        case=content.scope.case_number,
        exhibit=content.scope.exhibit,
    )


def _tiles(content: Content, withheld: int) -> Iterator[tuple[str, bytes]]:
    entries = (kept.entry for kept in content.entries())
    return hash_tiles(map(leaf_hash, entries)) if withheld else tiles(entries)


def _shipped(name: str) -> bytes:
    """Return a file of this package that goes into bundles."""
    return resources.files("custody.reports").joinpath(_FOLDER, name).read_bytes()


def _write(files: Files, name: str, *pieces: bytes) -> None:
    with files.file(name) as stream:
        for piece in pieces:
            stream.write(piece)
