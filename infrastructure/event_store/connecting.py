"""How a connection to a SQLite ledger comes about: never without real room for its shared memory.

Knows the order: open the file, make the room, let SQLite map it, see that it mapped that one. Deliberately
knows no settings: the caller's ``configure`` makes them.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote

import sqlalchemy as sa

from custody.infrastructure.event_store.shared_memory import SharedMemory

DRIVER_ERRORS: Final = (sa.exc.SQLAlchemyError, sqlite3.Error, UnicodeDecodeError)
"""What reading or writing a database may raise; the last when SQLite's own message quotes a damaged name."""

_TRIES: Final = 5

Configure = Callable[[sqlite3.Connection], None]
"""Makes the settings of a new connection; the first statement of it that reads maps the shared memory."""


def url_of(path: Path, mode: str, options: Mapping[str, str]) -> sa.URL:
    """Return the address of a SQLite file with ``mode`` and further options of its URI."""
    query = {"mode": mode, "uri": "true", **options}
    return sa.URL.create("sqlite", database=f"file:{quote(os.fsencode(path))}", query=query)


def connect_within(engine: sa.Engine, memory: SharedMemory, configure: Configure) -> None:
    """Let an engine connect within the room of ``memory``, and let go of it when it is disposed of."""

    @sa.event.listens_for(engine, "do_connect")
    def connect(
        dialect: sa.Dialect, _record: object, arguments: tuple[str, ...], options: Mapping[str, object]
    ) -> sqlite3.Connection:
        for _ in range(_TRIES):
            connection = cast("sqlite3.Connection", dialect.connect(*arguments, **options))
            if _is_ready(connection, memory, configure):
                return connection
            connection.close()
            with naming_missing_room():
                memory.renew()
        message = "other processes open and close it all the time"
        raise sqlite3.OperationalError(message)

    @sa.event.listens_for(engine, "engine_disposed")
    def let_go(_engine: sa.Engine) -> None:
        memory.release()


def begin_plainly(connection: sa.Connection) -> None:
    """Begin a transaction where SQLAlchemy says so; the driver would guess."""
    connection.exec_driver_sql("BEGIN")


@contextmanager
def naming_missing_room() -> Iterator[None]:
    """Raise sqlite3.OperationalError for an OSError within, as if SQLite itself had found no room."""
    try:
        yield
    except OSError as error:
        message = f"its shared memory gets no room: {error.strerror or error}"
        raise sqlite3.OperationalError(message) from error


def _is_ready(connection: sqlite3.Connection, memory: SharedMemory, configure: Configure) -> bool:
    try:
        with naming_missing_room():
            memory.hold()
        configure(connection)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except DRIVER_ERRORS:
        connection.close()
        raise
    # The last process to close removes the file: between room and map it may have been another one's.
    return memory.is_in_place()
