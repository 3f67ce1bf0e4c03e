"""Room for the shared memory of a SQLite database in WAL mode (``<database>-shm``), made before it is mapped.

SQLite gives that file one byte a page and writes to it through a memory map. Where blocks of the file system
are smaller than a page the rest are holes, and writing to a hole of a full disk is SIGBUS: the process dies.
So every block is written here first, by a call that can fail. Knows the file, its growth with the log
(SQLite, "WAL-mode File Format", section 2.2) and the lock byte by which SQLite knows that somebody uses it.
Deliberately knows no SQL; on systems without locks of open files it leaves the file to SQLite.
"""

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DEAD_MAN_SWITCH: Final = 128  # SQLite, os_unix.c: UNIX_SHM_DMS; whoever finds it free empties the file
_SET_LOCK: Final[int | None] = getattr(fcntl, "F_OFD_SETLK", None)
_REGION_BYTES: Final = 32_768
_LOG_BYTES_A_REGION: Final = 4_096 * 4_096  # a region describes 4,096 pages of the log
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.01

SPARE_REGIONS: Final = 8
"""What a writer keeps in hand: 128 MiB of log, more than any one statement adds."""


@dataclass(slots=True)
class _Room:
    """The file as this process holds it."""

    descriptor: int
    size_bytes: int
    holders: int = 0


# One descriptor for the whole process: closing any other one would drop the locks that SQLite has on the file
# (fcntl(2), "record locks").
_rooms: Final[dict[str, _Room]] = {}
_guard: Final = threading.Lock()


class SharedMemory:
    """The room that one engine holds, as long as it is open."""

    def __init__(self, database: Path, *, spare_regions: int = 0) -> None:
        """Take the database and how many regions to keep beyond what its log needs."""
        self._path = os.path.realpath(database)
        self._spare = spare_regions
        self._held = False

    def hold(self) -> None:
        """Make room and keep it until ``release``; again is fine. Raises OSError when there is none."""
        with _guard:
            if self._held or _SET_LOCK is None:
                return
            room = _rooms.get(self._path) or _opened(self._path, self._needed_bytes())
            _rooms[self._path] = room
            room.holders += 1
            self._held = True
        try:
            self.keep_ahead()
        except OSError:
            self.release()
            raise

    def keep_ahead(self) -> None:
        """Make the room grow with the log. Raises OSError when the disk has none."""
        room = _rooms.get(self._path)
        if room is None or self._needed_bytes() <= room.size_bytes:
            return
        with _guard:
            room.size_bytes = _grown(room.descriptor, self._needed_bytes())

    def is_in_place(self) -> bool:
        """Tell whether the room is that of the file SQLite finds: the last one to close removes it."""
        room = _rooms.get(self._path)
        return room is None or _is_named(room.descriptor, self._path)

    def renew(self) -> None:
        """Make room in the file that stands there now; nothing of this process may be connected.

        Raises OSError when there is none; what was held before is held still.
        """
        with _guard:
            room = _rooms[self._path]
            fresh = _opened(self._path, self._needed_bytes())
            os.close(room.descriptor)  # of a file without a name: no lock of SQLite goes with it
            room.descriptor, room.size_bytes = fresh.descriptor, fresh.size_bytes

    def release(self) -> None:
        """Let go, after the last connection was closed."""
        with _guard:
            if not self._held:
                return
            self._held = False
            room = _rooms[self._path]
            room.holders -= 1
            if not room.holders:
                os.close(_rooms.pop(self._path).descriptor)

    def _needed_bytes(self) -> int:
        try:
            log_bytes = Path(self._path + "-wal").stat().st_size
        except FileNotFoundError:
            log_bytes = 0
        return (log_bytes // _LOG_BYTES_A_REGION + 1 + self._spare) * _REGION_BYTES


def _opened(database: str, needed_bytes: int) -> _Room:
    """Open the file that has the name at the end; whoever is alone fills it with zeros."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        descriptor = os.open(database + "-shm", flags, Path(database).stat().st_mode & 0o666)
        with _closed_on_error(descriptor):
            if _is_locked_alone(descriptor):
                _fill(descriptor, needed_bytes)
                _lock(descriptor, fcntl.F_RDLCK)
            if _is_named(descriptor, database):
                return _Room(descriptor, os.fstat(descriptor).st_size)
        os.close(descriptor)


@contextmanager
def _closed_on_error(descriptor: int) -> Iterator[None]:
    try:
        yield
    except OSError:
        os.close(descriptor)
        raise


def _is_locked_alone(descriptor: int) -> bool:
    """Lock the switch: True alone, False with others. Raises BlockingIOError when neither can be had."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        if _has_locked(descriptor, fcntl.F_WRLCK):
            return True
        if _has_locked(descriptor, fcntl.F_RDLCK):
            return False
        if time.monotonic() > until:
            message = "another process keeps it to itself"
            raise BlockingIOError(message)
        time.sleep(_PAUSE_SECONDS)


def _has_locked(descriptor: int, kind: int) -> bool:
    try:
        _lock(descriptor, kind)
    except BlockingIOError:
        return False
    return True


def _lock(descriptor: int, kind: int) -> None:
    """Lock for this open file, which SQLite's own locks of the same process respect (fcntl(2))."""
    assert _SET_LOCK is not None  # noqa: S101 - ``hold`` looked
    fcntl.fcntl(descriptor, _SET_LOCK, struct.pack("hhqqi", kind, os.SEEK_SET, _DEAD_MAN_SWITCH, 1, 0))


def _fill(descriptor: int, needed_bytes: int) -> None:
    """Overwrite with zeros: SQLite makes the content anew, and blocks that were there are not given up."""
    before = os.fstat(descriptor).st_size
    try:
        _write_zeros(descriptor, 0, max(before, needed_bytes))
    except OSError:
        os.ftruncate(descriptor, 0)
        raise


def _grown(descriptor: int, needed_bytes: int) -> int:
    """Append zeros, which no connection has mapped yet; returns the size."""
    before = os.fstat(descriptor).st_size
    try:
        _write_zeros(descriptor, before, needed_bytes)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
    return max(before, needed_bytes)


def _write_zeros(descriptor: int, at: int, end: int) -> None:
    while at < end:
        at += os.pwrite(descriptor, bytes(min(_REGION_BYTES, end - at)), at)


def _is_named(descriptor: int, database: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), Path(database + "-shm").lstat())
    except FileNotFoundError:
        return False
