"""Where each entry of a bundle stands, by position and by stream, in a temporary database.

Knows offsets in the file of entries. Takes no memory that grows with the ledger; vanishes when it is closed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final, TypeAlias

_TABLES: Final = (
    "CREATE TABLE places (position INTEGER PRIMARY KEY, start INTEGER, length INTEGER, leaf BLOB)",
    (
        "CREATE TABLE streams (stream BLOB, revision INTEGER, position INTEGER, "
        "PRIMARY KEY (stream, revision, position)) WITHOUT ROWID"
    ),
)
_PLACE: Final = "INSERT INTO places VALUES (?, ?, ?, ?)"
_STREAM: Final = "INSERT OR IGNORE INTO streams VALUES (?, ?, ?)"
_BEFORE: Final = (
    "SELECT start, length FROM streams JOIN places USING (position) WHERE stream = ? AND revision < ? "
    "ORDER BY revision DESC"
)
_MAX_INTEGER: Final = 2**63 - 1

Place: TypeAlias = tuple[int, int]
"""Offset and length in bytes."""


class EntryIndex:
    """Filled while the entries pass, and asked meanwhile."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Take an empty database."""
        self._database = database
        for statement in _TABLES:
            database.execute(statement)

    def put(self, position: int, place: Place | None, leaf: bytes | None = None) -> None:
        """Note where an entry stands; ``leaf`` in the place of one that is withheld."""
        self._database.execute(_PLACE, (position, *(place or (None, None)), leaf))

    def follow(self, stream: bytes, revision: int, position: int) -> None:
        """Note an entry's place in its stream."""
        self._database.execute(_STREAM, (stream, revision, position))

    def at(self, positions: Sequence[int]) -> Iterator[tuple[int, Place | None, bytes | None]]:
        """Yield those of these positions that were put, with their place or the leaf hash."""
        marks = ", ".join("?" * len(positions))
        query = f"SELECT position, start, length, leaf FROM places WHERE position IN ({marks})"  # noqa: S608
        for position, start, length, leaf in self._database.execute(query, tuple(positions)).fetchall():
            yield position, None if start is None else (start, length), leaf

    def before(self, stream: bytes, revision: int) -> Iterator[Place]:
        """Yield the places of a stream's entries below a revision, the latest first."""
        yield from self._database.execute(_BEFORE, (stream, min(revision, _MAX_INTEGER)))

    def streams(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield stream, revision and position of every entry, by stream and revision."""
        yield from self._database.execute("SELECT stream, revision, position FROM streams")


@contextmanager
def temporary_index() -> Iterator[EntryIndex]:
    """Give an index in a file without a name, which SQLite removes by itself."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")  # one transaction, never committed: each of its own costs a write
        yield EntryIndex(database)
