"""Who holds a lock, as the kernel lists it."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from custody.infrastructure.event_store.lock import take_lock
from custody.infrastructure.event_store.lock_holder import lock_holder

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def listed(
    tmp_path: Path, lock: Path, process: int, form: str = "1: FLOCK ADVISORY WRITE {} 08:01:{} 0 EOF"
) -> Path:
    locks = tmp_path / "locks"
    locks.write_text(
        "1: POSIX ADVISORY READ 1 08:01:1 0 EOF\n" + form.format(process, lock.stat().st_ino) + "\n"
    )
    return locks


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.lock"
    path.touch()
    return path


def test_another_process_that_holds_the_lock_is_named(lock: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        holder = lock_holder(lock)
        process.communicate()

    assert holder is not None
    assert (holder.pid, holder.host) == (process.pid, os.uname().nodename)


def test_our_own_lock_is_seen_and_seen_no_more_once_it_is_released(lock: Path) -> None:
    held = take_lock(lock)
    holder = lock_holder(lock)
    held.release()

    assert holder is not None
    assert holder.pid == os.getpid()
    assert lock_holder(lock) is None


def test_looking_does_not_take_the_lock(lock: Path) -> None:
    lock_holder(lock)

    take_lock(lock).release()


def test_a_file_of_the_same_number_on_another_device_is_not_ours(tmp_path: Path, lock: Path) -> None:
    assert lock_holder(lock, listed(tmp_path, lock, os.getpid())) is None


def test_a_process_that_only_waits_holds_nothing(tmp_path: Path, lock: Path) -> None:
    waiting = "1: -> FLOCK ADVISORY WRITE {} 08:01:{} 0 EOF"
    with lock.open():
        assert lock_holder(lock, listed(tmp_path, lock, os.getpid(), waiting)) is None


def test_a_process_whose_number_cannot_be_seen_holds_it_without_one(tmp_path: Path, lock: Path) -> None:
    holder = lock_holder(lock, listed(tmp_path, lock, 0))

    assert holder is not None
    assert holder.pid is None


def test_a_process_that_is_gone_meanwhile_holds_nothing(tmp_path: Path, lock: Path) -> None:
    assert lock_holder(lock, listed(tmp_path, lock, 2**22 + 1)) is None


def test_without_a_list_of_locks_nobody_is_known_to_hold_one(tmp_path: Path, lock: Path) -> None:
    with lock.open():
        assert lock_holder(lock, tmp_path / "none") is None


def test_a_lock_that_was_never_made_is_held_by_nobody(tmp_path: Path) -> None:
    assert lock_holder(tmp_path / "none") is None


def test_who_only_shares_the_lock_to_read_is_nobody_to_wait_for(tmp_path: Path, lock: Path) -> None:
    with lock.open() as opened:
        fcntl.flock(opened, fcntl.LOCK_SH)

        assert lock_holder(lock) is None
