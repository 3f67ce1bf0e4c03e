"""Connections that write a SQLite ledger: their settings, their transactions, and whose fault an error is.

Knows SQLite and SQLAlchemy. Deliberately does not know what the tables mean.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from custody.domain.errors import LedgerFailed, LedgerUnreadable
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.connecting import (
    DRIVER_ERRORS,
    begin_plainly,
    connect_within,
    naming_missing_room,
    url_of,
)
from custody.infrastructure.event_store.shared_memory import SPARE_REGIONS, SharedMemory

_BUSY_MILLISECONDS: Final = 30_000
_WAL_PAGES: Final = 4_000  # 16 MiB: index pages touched by many commits are written back once
_CACHE_KIBIBYTES: Final = 16 * 1024  # the rows of a window and their indexes; 2 MiB by default
_SYNCHRONOUS_FULL: Final = 2
_RECORDED_IS_SAFE: Final = "Nothing of this change was recorded; what was recorded before is safe."


def writing_engine(path: Path) -> sa.Engine:
    """Return an engine that writes durably: WAL with ``synchronous=FULL``.

    Measured: WAL with NORMAL loses every commit since the last WAL checkpoint in a power cut.
    """
    engine = sa.create_engine(url_of(path, "rwc", {}))
    memory = SharedMemory(path, spare_regions=SPARE_REGIONS)

    def configure(connection: sqlite3.Connection) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute("PRAGMA trusted_schema = OFF")

    connect_within(engine, memory, configure)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def keep_ahead(*_statement: object) -> None:
        with naming_missing_room():
            memory.keep_ahead()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        # A deferred transaction that turns to writing fails at once when another process wrote meanwhile.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def scratch_engine(path: Path) -> sa.Engine:
    """Return an engine for a file that nobody else reads and that need not outlive the process."""
    engine = sa.create_engine(url_of(path, "rwc", {}))

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")

    sa.event.listen(engine, "begin", begin_plainly)
    return engine


@contextmanager
def room_to_write(path: Path) -> Iterator[None]:
    """Hold the room that a writer's shared memory needs. Raises LedgerFailed when the disk has none."""
    memory = SharedMemory(path, spare_regions=SPARE_REGIONS)
    with _naming_write_errors(), naming_missing_room():
        memory.hold()
    try:
        yield
    finally:
        memory.release()


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection within one write transaction; commits at the end, rolls back on any error.

    Raises LedgerFailed for whatever the driver or the disk says.
    """
    with (
        _naming_write_errors(),
        engine.connect().execution_options(immediate=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _naming_write_errors() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        message = f"the ledger takes no entries: {_reason(error)}"
        raise LedgerFailed(
            message, done=_RECORDED_IS_SAFE, hint="see that its disk has room and is writable"
        ) from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection with one consistent view. Raises LedgerUnreadable for whatever the driver says."""
    with naming_read_errors(), engine.connect() as connection:
        yield connection


@contextmanager
def naming_read_errors() -> Iterator[None]:
    """Raise LedgerUnreadable for whatever the driver says within."""
    try:
        yield
    except DRIVER_ERRORS as error:
        message = f"the ledger cannot be read: {_reason(error)}"
        raise LedgerUnreadable(message, hint="the file may be damaged; keep it as it is") from error


def require_ledger(engine: sa.Engine) -> None:
    """Raise LedgerUnreadable unless the database bears a ledger's marks and has its tables.

    The read models are not asked for: they can be made anew.
    """
    with reading(engine) as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _MARKS}
        names = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars()
        missing = {table.name for table in schema.LEDGER_TABLES} - set(names)
    if found["application_id"] != schema.APPLICATION_ID:
        message = f"{engine.url.database} is no ledger of Custody"
        raise LedgerUnreadable(message)
    if found["user_version"] != schema.SCHEMA_VERSION:
        message = f"the ledger has format {found['user_version']}, this version reads {schema.SCHEMA_VERSION}"
        raise LedgerUnreadable(message, hint="use the version of Custody that made it")
    if missing:
        message = f"the ledger lacks the tables {', '.join(sorted(missing))}"
        raise LedgerUnreadable(message)


def require_durable(engine: sa.Engine) -> None:
    """Raise LedgerFailed unless the settings took: some file systems refuse WAL without an error."""
    with writing(engine) as connection:
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    if journal != "wal" or synchronous != _SYNCHRONOUS_FULL:
        message = f"the ledger's file system gives no durable writes: {journal}, synchronous {synchronous}"
        raise LedgerFailed(message, done=_RECORDED_IS_SAFE, hint="keep the workspace on a local disk")


_MARKS: Final = ("application_id", "user_version")


def _reason(error: Exception) -> str:
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return str(origin).splitlines()[0] if str(origin) else type(origin).__name__
