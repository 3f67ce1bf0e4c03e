"""Connections that only read a SQLite ledger, also on a read-only medium and on a full disk.

Knows the ways in which SQLite can read a database in WAL mode, and what each needs. Deliberately does not
know what the tables mean.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from custody.domain.canonical import MAX_DOCUMENT_BYTES
from custody.domain.errors import LedgerUnreadable
from custody.infrastructure.event_store.connecting import begin_plainly, connect_within, url_of
from custody.infrastructure.event_store.shared_memory import SharedMemory

MAX_ROW_BYTES: Final = 2 * MAX_DOCUMENT_BYTES
"""Largest row or value read at all: no ledger has larger ones, and a gigabyte must not fill the memory."""

_BUSY_MILLISECONDS: Final = 30_000
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOBODY_WRITES: Final = {"immutable": "1"}
_LOG_ALONE: Final = {"readonly_shm": "1"}  # SQLite builds its index of the log in the process's own memory


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Options of the address; the shared memory when it is used; what to undo when the engine goes."""

    options: Mapping[str, str] = field(default_factory=dict)
    memory: SharedMemory | None = None
    undo: ExitStack = field(default_factory=ExitStack)


def reading_engine(path: Path, lock: Path) -> sa.Engine:
    """Return an engine that cannot write, whatever statement it is given.

    On a read-only medium SQLite cannot make the shared memory that WAL needs, so the file is read as one that
    nobody changes. On a full disk too, or from file and log alone; then the ledger's lock is shared as long,
    because a writer would not be noticed. Raises LedgerUnreadable when one is there at that moment.
    """
    way = _way_of_reading(path, lock)
    engine = sa.create_engine(url_of(path, "ro", way.options))
    if way.memory is None:
        sa.event.listen(engine, "connect", lambda connection, _entry: _configure(connection))
    else:
        connect_within(engine, way.memory, _configure)
    sa.event.listen(engine, "engine_disposed", lambda _engine: way.undo.close())
    sa.event.listen(engine, "begin", begin_plainly)
    return engine


def _configure(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES)
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


def _way_of_reading(path: Path, lock: Path) -> _Way:
    log = path.with_name(path.name + "-wal")
    if not os.access(path.parent, os.W_OK) and not log.exists():
        return _Way(options=_NOBODY_WRITES)
    memory = SharedMemory(path)
    try:
        memory.hold()
    except OSError as error:
        return _way_on_a_full_disk(log, lock) if error.errno in _NO_ROOM else _Way()
    return _Way(memory=memory)


def _way_on_a_full_disk(log: Path, lock: Path) -> _Way:
    undo = ExitStack()
    try:
        undo.callback(os.close, _shared(lock))
        is_empty = not log.exists() or log.stat().st_size == 0
    except OSError as error:
        undo.close()
        message = (
            f"the ledger cannot be read: its disk is full, and its lock cannot be shared: {error.strerror}"
        )
        raise LedgerUnreadable(message, hint="make room on the disk of the workspace") from error
    return _Way(options=_NOBODY_WRITES if is_empty else _LOG_ALONE, undo=undo)


def _shared(lock: Path) -> int:
    """Return a descriptor that shares the writers' lock: as long as it is open, none can begin."""
    descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
