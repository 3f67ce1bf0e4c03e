"""The ledger as it was written: entries, checkpoints, streams, documents. Writes nothing.

Knows rows and pages; memory does not grow with the ledger. Deliberately verifies no signature and trusts
no column: what tampered columns hold is handed on in a form that the audit can judge.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

import sqlalchemy as sa

from custody.domain.entries.entry import Recorded
from custody.domain.errors import LedgerUnreadable, NotFound, Tampered
from custody.domain.identifiers import LedgerId, Position, Stream
from custody.infrastructure.event_store.codec import StoredEntry, to_recorded
from custody.infrastructure.event_store.engine import reading
from custody.infrastructure.event_store.note_files import read_notes

PAGE: Final = 1_000

# Casts: in a tampered table any column may hold any type, which must be a finding and not a crash.
_COLUMNS: Final = (
    "CAST(position AS INTEGER), CAST(entry AS BLOB), CAST(stream AS BLOB), CAST(revision AS INTEGER), "
    "CAST(type AS BLOB)"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM entries WHERE"  # noqa: S608 - constants
_RANGE: Final = f"{_SELECT} position >= ? AND position <= ? ORDER BY position LIMIT {PAGE}"
_STREAM: Final = f"{_SELECT} stream = ? AND revision > ? ORDER BY revision LIMIT {PAGE}"
_LAST_POSITION: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A signed note as found, and where: nothing of it is verified."""

    size: int
    note: bytes
    where: Literal["table", "file"]


class SqlLedgerReader:
    """Reads one ledger; a query sees one consistent state, each page anew."""

    def __init__(self, engine: sa.Engine, checkpoint_folder: Path) -> None:
        """Take the engine and the folder of the checkpoint files."""
        self._engine = engine
        self._folder = checkpoint_folder

    @property
    def engine(self) -> sa.Engine:
        """The engine the ledger is read with."""
        return self._engine

    @property
    def ledger(self) -> LedgerId:
        """The ledger's id as the database says it. Raises LedgerUnreadable when it says none."""
        with reading(self._engine) as connection:
            text = connection.exec_driver_sql("SELECT value FROM meta WHERE name = 'ledger'").scalar()
        try:
            return LedgerId(UUID(text))
        except (TypeError, ValueError, AttributeError) as error:
            message = "the ledger's id is missing or unreadable"
            raise LedgerUnreadable(message) from error

    def size(self) -> int:
        """Return the number of entries: the last position plus one, whatever the head row says."""
        with reading(self._engine) as connection:
            last: int | None = connection.exec_driver_sql("SELECT max(position) FROM entries").scalar()
        return 0 if last is None else last + 1

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[StoredEntry]:
        """Yield the rows of a range of positions, both ends included; missing positions are skipped."""
        end = _LAST_POSITION if last is None else last
        while True:
            with reading(self._engine) as connection:
                rows = connection.exec_driver_sql(_RANGE, (first, end)).all()
            yield from (_stored(*row) for row in rows)
            if len(rows) < PAGE:
                return
            first = rows[-1][0] + 1

    def recorded(
        self, first: int = 0, last: int | None = None, types: Collection[str] = ()
    ) -> Iterator[Recorded]:
        """Yield the events of a range of positions, of all types or the given ones.

        Raises Tampered for an entry that cannot be read or contradicts its columns; checks no signature.
        """
        wanted = frozenset(types)
        for stored in self.entries(first, last):
            if not wanted or stored.type in wanted:
                yield to_recorded(stored)

    def revision(self, stream: Stream) -> int:
        """Return the last revision of a stream; 0 when there is none."""
        with reading(self._engine) as connection:
            last = connection.exec_driver_sql(
                "SELECT max(revision) FROM entries WHERE stream = ?", (stream.id.bytes,)
            ).scalar()
        return int(last or 0)

    def history(self, stream: Stream) -> Iterator[Recorded]:
        """Yield the events of one stream in order. Raises Tampered as ``recorded`` does."""
        return map(to_recorded, self.rows_of(stream))

    def rows_of(self, stream: Stream) -> Iterator[StoredEntry]:
        """Yield the rows of one stream in order."""
        after = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.exec_driver_sql(_STREAM, (stream.id.bytes, after)).all()
            yield from (_stored(*row) for row in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][3]

    def document(self, sha256: str) -> bytes:
        """Return kept bytes. Raises NotFound, and Tampered when they are not those of the hash."""
        with reading(self._engine) as connection:
            content = connection.exec_driver_sql(
                "SELECT CAST(content AS BLOB) FROM documents WHERE sha256 = ?", (sha256,)
            ).scalar()
        if content is None:
            message = f"the ledger keeps no document with the SHA-256 {sha256}"
            raise NotFound(message)
        if hashlib.sha256(content).hexdigest() != sha256:
            message = f"the document kept under {sha256} is not the one of that SHA-256"
            raise Tampered(message, hint="run custody audit")
        return bytes(content)

    def checkpoints(self) -> Iterator[KeptCheckpoint]:
        """Yield every checkpoint found: those of the table by size, then those of the folder by size."""
        with reading(self._engine) as connection:
            query = "SELECT CAST(size AS INTEGER), CAST(note AS BLOB) FROM checkpoints ORDER BY size"
            rows = connection.exec_driver_sql(query).all()
        yield from (KeptCheckpoint(size, note or b"", "table") for size, note in rows)
        yield from (KeptCheckpoint(size, note, "file") for size, note in read_notes(self._folder))

    def latest_checkpoint(self) -> KeptCheckpoint | None:
        """Return the checkpoint of the largest size, None when there is none."""
        return max(self.checkpoints(), key=lambda kept: kept.size, default=None)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _stored(
    position: int | None, entry: bytes | None, stream: bytes | None, revision: int | None, name: bytes | None
) -> StoredEntry:
    return StoredEntry(
        position=Position(position or 0),
        entry=entry or b"",
        stream=stream or b"",
        revision=revision or 0,
        type=(name or b"").decode("utf-8", "replace"),
    )
