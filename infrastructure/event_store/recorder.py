"""The library's recorders over SQLAlchemy Core: a gapless, sealed, append-only order of events.

Knows positions, the head and transactions. Deliberately does not know what a seal is made of: the sealed
bytes are opaque, so the library's own test cases run with a seal that returns the state as it is.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)

from custody.domain.proofs import merkle
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.engine import reading, writing
from custody.infrastructure.event_store.sealing import Seal
from custody.infrastructure.event_store.subscription import PollingSubscription
from custody.infrastructure.event_store.tracking import SqlTrackingRecorder, write_tracking

Also: TypeAlias = Callable[[sa.Connection, range], None]
"""Called within the transaction, after entries and head, with the positions of the new entries."""

_INSERT = "INSERT INTO entries (position, stream, revision, type, entry) VALUES (?, ?, ?, ?, ?)"
_ENTRIES = schema.entries.c


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger ends: its size, the Merkle frontier, and the leaf hash of the last entry."""

    size: int
    frontier: bytes
    previous: bytes

    @classmethod
    def read(cls, connection: sa.Connection) -> Self:
        """Return what the head row says; nothing of it is verified."""
        row = connection.exec_driver_sql("SELECT size, frontier, previous FROM head WHERE id = 1").one()
        return cls(*row)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Rows ready to be inserted, and the head they lead to."""

    rows: list[tuple[int, bytes, int, str, bytes]]
    head: Head


class SqlApplicationRecorder(ApplicationRecorder):
    """Records events under consecutive positions; the library's notification id is the position plus one."""

    def __init__(
        self,
        engine: sa.Engine,
        seal: Seal,
        *,
        head: Head | None = None,
        vouch: Callable[[], None] | None = None,
    ) -> None:
        """Take the engine and the seal.

        ``head`` is one that the caller verified. ``vouch`` is called within the transaction when the head
        in the database is another than the one last known; it raises to refuse extending it.
        """
        self._engine = engine
        self._seal = seal
        self._head = head
        self._under_way: Head | None = None  # where a commit leads that may, or may not, have gone through
        self._vouch = vouch
        self._one_at_a_time = threading.Lock()

    @property
    def head(self) -> Head:
        """The last known head; read from the database when there is none yet.

        An interruption (Ctrl+C) right behind a commit leaves open whether it went through. The database
        tells; its head is taken over only if it is the very one that this recorder sealed.
        """
        if self._head is not None and self._under_way is None:
            return self._head
        with reading(self._engine) as connection:
            found = Head.read(connection)
        if self._head is None or found == self._under_way:
            self._head = found
        return self._head

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        tracking: Tracking | None = None,
        also: Also | None = None,
        **_kwargs: object,
    ) -> Sequence[int] | None:
        """Seal the events and commit them in one transaction, or none of them; returns notification ids.

        Raises the library's IntegrityError for a revision already taken, LedgerFailed when the database
        does not take them, and whatever seal, ``also`` or ``vouch`` raise.
        """
        with self._one_at_a_time:
            # Signing is the slow part, so it happens before the database is locked.
            known = self.head
            sealed = self._sealed(known, stored_events)
            self._under_way = sealed.head
            with writing(self._engine) as connection:
                found = Head.read(connection)
                if found != known:
                    if self._vouch is not None:
                        self._vouch()
                    sealed = self._sealed(found, stored_events)
                    self._under_way = sealed.head
                self._write(connection, sealed, tracking)
                if also is not None:
                    also(connection, range(sealed.head.size - len(sealed.rows), sealed.head.size))
            self._head, self._under_way = sealed.head, None
        return [row[0] + 1 for row in sealed.rows]

    def _sealed(self, head: Head, stored_events: Sequence[StoredEvent]) -> Sealed:
        frontier, previous = merkle.Frontier.from_bytes(head.frontier), head.previous
        rows = []
        for position, stored in enumerate(stored_events, head.size):
            entry = self._seal(position, previous, stored)
            previous = merkle.leaf_hash(entry)
            frontier.append(previous)
            stream = _bytes_of(stored.originator_id)
            rows.append((position, stream, stored.originator_version, stored.topic, entry))
        return Sealed(rows, Head(frontier.size, frontier.to_bytes(), previous))

    def _write(self, connection: sa.Connection, sealed: Sealed, tracking: Tracking | None) -> None:
        if tracking is not None:
            write_tracking(connection, tracking)
        if not sealed.rows:
            return
        try:
            connection.exec_driver_sql(_INSERT, sealed.rows)
        except sa.exc.IntegrityError as error:
            message = "a revision of a stream is already recorded"
            raise IntegrityError(message) from error
        head = sealed.head
        connection.exec_driver_sql(
            "UPDATE head SET size = ?, frontier = ?, previous = ? WHERE id = 1",
            (head.size, head.frontier, head.previous),
        )

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of one stream in order of revision."""
        query = sa.select(_ENTRIES.stream, _ENTRIES.revision, _ENTRIES.type, _ENTRIES.entry)
        query = query.where(_ENTRIES.stream == _bytes_of(originator_id))
        if gt is not None:
            query = query.where(_ENTRIES.revision > gt)
        if lte is not None:
            query = query.where(_ENTRIES.revision <= lte)
        query = query.order_by(_ENTRIES.revision.desc() if desc else _ENTRIES.revision).limit(limit)
        with reading(self._engine) as connection:
            return [StoredEvent(UUID(bytes=row[0]), *row[1:]) for row in connection.execute(query)]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return up to ``limit`` events in the ledger's order."""
        number = _ENTRIES.position + 1
        query = sa.select(_ENTRIES.stream, _ENTRIES.revision, _ENTRIES.type, _ENTRIES.entry, number)
        if start is not None:
            query = query.where(_ENTRIES.position >= (start - 1 if inclusive_of_start else start))
        if stop is not None:
            query = query.where(_ENTRIES.position < stop)
        if topics:
            query = query.where(_ENTRIES.type.in_(topics))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_ENTRIES.position).limit(limit))
            return [Notification(UUID(bytes=row[0]), *row[1:]) for row in rows]

    def max_notification_id(self) -> int | None:
        """Return the last position plus one, None for an empty ledger."""
        with reading(self._engine) as connection:
            last: int | None = connection.execute(sa.select(sa.func.max(_ENTRIES.position))).scalar()
        return None if last is None else last + 1

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return an iterator that goes on with events as they are recorded, by any process."""
        return PollingSubscription(recorder=self, gt=gt, topics=topics)


class SqlAggregateRecorder(SqlApplicationRecorder, AggregateRecorder):
    """The same without a global order to those who use it, as the library's interface has it."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        tracking: Tracking | None = None,
        also: Also | None = None,
        **_kwargs: object,
    ) -> None:
        """Record as the application's recorder does; tells no ids."""
        super().insert_events(stored_events, tracking=tracking, also=also)


class SqlProcessRecorder(SqlApplicationRecorder, SqlTrackingRecorder, ProcessRecorder):
    """Records events and the position they came from in one transaction."""


def _bytes_of(originator: UUID | str) -> bytes:
    return (originator if isinstance(originator, UUID) else UUID(originator)).bytes
