"""A workspace's ledger in the hands of somebody who knows the formats and may write every file.

Whatever is put in, the store's columns and its head are made to fit, so that only signatures, links, roots
and notes are left to give it away.
"""

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from custody.domain import canonical
from custody.domain.canonical import JsonObject
from custody.domain.entries import dsse, entry
from custody.domain.errors import MalformedData
from custody.domain.events import Event, KeyEnrolled, type_name
from custody.domain.identifiers import KeyId, LedgerId, Stream, checkpoint_stream
from custody.domain.keys.statement import KeyStatement
from custody.domain.proofs.checkpoint import Checkpoint, parse_note, parse_signature_line, signed_note
from custody.domain.proofs.cosignature import as_cosignature, cosignature_line, cosigned_message, witness_vkey
from custody.domain.proofs.merkle import Frontier, leaf_hash
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import load_private_key, new_private_key
from custody.infrastructure.event_store.schema import READ_MODEL_TABLES

WITNESS = "witness.example/reviewer"
COSIGNED_AT = 1_772_399_400

Columns = tuple[bytes, int, str]


@dataclass
class LedgerFile:
    """Read once, changed in memory, then written back by ``save``."""

    workspace: Path
    rows: list[tuple[int, bytes]] = field(default_factory=list)  # position, entry
    columns: dict[bytes, Columns] = field(default_factory=dict)  # of the entries that were there
    stranger: Ed25519Signer = field(default_factory=lambda: Ed25519Signer(new_private_key()))

    def __post_init__(self) -> None:
        with closing(sqlite3.connect(self.database)) as database:
            query = "SELECT position, entry, stream, revision, type FROM entries ORDER BY position"
            for position, raw, *columns in database.execute(query):
                self.rows.append((position, raw))
                self.columns[raw] = tuple(columns)

    @property
    def database(self) -> Path:
        return self.workspace / "ledger.db"

    @property
    def signer(self) -> Ed25519Signer:
        """The workspace's own key: its holder may be the attacker."""
        [file] = (self.workspace / "keys").glob("*.key")
        return Ed25519Signer(load_private_key(file, lambda: b""))

    @property
    def origin(self) -> str:
        return f"custody.invalid/{self.body(0)['ledger']}"

    def body(self, position: int) -> JsonObject:
        body: JsonObject = json.loads(dsse.open_envelope(self.rows[position][1]).body)
        return body

    def signature(self, position: int) -> bytes:
        return dsse.open_envelope(self.rows[position][1]).signature

    def replace(self, position: int, raw: bytes) -> None:
        self.rows[position] = (position, raw)

    def insert(self, position: int, raw: bytes) -> None:
        """Put an entry in; those from there on move up."""
        self.rows.insert(position, (position, raw))
        self.number_anew()

    def append(
        self, stream: Stream, event: Event, signer: Ed25519Signer | None = None, revision: int = 1
    ) -> bytes:
        """Add an entry at the end, chained and signed as the holder of a key can; returns its bytes."""
        signer = signer or self.signer
        before = leaf_hash(self.rows[-1][1]).hex()
        body = entry.body(
            entry.state_of(event, str(self.body(-1)["at"])),
            actor=KeyId(signer.key_id),
            ledger=str(self.ledger),
            place=(len(self.rows), before),
            stream=str(stream),
            revision=revision,
            name=type_name(event),
            salt="00" * 16,
        )
        raw = signed(body, signer)
        self.rows.append((len(self.rows), raw))
        return raw

    def enrolment(self, *roles: str, replaces: KeyId | None = None) -> KeyEnrolled:
        """The enrolment of the stranger's key by the workspace's, with its proof of possession."""
        key = KeyId(self.stranger.key_id)
        asked = KeyEnrolled(
            key=key, public_key=self.stranger.public_pem.decode(), examiner="A. Stranger", protected=True,
            roles=roles, replaces=replaces,
        )  # fmt: skip
        statement = KeyStatement(ledger=self.ledger, enrolling_key=KeyId(self.signer.key_id), enrolment=asked)
        return statement.proved(self.stranger.sign)

    @property
    def ledger(self) -> LedgerId:
        return LedgerId(uuid.UUID(str(self.body(0)["ledger"])))

    def keep_document(self, content: bytes) -> None:
        """Put a document where entries cite it."""
        with closing(sqlite3.connect(self.database)) as database, database:
            sha256 = hashlib.sha256(content).hexdigest()
            database.execute("INSERT INTO documents (sha256, content) VALUES (?, ?)", (sha256, content))

    def remove(self, position: int) -> None:
        """Take an entry out; its position stays empty."""
        del self.rows[position]

    def cosign(self, size: int, line: Callable[[bytes, Ed25519Signer], str]) -> None:
        """Record, as the key's holder can, that a witness cosigned a checkpoint, in ``line``'s words.

        It gets the text of the checkpoint and the key of the witness, whom the auditor trusts.
        """
        witness = Ed25519Signer(new_private_key())
        folder = self.workspace / "witnesses"
        folder.mkdir()
        (folder / "reviewer.vkey").write_text(witness_vkey(WITNESS, witness.public_raw))
        note = (self.workspace / "checkpoints" / f"{size}.note").read_bytes()
        checkpoint = self.kept_checkpoint(size)
        cosignature = line(checkpoint.text(), witness)
        read = as_cosignature(parse_signature_line(cosignature))
        stream = checkpoint_stream(LedgerId(uuid.UUID(str(self.body(0)["ledger"]))), size)
        data: JsonObject = {
            "size": size, "root": checkpoint.root.hex(), "note_sha256": hashlib.sha256(note).hexdigest(),
            "witness": read.name, "key_hash": read.key_hash.hex(), "time": read.time,
            "cosignature": cosignature,
        }  # fmt: skip
        last = len(self.rows)
        body: JsonObject = {
            **self.body(last - 1), "type": "CheckpointCosigned", "stream": str(stream), "revision": 1,
            "position": last, "previous": leaf_hash(self.rows[-1][1]).hex(), "data": data,
        }  # fmt: skip
        self.insert(last, signed(canonical.encode(body), self.signer))
        self.save()
        self.sign_checkpoint(self.signer)

    def number_anew(self) -> None:
        self.rows = [(position, raw) for position, (_, raw) in enumerate(self.rows)]

    def seal_again(self, first: int, signer: Ed25519Signer) -> None:
        """Chain and sign anew from a position on, as the holder of a key can."""
        for position in range(first, len(self.rows)):
            before = leaf_hash(self.rows[position - 1][1]).hex()
            body = {**self.body(position), "position": position, "previous": before, "actor": signer.key_id}
            self.replace(position, signed(canonical.encode(body), signer))

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """Give the database, to change what ``save`` leaves alone."""
        with closing(sqlite3.connect(self.database)) as database, database:
            yield database

    def save(self) -> None:
        """Write the entries with columns and a head that fit them."""
        frontier, previous = Frontier(), bytes(32)
        for _, raw in self.rows:
            previous = leaf_hash(raw)
            frontier.append(previous)
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("DELETE FROM entries")
            for position, raw in self.rows:
                values = (position, *self._columns(position, raw), raw)
                database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", values)
            head = (frontier.size, frontier.to_bytes(), previous)
            database.execute("UPDATE head SET size = ?, frontier = ?, previous = ?", head)

    def forget_checkpoints(self, above: int) -> None:
        """Remove every checkpoint of the workspace above a size."""
        for file in (self.workspace / "checkpoints").glob("*.note"):
            if int(file.stem) > above:
                file.unlink()
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("DELETE FROM checkpoints WHERE size > ?", (above,))

    def sign_checkpoint(self, signer: Ed25519Signer) -> None:
        """Keep a checkpoint of the rows as they are, in the table and as a file."""
        frontier = Frontier()
        for _, raw in self.rows:
            frontier.append(leaf_hash(raw))
        note = self.note(frontier.size, frontier.root(), signer)
        (self.workspace / "checkpoints" / f"{frontier.size}.note").write_bytes(note)
        with closing(sqlite3.connect(self.database)) as database, database:
            row = (frontier.size, note, frontier.to_bytes())
            database.execute("INSERT INTO checkpoints (size, note, frontier) VALUES (?, ?, ?)", row)

    def note(self, size: int, root: bytes, signer: Ed25519Signer, origin: str | None = None) -> bytes:
        name = origin or self.origin
        text = Checkpoint(origin=name, size=size, root=root).text()
        return signed_note(text, name, signer.public_raw, signer.sign(text))

    def kept_checkpoint(self, size: int) -> Checkpoint:
        note = parse_note((self.workspace / "checkpoints" / f"{size}.note").read_bytes())
        return Checkpoint.parse(note.text)

    def empty_read_models(self) -> None:
        with closing(sqlite3.connect(self.database)) as database, database:
            for table in READ_MODEL_TABLES:
                database.execute(f"DELETE FROM {table.name}")

    def _columns(self, position: int, raw: bytes) -> Columns:
        """Those that the entry says; of one put in twice another stream, which the table needs."""
        try:
            body = entry.parse(dsse.open_envelope(raw).body)
        except MalformedData:
            return self.columns.get(raw) or (uuid.uuid5(uuid.NAMESPACE_OID, str(position)).bytes, 1, "File")
        repeated = any(other == raw and at < position for at, other in self.rows)
        stream = uuid.uuid5(uuid.NAMESPACE_OID, str(position)) if repeated else body.stream.id
        return stream.bytes, body.revision, body.type


def cosigned(text: bytes, signer: Ed25519Signer) -> str:
    """The line by which the witness cosigns a checkpoint's text."""
    signature = signer.sign(cosigned_message(COSIGNED_AT, text))
    return cosignature_line(WITNESS, signer.public_raw, COSIGNED_AT, signature)


def signed(body: bytes, signer: Ed25519Signer) -> bytes:
    return dsse.envelope(body, signer.key_id, signer.sign(dsse.pae(dsse.PAYLOAD_TYPE, body)))
