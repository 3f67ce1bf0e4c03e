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
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
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

    Where one may not write, or on a full disk, SQLite cannot make the shared memory that WAL needs, so the
    file is read as one that nobody changes, or file and log alone. A writer (another account may well write)
    would not be noticed then: so the ledger's lock is shared as long. Raises LedgerUnreadable when somebody
    writes at that moment, or when there are no locks and it is no read-only medium.
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
        if not lock.exists():  # a copy, which nobody writes without making one
            return _Way(options=_NOBODY_WRITES)
        return _way_without_writers(log, lock, "its folder may not be written")
    memory = SharedMemory(path)
    try:
        memory.hold()
    except OSError as error:
        if error.errno in _NO_ROOM:
            return _way_without_writers(log, lock, "its disk is full")
        return _Way()
    return _Way(memory=memory)


def _way_without_writers(log: Path, lock: Path, why: str) -> _Way:
    undo = ExitStack()
    try:
        if (descriptor := _shared(lock)) is not None:
            undo.callback(os.close, descriptor)
        is_empty = not log.exists() or log.stat().st_size == 0
    except BlockingIOError as error:
        undo.close()
        message = f"the ledger cannot be read now: {why}, and another process is writing it"
        raise LedgerUnreadable(message, hint="wait until it has ended") from error
    except OSError as error:
        undo.close()
        message = f"the ledger cannot be read: {why}, and its lock cannot be shared: {error.strerror}"
        hint = "make room on the disk, or copy the workspace to a folder of your own"
        raise LedgerUnreadable(message, hint=hint) from error
    return _Way(options=_NOBODY_WRITES if is_empty else _LOG_ALONE, undo=undo)


def _shared(lock: Path) -> int | None:
    """Return a descriptor that shares the writers' lock: as long as it is open, none can begin.

    None where there are no locks and nobody can write.
    """
    descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in _NO_LOCKS and _is_read_only(lock):
            return None
        raise
    return descriptor


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
