"""The room for SQLite's shared memory: real blocks, one descriptor a process, and what happens without."""

import errno
import fcntl
import os
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.domain.errors import LedgerFailed, LedgerUnreadable
from custody.infrastructure.event_store import shared_memory
from custody.infrastructure.event_store.opening import open_for_reading
from custody.infrastructure.event_store.shared_memory import SPARE_REGIONS, SharedMemory
from tests.unit.event_store.sample_ledger import Workspace, opening, window

REGION = 32_768
HOLDER = """
import sys, fcntl, os, struct
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi", int(sys.argv[2]), 0, 128, 1, 0))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    path.write_bytes(b"")
    path.chmod(0o600)
    return path


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.append(window(range(3)))
        ledger.make_checkpoint()
    return workspace


def shm_of(database: Path) -> Path:
    return database.with_name(database.name + "-shm")


def without_room(*_arguments: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def another_process_holding(database: Path, kind: int) -> "subprocess.Popen[str]":
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER, shm_of(database), str(kind)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert held.stdout is not None
    assert held.stdout.readline() == "held\n"
    return held


@pytest.fixture
def other_user(database: Path) -> Iterator[None]:
    held = another_process_holding(database, fcntl.F_RDLCK)
    yield
    held.communicate("")


def test_every_page_has_its_blocks_before_anything_is_mapped(database: Path) -> None:
    memory = SharedMemory(database, spare_regions=2)
    memory.hold()

    found = shm_of(database).stat()
    assert (found.st_size, found.st_mode & 0o777) == (3 * REGION, 0o600)
    assert found.st_blocks * 512 >= found.st_size
    memory.release()


def test_what_a_crash_left_is_overwritten_in_its_own_blocks(database: Path) -> None:
    shm_of(database).write_bytes(b"stale" * 20_000)
    memory = SharedMemory(database)
    memory.hold()

    assert shm_of(database).read_bytes() == bytes(100_000)
    memory.release()


@pytest.mark.usefixtures("other_user")
def test_what_another_process_uses_is_not_overwritten(database: Path) -> None:
    shm_of(database).write_bytes(b"in use" * 10_000)
    memory = SharedMemory(database, spare_regions=3)
    memory.hold()

    content = shm_of(database).read_bytes()
    assert content == b"in use" * 10_000 + bytes(4 * REGION - 60_000)
    memory.release()


def test_the_switch_that_keeps_sqlite_from_emptying_the_file_is_held(database: Path) -> None:
    memory = SharedMemory(database)
    memory.hold()
    with shm_of(database).open("rb") as file:
        asked = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 128, 1, 0))

    assert struct.unpack("hhqqi4x", asked)[0] == fcntl.F_RDLCK
    memory.release()


def test_a_process_that_keeps_the_file_to_itself_is_not_waited_for_for_ever(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_memory, "_PATIENCE_SECONDS", 0.05)
    held = another_process_holding(database, fcntl.F_WRLCK)

    with pytest.raises(BlockingIOError):
        SharedMemory(database).hold()
    held.communicate("")


def test_the_room_grows_with_the_log(database: Path) -> None:
    memory = SharedMemory(database)
    memory.hold()
    with database.with_name("some.db-wal").open("wb") as log:
        log.truncate(4096 * 4096 * 5)
    memory.keep_ahead()

    assert shm_of(database).stat().st_size == 6 * REGION
    memory.release()


def test_room_that_the_disk_does_not_give_leaves_the_file_as_it_was(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = SharedMemory(database)
    memory.hold()
    with database.with_name("some.db-wal").open("wb") as log:
        log.truncate(4096 * 4096 * 5)
    with monkeypatch.context() as full:
        full.setattr(shared_memory.os, "pwrite", without_room)
        with pytest.raises(OSError, match="No space"):
            memory.keep_ahead()

    assert shm_of(database).stat().st_size == REGION
    memory.release()


def test_room_that_a_second_holder_does_not_get_stays_with_the_first(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = SharedMemory(database), SharedMemory(database, spare_regions=4)
    first.hold()
    with monkeypatch.context() as full:
        full.setattr(shared_memory.os, "pwrite", without_room)
        with pytest.raises(OSError, match="No space"):
            second.hold()
    second.release()

    assert first.is_in_place()
    assert database.resolve().as_posix() in shared_memory._rooms
    first.release()
    assert database.resolve().as_posix() not in shared_memory._rooms


def test_a_file_removed_in_between_is_noticed_and_replaced(database: Path) -> None:
    memory = SharedMemory(database)
    memory.hold()
    shm_of(database).unlink()

    assert not memory.is_in_place()
    memory.renew()
    assert memory.is_in_place()
    memory.release()


def test_room_that_cannot_be_renewed_leaves_what_was_held(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = SharedMemory(database)
    memory.hold()
    shm_of(database).unlink()
    held = shared_memory._rooms[database.resolve().as_posix()].descriptor
    with monkeypatch.context() as full:
        full.setattr(shared_memory.os, "pwrite", without_room)
        with pytest.raises(OSError, match="No space"):
            memory.renew()

    os.fstat(held)
    memory.release()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(held)


def test_a_file_removed_while_it_is_opened_is_opened_again(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, removed = shared_memory._fill, []

    def fill_then_lose(descriptor: int, needed_bytes: int) -> None:
        real(descriptor, needed_bytes)
        if not removed:
            removed.append(shm_of(database).unlink())

    monkeypatch.setattr(shared_memory, "_fill", fill_then_lose)
    memory = SharedMemory(database)
    memory.hold()

    assert memory.is_in_place()
    memory.release()


def test_without_locks_of_open_files_the_file_is_left_to_sqlite(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_memory, "_SET_LOCK", None)
    memory = SharedMemory(database)
    memory.hold()
    memory.keep_ahead()

    assert memory.is_in_place()
    assert not shm_of(database).exists()


def test_a_connection_whose_memory_was_swapped_meanwhile_is_made_again(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(SharedMemory, "is_in_place", lambda _memory: next(answers))
    reader = open_for_reading(filled.paths)

    assert reader.size() == 17
    reader.close()


def test_connecting_is_given_up_when_the_memory_is_swapped_all_the_time(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SharedMemory, "is_in_place", lambda _memory: False)

    with pytest.raises(LedgerUnreadable, match="all the time"):
        open_for_reading(filled.paths)


def test_a_writer_keeps_room_in_hand(filled: Workspace) -> None:
    with filled.open():
        assert shm_of(filled.paths.database).stat().st_size >= (1 + SPARE_REGIONS) * REGION


def test_a_writer_without_room_does_not_begin(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(shared_memory.os, "pwrite", without_room)
        with pytest.raises(LedgerFailed, match="No space left"):
            filled.open()

    with filled.open() as ledger:
        assert ledger.size == 17


def test_a_writer_whose_log_outgrows_the_disk_records_nothing_and_goes_on_later(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled.open() as ledger:
        with monkeypatch.context() as full:
            full.setattr(SharedMemory, "keep_ahead", without_room)
            with pytest.raises(LedgerFailed, match="No space left"):
                ledger.append(window([7]))

        assert ledger.append(window([7])) == 20


def test_without_room_a_closed_ledger_is_read_as_unchanging(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_memory.os, "pwrite", without_room)
    reader = open_for_reading(filled.paths)

    assert reader.size() == 17
    reader.close()


def leave_a_log(workspace: Workspace) -> None:
    """End a writer as a kill would: what it committed last is in the log alone."""
    crash = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('PRAGMA wal_autocheckpoint = 0'); "
        "c.execute(\"INSERT INTO documents VALUES ('in the log', x'00')\"); c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", crash, workspace.paths.database], check=True)
    shm_of(workspace.paths.database).unlink()


def test_without_room_what_is_only_in_the_log_is_read_too(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_a_log(filled)
    monkeypatch.setattr(shared_memory.os, "pwrite", without_room)
    reader = open_for_reading(filled.paths)

    with reader.engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT sha256 FROM documents").scalars().all()
    assert names == ["in the log"]
    reader.close()


def test_a_reader_without_room_keeps_writers_away_until_it_is_done(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(shared_memory.os, "pwrite", without_room)
        reader = open_for_reading(filled.paths)
    with filled.paths.lock.open("rb") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    reader.close()

    with filled.open() as ledger:
        assert ledger.size == 17


def test_a_reader_without_room_beside_a_writer_says_that_it_cannot_tell(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_memory.os, "pwrite", without_room)
    with filled.paths.lock.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LedgerUnreadable, match="disk is full"):
            open_for_reading(filled.paths)


def test_a_memory_that_may_not_be_written_is_left_to_sqlite(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_memory: SharedMemory) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(SharedMemory, "hold", forbidden)
    reader = open_for_reading(filled.paths)

    assert reader.size() == 17
    reader.close()


def test_sqlite_and_this_room_agree_on_the_file(filled: Workspace) -> None:
    """SQLite of another process, which knows nothing of the room, reads along and removes nothing."""
    reading = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"
    with filled.open() as ledger:
        ledger.append(window([7]))
        count = [sys.executable, "-c", reading, filled.paths.database, "SELECT count(*) FROM entries"]
        assert subprocess.run(count, check=True, capture_output=True, text=True).stdout == "21\n"
        ledger.append(window([8]))
    with sqlite3.connect(filled.paths.database) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (25,)
