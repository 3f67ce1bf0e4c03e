"""A bundle as an audit meets it: its entries in order, its notes, and what it says about itself.

Knows how to read its files without failing for what they say. Judges nothing; see ``use_cases.audit_bundle``.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from custody.domain.audit.checkpoints import RawNote
from custody.domain.audit.head import RawHead
from custody.domain.audit.record import RawRecord
from custody.domain.audit.revisions import RawRevision
from custody.domain.canonical import MAX_DOCUMENT_BYTES
from custody.domain.entries.dsse import MAX_ENTRY_BYTES
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CannotTell, KeyUnusable, MalformedData
from custody.domain.events import LedgerOpened, ReportIssued
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.proofs.bundle import (
    ABOUT,
    CHECKPOINT,
    DOCUMENTS,
    ENTRIES,
    LEAVES,
    MAX_SMALL_BYTES,
    MAX_SUMS_BYTES,
    REQUIRED,
    SUMS,
    About,
    in_order,
    is_key,
    note_size,
    parse_sums,
)
from custody.domain.proofs.checkpoint import MAX_NOTE_BYTES
from custody.domain.use_cases.audit_ledger import ProjectionDifference
from custody.infrastructure.bundles.bundle_files import BundleFiles, opened_bundle
from custody.infrastructure.bundles.entry_index import EntryIndex, Place, temporary_index
from custody.infrastructure.crypto.ed25519 import load_public_pem


class BundleFolderSource:
    """Implements ``use_cases.audit_bundle.BundleSource``."""

    def __init__(self, files: BundleFiles, index: EntryIndex, again: IO[bytes]) -> None:
        """Take the files, an empty index, and a file to keep the entries in while they pass."""
        self._files = files
        self._index = index
        self._again = again
        self.ignored = files.ignored
        self.ledger: LedgerId | None = None
        self.issued: set[str] = set()
        self.fault: str | None = None

    def about(self) -> About:
        """Return what ``bundle.json`` says."""
        return About.parse(self._content(ABOUT, MAX_SMALL_BYTES))

    def keys(self) -> dict[KeyId, bytes]:
        """Return the keys that are fit for use, by their ids."""
        found = {}
        for name in filter(is_key, self._files.sizes):
            try:
                key = load_public_pem(self._content(name, MAX_SMALL_BYTES))
            except KeyUnusable:
                continue  # entries that it signed are by an unknown key then
            found[KeyId(key.key_id)] = key.raw
        return found

    def sums(self) -> Iterator[tuple[str, str]]:
        """Yield what SHA256SUMS lists."""
        if self._files.sizes[SUMS] > MAX_SUMS_BYTES:
            raise MalformedData(f"{SUMS} is longer than {MAX_SUMS_BYTES} bytes")
        return parse_sums(self._lines(SUMS))

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of every file."""
        return {name: _sha256(self._files.pieces(name)) for name in sorted(self._files.sizes)}

    def leaves(self) -> Iterator[tuple[bytes | None, bytes]]:
        """Yield each entry, or None and the leaf hash of one that is withheld."""
        withheld = self._lines(LEAVES) if LEAVES in self._files.sizes else iter(())
        return in_order(self._lines(ENTRIES), withheld)

    def damage(self) -> Iterable[str]:
        """Return nothing: a bundle is no database."""
        return ()

    def checkpoints(self) -> Iterator[RawNote]:
        """Yield every note."""
        for name in self._files.sizes:
            if name == CHECKPOINT or note_size(name) is not None:
                note = b"".join(_limited(self._files.pieces(name), MAX_NOTE_BYTES + 1))
                yield RawNote(where=f"file {name}", note=note, size=note_size(name))

    def records(self) -> Iterator[RawRecord]:
        """Yield the entries by position; stops, with a fault, where they cannot be read."""
        start = 0
        try:
            for position, (entry, leaf) in enumerate(self.leaves()):
                if entry is None:
                    self._index.put(position, None, leaf)
                    yield RawRecord(position=position, entry=None, withheld=leaf)
                    continue
                self._again.write(entry)
                self._index.put(position, (start, len(entry)))
                start += len(entry)
                yield RawRecord(position=position, entry=entry)
        except MalformedData as error:
            self.fault = error.what

    def records_at(self, positions: Sequence[int]) -> Iterator[RawRecord]:
        """Yield the entries at these positions once more."""
        for position, place, leaf in self._index.at(positions):
            entry = None if place is None else self._read(place)
            yield RawRecord(position=position, entry=entry, withheld=leaf)

    def records_before(self, stream: bytes, revision: int) -> Iterator[RawRecord]:
        """Yield the entries of a stream below a revision once more, the latest first."""
        for place in self._index.before(stream, revision):
            yield RawRecord(position=None, entry=self._read(place))

    def head(self) -> RawHead | None:
        """Return nothing: a bundle keeps no head."""
        return None

    def revisions(self) -> Iterator[RawRevision]:
        """Yield all entries by stream and revision."""
        return (RawRevision(*row) for row in self._index.streams())

    def document(self, sha256: str) -> object:
        """Return the document of a SHA-256; None when there is none."""
        name = f"{DOCUMENTS}{sha256}"
        return self._content(name, MAX_DOCUMENT_BYTES) if name in self._files.sizes else None

    @contextmanager
    def replayed(self, events: Iterable[Recorded]) -> Iterator[Iterable[ProjectionDifference]]:
        """Note where each entry stands; there are no read models to compare with."""
        for recorded in events:
            self._index.follow(recorded.stream.id.bytes, recorded.revision, recorded.position)
            match recorded.event:
                case LedgerOpened() as event:
                    self.ledger = event.ledger
                case ReportIssued() as event:
                    self.issued.add(event.sha256)
                case _:
                    pass
        yield ()

    def _content(self, name: str, limit_bytes: int) -> bytes:
        """Return a small file. Raises MalformedData for one over the limit."""
        content = b"".join(_limited(self._files.pieces(name), limit_bytes + 1))
        if len(content) > limit_bytes:
            raise MalformedData(f"the bundle's file {name} is longer than {limit_bytes} bytes")
        return content

    def _lines(self, name: str) -> Iterator[bytes]:
        return _lines(self._files.pieces(name), name)

    def _read(self, place: Place) -> bytes:
        self._again.flush()
        return os.pread(self._again.fileno(), place[1], place[0])


@contextmanager
def open_bundle(path: Path) -> Iterator[BundleFolderSource]:
    """Give a bundle to audit. Raises MalformedData for a refused one, CannotTell for an unreadable one."""
    with opened_bundle(path) as files, temporary_index() as index, TemporaryFile() as again:
        if missing := REQUIRED - files.sizes.keys():
            raise CannotTell(
                f"this is no bundle: it has no {', '.join(sorted(missing))}",
                hint="give a folder or ZIP that 'custody export bundle' made",
            )
        yield BundleFolderSource(files, index, again)


def _lines(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield lines without their newlines. Raises MalformedData for one that is too long or has no end."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if len(line) > MAX_ENTRY_BYTES:
                raise MalformedData(f"{name} has a line of more than {MAX_ENTRY_BYTES} bytes")
            yield line
        if len(rest) > MAX_ENTRY_BYTES:
            raise MalformedData(f"{name} has a line of more than {MAX_ENTRY_BYTES} bytes")
    if rest:
        raise MalformedData(f"the last line of {name} has no end")


def _limited(pieces: Iterable[bytes], limit_bytes: int) -> Iterator[bytes]:
    """Yield no more than the limit, without reading on."""
    left = limit_bytes
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _sha256(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
