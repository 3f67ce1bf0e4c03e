"""The writer's side of a ledger: the one way anything becomes true.

Knows what belongs into one transaction: entries, head, read models and, when due, a signed checkpoint.
Deliberately does not decide anything about events; made by ``opening``, after what is there was verified.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa
from eventsourcing.persistence import IntegrityError
from filelock import BaseFileLock

from custody.domain.entries.entry import Recorded, rfc3339
from custody.domain.errors import LedgerFailed, Tampered
from custody.domain.events import SessionOpened, type_name
from custody.domain.identifiers import KeyId, LedgerId, Position
from custody.domain.ports import Clock, Recording
from custody.domain.projections.fold import Projector
from custody.infrastructure.event_store.application import LedgerApplication
from custody.infrastructure.event_store.checkpointing import CheckpointBook, insert_checkpoint
from custody.infrastructure.event_store.codec import LedgerEvent, to_recorded
from custody.infrastructure.event_store.engine import writing
from custody.infrastructure.event_store.read_model_schema import make_anew, require_read_models
from custody.infrastructure.event_store.read_models import SqlReadModel
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.event_store.recorder import Head, SqlApplicationRecorder
from custody.infrastructure.event_store.replay import changes_of, fold_into
from custody.infrastructure.event_store.row_writer import write_rows
from custody.infrastructure.event_store.sealing import EntrySealer, EntrySigner
from custody.infrastructure.event_store.tail import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerParts:
    """What a writer is made of; everything in it belongs to the same ledger."""

    ledger: LedgerId
    seal: EntrySealer
    clock: Clock
    engine: sa.Engine
    recorder: SqlApplicationRecorder
    application: LedgerApplication
    book: CheckpointBook
    reader: SqlLedgerReader
    trust: Trust
    signer: EntrySigner
    lock: BaseFileLock


class SqlLedger:
    """Implements ``ports.LedgerWriter``; used by one thread, while it holds the ledger's lock."""

    def __init__(self, parts: LedgerParts) -> None:
        """Take the parts, opened and verified."""
        self._parts = parts
        self.reader = parts.reader
        self.read_model = SqlReadModel(parts.reader.engine)
        self._projector: Projector | None = None  # made with the first entry: a rebuild must do without

    @property
    def ledger(self) -> LedgerId:
        """The ledger's id."""
        return self._parts.ledger

    @property
    def person_key(self) -> KeyId:
        """The id of the key by which a person answers for this session."""
        return self._parts.seal.actor_of(SessionOpened.__name__)

    @property
    def session_key(self) -> bytes | None:
        """The public key made for this session alone, 32 raw bytes, if there is one."""
        return self._parts.seal.session_key

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._parts.recorder.head.size

    def append(self, recordings: Sequence[Recording]) -> Position:
        """Seal, sign and commit all, or none; durable on return. Returns the position of the last entry.

        Raises MalformedData for an event that has no entry, LedgerFailed when a revision is taken or the
        disk does not take the entries, Tampered when the head is another than this writer left, and
        LedgerUnreadable when the read models must be rebuilt first.
        """
        if not recordings:
            return Position(self.size - 1)
        projector = self._ready_projector()
        at = rfc3339(self._parts.clock.now())
        events = [LedgerEvent(one.stream.id, one.revision, one.event, at) for one in recordings]
        notes: list[tuple[int, bytes]] = []

        def also(connection: sa.Connection, positions: range) -> None:
            write_rows(connection, changes_of(projector, self._recorded(recordings, positions, at)))
            if self._parts.book.is_due(positions.stop):
                notes.append((positions.stop, self._checkpoint(connection)))

        try:
            self._parts.application.events.put(events, also=also)
        except IntegrityError as error:
            message = f"{error}; a program acted on a state that is not the ledger's"
            raise LedgerFailed(
                message, done="Nothing of it was recorded.", hint="run custody rebuild"
            ) from error
        for size, note in notes:
            self._parts.book.publish(size, note)
        return Position(self.size - 1)

    def vouched(self, positions: Sequence[Position]) -> Mapping[Position, Recorded]:
        """Return the entries at these positions that a trusted key signed for just that place."""
        found = {}
        for position in positions:
            stored = next(self.reader.entries(position, position), None)
            if stored is not None and self._parts.trust.vouches_for(stored):
                found[position] = to_recorded(stored)
        return found

    def sign(self, message: bytes) -> bytes:
        """Return the signature of the person's own key under what is no entry, such as an answer."""
        return self._parts.signer.sign(message)

    def keep_document(self, content: bytes) -> str:
        """Keep bytes that an event cites by their SHA-256; returns it in hex. Raises LedgerFailed."""
        sha256 = hashlib.sha256(content).hexdigest()
        with writing(self._parts.engine) as connection:
            connection.exec_driver_sql(
                "INSERT OR REPLACE INTO documents (sha256, content) VALUES (?, ?)", (sha256, content)
            )
        return sha256

    def make_checkpoint(self) -> bytes:
        """Return the signed note of the ledger as it is, kept as row and file; made once for a size.

        Raises LedgerFailed when the disk does not take it, Tampered as ``append`` does.
        """
        note = self._parts.book.note_of(self.size)
        if note is None:
            with writing(self._parts.engine) as connection:
                self._require_known_head(connection)
                note = self._checkpoint(connection)
        self._parts.book.publish(self.size, note)
        return note

    def cosign(self, text: bytes) -> str:
        """Return the line by which this ledger's key, as a witness, cosigns a checkpoint's text now.

        It is not recorded here: that comes first, before anyone is given the line.
        """
        return self._parts.book.cosign(text, int(self._parts.clock.now().timestamp()))

    def hand_over(self, successor: EntrySigner) -> None:
        """Sign entries and checkpoints with another key from here on, when its rotation is recorded."""
        self._parts.seal.hand_over(successor)
        self._parts.book.hand_over(successor)

    def rebuild(self) -> int:
        """Drop the read models and replay the ledger, in one transaction; returns the number of events.

        Raises Tampered for an entry that cannot be read, LedgerFailed when the disk does not take the rows.
        """
        with writing(self._parts.engine) as connection:
            self._require_known_head(connection)
            make_anew(connection)
            count = fold_into(connection, self.reader.recorded())
        self._projector = None
        return count

    def close(self) -> None:
        """Close the database, let go of the lock and of the session key."""
        self._parts.seal.forget_session_key()
        self.reader.close()
        self._parts.engine.dispose()
        self._parts.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _ready_projector(self) -> Projector:
        if self._projector is None:
            require_read_models(self.reader.engine)
            self._projector = Projector(self.read_model.destinations())
        return self._projector

    def _recorded(self, recordings: Sequence[Recording], positions: range, at: str) -> Iterator[Recorded]:
        for position, one in zip(positions, recordings, strict=True):
            yield Recorded(
                position=Position(position),
                stream=one.stream,
                revision=one.revision,
                at=at,
                actor=self._parts.seal.actor_of(type_name(one.event)),
                event=one.event,
            )

    def _checkpoint(self, connection: sa.Connection) -> bytes:
        head = Head.read(connection)
        note = self._parts.book.sign(head)
        insert_checkpoint(connection, head, note)
        return note

    def _require_known_head(self, connection: sa.Connection) -> None:
        if Head.read(connection) != self._parts.recorder.head:
            refuse_foreign_head()


def refuse_foreign_head() -> None:
    """Raise Tampered: while this process holds the lock, nobody else may move the head."""
    message = "the ledger's head was changed by somebody else while this process held the ledger"
    raise Tampered(message, done="Nothing was written on top of it.", hint="run custody audit")
