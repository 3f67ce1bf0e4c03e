"""A forger for the demonstration: whoever holds the key and may write every file of a workspace.

Knows how an entry is chained, signed and stored, so that what is forged fits everywhere but in what it
claims. Works on copies that the demonstration made.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from custody.domain.entries import dsse, entry
from custody.domain.events import Event, type_name
from custody.domain.identifiers import KeyId, LedgerId, Stream
from custody.domain.proofs.checkpoint import Checkpoint, origin_of, signed_note
from custody.domain.proofs.merkle import Frontier, leaf_hash
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import load_private_key

_FIRST: Final = "SELECT entry FROM entries WHERE position = 0"
_LAST: Final = "SELECT entry FROM entries ORDER BY position DESC LIMIT 1"
_LAST_OF: Final = "SELECT entry FROM entries WHERE type = ? ORDER BY position DESC LIMIT 1"
_REVISION: Final = "SELECT coalesce(max(revision), 0) + 1 FROM entries WHERE stream = ?"
_HEAD: Final = "SELECT frontier, previous FROM head"
_NEW_ENTRY: Final = "INSERT INTO entries (position, stream, revision, type, entry) VALUES (?, ?, ?, ?, ?)"
_NEW_HEAD: Final = "UPDATE head SET size = ?, frontier = ?, previous = ?"
_NEW_CHECKPOINT: Final = "INSERT INTO checkpoints (size, note, frontier) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Forger:
    """Holds the private keys in ``keys``; ``workspace`` is the copy that is falsified."""

    workspace: Path
    keys: Path

    def signer(self, key: KeyId) -> Ed25519Signer:
        """Return what signs with a key. It lies unprotected: the demonstration made it so."""
        return Ed25519Signer(load_private_key(self.keys / f"{key}.key", lambda: b""))

    @property
    def owner(self) -> Ed25519Signer:
        """The key of the case's examiner, who signed the first entry."""
        return self.signer(self._first.actor)

    @property
    def ledger(self) -> LedgerId:
        """The ledger that is falsified."""
        return self._first.ledger

    def last_entry(self, event_type: str) -> bytes:
        """Return the bytes of the last entry with an event of this type."""
        return bytes(self._row(_LAST_OF, event_type)[0])

    def latest_note(self) -> bytes:
        """Return the latest checkpoint as it was signed."""
        notes = (self.workspace / "checkpoints").glob("*.note")
        return max(notes, key=lambda file: int(file.stem)).read_bytes()

    def append(self, stream: Stream, event: Event, signer: Ed25519Signer | None = None) -> None:
        """Add an entry at the end, chained and signed, and a checkpoint of the examiner's over it."""
        frontier, previous = self._row(_HEAD)
        tree = Frontier.from_bytes(frontier)
        [revision] = self._row(_REVISION, stream.id.bytes)
        raw = self._sealed(stream, event, revision, (tree.size, previous.hex()), signer or self.owner)
        position = tree.size
        tree.append(leaf_hash(raw))
        note = self._signed(tree)
        with closing(sqlite3.connect(self.workspace / "ledger.db")) as database, database:
            database.execute(_NEW_ENTRY, (position, stream.id.bytes, revision, type_name(event), raw))
            database.execute(_NEW_HEAD, (tree.size, tree.to_bytes(), leaf_hash(raw)))
            database.execute(_NEW_CHECKPOINT, (tree.size, note, tree.to_bytes()))
        (self.workspace / "checkpoints" / f"{tree.size}.note").write_bytes(note)

    def _sealed(
        self, stream: Stream, event: Event, revision: int, place: tuple[int, str], signer: Ed25519Signer
    ) -> bytes:
        at = entry.parse(dsse.open_envelope(bytes(self._row(_LAST)[0])).body).at
        body = entry.body(
            entry.state_of(event, at), actor=KeyId(signer.key_id), ledger=str(self.ledger), place=place,
            stream=str(stream), revision=revision, name=type_name(event), salt="00" * 16,
        )  # fmt: skip
        return dsse.envelope(body, signer.key_id, signer.sign(dsse.pae(dsse.PAYLOAD_TYPE, body)))

    def _signed(self, tree: Frontier) -> bytes:
        name, owner = origin_of(self.ledger), self.owner
        text = Checkpoint(origin=name, size=tree.size, root=tree.root()).text()
        return signed_note(text, name, owner.public_raw, owner.sign(text))

    @property
    def _first(self) -> entry.Entry:
        return entry.parse(dsse.open_envelope(bytes(self._row(_FIRST)[0])).body)

    def _row(self, query: str, *values: object) -> tuple[Any, ...]:
        with closing(sqlite3.connect(self.workspace / "ledger.db")) as database:
            row: tuple[Any, ...] = database.execute(query, values).fetchone()
        return row


def change_bundle_file(bundle: Path, name: str, change: Callable[[bytes], bytes], *, fit_sums: bool) -> None:
    """Change a file of a bundle; with ``fit_sums`` its line in SHA256SUMS, too."""
    file, sums = bundle / name, bundle / "SHA256SUMS"
    before = file.read_bytes()
    after = change(before)
    file.write_bytes(after)
    if fit_sums:
        listed, found = (hashlib.sha256(content).hexdigest().encode() for content in (before, after))
        sums.write_bytes(sums.read_bytes().replace(listed, found))
