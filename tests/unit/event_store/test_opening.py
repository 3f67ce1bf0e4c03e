"""What the writer verifies before it extends a ledger: it must never sign on top of a contradiction."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from custody.domain.errors import Busy, LedgerFailed, LedgerUnreadable, Refused, Tampered
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store import engine, reading_engine
from custody.infrastructure.event_store import opening as opening_module
from custody.infrastructure.event_store.lock import take_lock
from custody.infrastructure.event_store.opening import create_ledger, open_for_reading, open_for_writing
from tests.unit.event_store.sample_ledger import LEDGER, Workspace, opening, window

CHECKPOINT, SIZE = 9, 17


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """A ledger of 17 entries with a checkpoint of size 9."""
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.append(window([0]))
        ledger.make_checkpoint()
        ledger.append(window([1, 2]))
    return workspace


SWAP = """
    UPDATE entries SET entry = (SELECT e.entry FROM entries e WHERE e.position = 27 - entries.position)
    WHERE position IN (13, 14)
"""
TAMPERINGS = {
    "a changed entry": ("UPDATE entries SET entry = replace(entry, 'a', 'b') WHERE position = 12", "12"),
    "an entry removed": ("DELETE FROM entries WHERE position = 12", "12"),
    "entries swapped": (
        SWAP,
        "13",
    ),
    "the last entry removed": ("DELETE FROM entries WHERE position = 16", "head"),
    "the head set back": ("UPDATE head SET size = 16", "head"),
    "another frontier": ("UPDATE head SET frontier = zeroblob(length(frontier))", "head"),
    "another last leaf": ("UPDATE head SET previous = zeroblob(32)", "head"),
    "the head removed": ("DELETE FROM head", "head is missing"),
    "an entry beyond the head": (
        "INSERT INTO entries SELECT 17, stream, 99, type, entry FROM entries WHERE position = 16",
        "17",
    ),
    "a changed type column": ("UPDATE entries SET type = 'FileFailed' WHERE position = 12", "12"),
    "a changed stream column": ("UPDATE entries SET stream = zeroblob(16) WHERE position = 12", "12"),
    "a changed revision column": ("UPDATE entries SET revision = 9 WHERE position = 12", "12"),
    "an entry that is text": ("UPDATE entries SET entry = 'nothing' WHERE position = 12", "12"),
    "the entry under the checkpoint changed": (
        "UPDATE entries SET entry = (SELECT entry FROM entries WHERE position = 7) WHERE position = 8",
        "8",
    ),
    "the entry under the checkpoint removed": ("DELETE FROM entries WHERE position = 8", "8"),
    "the checkpoint's note changed": (
        "UPDATE checkpoints SET note = replace(CAST(note AS TEXT), '9', '8')",
        "checkpoint of size 9",
    ),
    "the checkpoint's note garbled": ("UPDATE checkpoints SET note = x'00ff'", "checkpoint of size 9"),
    "the checkpoint's frontier changed": (
        "UPDATE checkpoints SET frontier = (SELECT x'0000000000000009' || zeroblob(64))",
        "before position 9",
    ),
    "the checkpoint's frontier of another size": (
        "UPDATE checkpoints SET frontier = (SELECT frontier FROM head)",
        "frontier of the checkpoint of size 9",
    ),
    "the checkpoint's frontier torn": (
        "UPDATE checkpoints SET frontier = x'01'",
        "frontier of the checkpoint",
    ),
    "another ledger's id": (
        "UPDATE meta SET value = '00000000-0000-4000-8000-000000000000'",
        "checkpoint of size 9",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_ledger_that_contradicts_what_was_signed_is_not_opened(filled: Workspace, name: str) -> None:
    statement, named = TAMPERINGS[name]
    filled.tamper(statement)

    with pytest.raises(Tampered, match=named):
        filled.open()


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_refusal_lets_go_of_the_lock(filled: Workspace, name: str) -> None:
    filled.tamper(TAMPERINGS[name][0])

    for _ in range(2):
        with pytest.raises(Tampered):
            filled.open()


def test_an_untouched_ledger_is_opened(filled: Workspace) -> None:
    with filled.open() as ledger:
        assert ledger.size == SIZE


def test_a_ledger_cut_below_its_checkpoint_is_refused(filled: Workspace, tmp_path: Path) -> None:
    frontier = "SELECT frontier FROM checkpoints"
    with sqlite3.connect(filled.paths.database) as connection:
        (before,) = connection.execute(frontier).fetchone()
    with filled.open() as ledger:
        ledger.make_checkpoint()
    filled.tamper(
        "DELETE FROM entries WHERE position >= 9",
        "DELETE FROM checkpoints WHERE size = 17",
        f"UPDATE head SET size = 9, frontier = x'{before.hex()}'",
    )

    with pytest.raises(Tampered, match="17"):
        filled.open()


def test_a_cut_is_seen_by_the_checkpoint_file_alone(filled: Workspace) -> None:
    with filled.open() as ledger:
        ledger.make_checkpoint()
    fresh = filled.folder.with_name("fresh")
    fresh.mkdir()
    short = Workspace(fresh, filled.signer, filled.clock)
    create_ledger(short.paths, LEDGER)
    with short.open() as ledger:
        ledger.append(opening())
    (filled.folder / "checkpoints").rename(fresh / "checkpoints")

    with pytest.raises(Tampered, match="5 entries, but a signed checkpoint covers 17"):
        short.open()


@pytest.mark.parametrize(
    ("position", "named"), [(8, "not the one its checkpoint covers"), (12, "not chained")]
)
def test_an_entry_of_a_fork_by_the_same_key_does_not_fit_in(
    filled: Workspace, tmp_path: Path, position: int, named: str
) -> None:
    fork = Workspace(tmp_path / "fork", filled.signer, filled.clock)
    fork.folder.mkdir()
    create_ledger(fork.paths, LEDGER)
    with fork.open() as ledger:
        ledger.append(opening())
        ledger.append(window([0]))
        ledger.append(window([1, 2]))
        (stranger,) = ledger.reader.entries(position, position)
    filled.tamper(f"UPDATE entries SET entry = x'{stranger.entry.hex()}' WHERE position = {position}")

    with pytest.raises(Tampered, match=f"position {position} .*{named}"):
        filled.open()


def test_without_any_checkpoint_all_entries_are_verified(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        ledger.append(opening())
    workspace.tamper("UPDATE entries SET entry = replace(entry, 'a', 'b') WHERE position = 0")

    with pytest.raises(Tampered, match="position 0"):
        workspace.open()


def test_a_checkpoint_file_without_its_row_still_counts(filled: Workspace) -> None:
    with filled.open() as ledger:
        note = ledger.make_checkpoint()
    filled.tamper("DELETE FROM checkpoints WHERE size = 17")

    with filled.open() as ledger:
        assert ledger.make_checkpoint() == note


def test_a_checkpoint_file_lost_in_a_crash_is_written_when_the_ledger_is_opened(filled: Workspace) -> None:
    file = filled.folder / "checkpoints" / "9.note"
    note = file.read_bytes()
    file.unlink()
    filled.open().close()

    assert file.read_bytes() == note


def test_another_checkpoint_under_the_same_size_is_refused(filled: Workspace) -> None:
    (filled.folder / "checkpoints" / "9.note").write_bytes(b"other")

    with pytest.raises(Tampered, match=r"9\.note"):
        filled.open()


def test_a_forged_checkpoint_file_is_refused(filled: Workspace) -> None:
    (filled.folder / "checkpoints" / "13.note").write_bytes(b"custody.invalid/x\n13\nAAAA\n\n")

    with pytest.raises(Tampered, match="checkpoint of size 13"):
        filled.open()


def test_entries_of_a_key_that_is_not_trusted_are_refused(filled: Workspace) -> None:
    stranger = Ed25519Signer(new_private_key())

    with pytest.raises(Tampered, match="not signed by a key of this workspace"):
        open_for_writing(filled.paths, stranger, {}, filled.clock)


def test_without_a_checkpoint_too_entries_of_a_stranger_are_refused(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        ledger.append(opening())

    with pytest.raises(Tampered, match="position 0 is not signed"):
        open_for_writing(workspace.paths, Ed25519Signer(new_private_key()), {}, workspace.clock)


def test_a_second_trusted_key_may_go_on(filled: Workspace) -> None:
    colleague = Workspace(filled.folder, clock=filled.clock)
    with open_for_writing(filled.paths, colleague.signer, filled.keys, filled.clock) as ledger:
        ledger.append(window([5]))

    with open_for_writing(filled.paths, filled.signer, colleague.keys, filled.clock) as ledger:
        assert ledger.size == SIZE + 4


def test_there_is_nothing_to_open_in_an_empty_folder(tmp_path: Path) -> None:
    stranger = Workspace(tmp_path)

    with pytest.raises(LedgerUnreadable, match="no ledger"):
        stranger.open()
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_no_database_is_unreadable(tmp_path: Path) -> None:
    stranger = Workspace(tmp_path)
    stranger.paths.database.write_bytes(b"not a database, but long enough to be looked at" * 100)

    with pytest.raises(LedgerUnreadable, match="not a database"):
        open_for_reading(stranger.paths)


def test_a_database_of_something_else_is_no_ledger(tmp_path: Path) -> None:
    stranger = Workspace(tmp_path)
    with sqlite3.connect(stranger.paths.database) as connection:
        connection.execute("CREATE TABLE t (x)")

    with pytest.raises(LedgerUnreadable, match="no ledger of Custody"):
        stranger.open()


def test_a_ledger_of_another_format_is_not_touched(filled: Workspace) -> None:
    filled.tamper("PRAGMA user_version = 2")

    with pytest.raises(LedgerUnreadable, match="format 2"):
        filled.open()


def test_a_ledger_without_one_of_its_tables_is_unreadable(filled: Workspace) -> None:
    filled.tamper("DROP TABLE documents")

    with pytest.raises(LedgerUnreadable, match="documents"):
        filled.open()


def test_a_ledger_without_its_id_is_unreadable(filled: Workspace) -> None:
    filled.tamper("DELETE FROM meta")

    with pytest.raises(LedgerUnreadable, match="id is missing"):
        filled.open()


def test_a_ledger_is_never_made_over_another(filled: Workspace) -> None:
    with pytest.raises(Refused, match="already"):
        create_ledger(filled.paths, LEDGER)

    with filled.open() as ledger:
        assert ledger.size == SIZE


def test_an_empty_file_left_by_a_crash_is_taken_over(tmp_path: Path) -> None:
    crashed = Workspace(tmp_path)
    crashed.paths.database.touch()
    create_ledger(crashed.paths, LEDGER)

    with crashed.open() as ledger:
        assert ledger.append(opening()) == 4


def test_a_disk_without_durable_writes_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(path: Path) -> object:
        made = engine.writing_engine(path)
        engine.sa.event.listen(made, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
        return made

    monkeypatch.setattr(opening_module, "writing_engine", careless)

    with pytest.raises(LedgerFailed, match="no durable writes"):
        workspace.open()


@pytest.mark.parametrize("name", ["ledger.db", "ledger.lock"])
def test_where_a_folder_is_in_the_way_no_ledger_is_made(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(LedgerFailed):
        create_ledger(Workspace(tmp_path).paths, LEDGER)


def test_reading_goes_on_while_somebody_writes(filled: Workspace) -> None:
    with filled.open() as ledger:
        reader = open_for_reading(filled.paths)
        ledger.append(window([7]))

        assert reader.size() == SIZE + 4
        reader.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_ledger_on_a_read_only_medium_is_readable(filled: Workspace) -> None:
    filled.folder.chmod(0o500)
    try:
        reader = open_for_reading(filled.paths)
        assert reader.size() == SIZE
        reader.close()
    finally:
        filled.folder.chmod(0o700)


def test_a_medium_that_says_it_is_read_only_is_read_as_unchanging(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_engine.os, "access", lambda path, mode: False)
    reader = open_for_reading(filled.paths)

    assert reader.size() == SIZE
    assert sorted(os.listdir(filled.folder)) == ["checkpoints", "ledger.db", "ledger.lock"]
    reader.close()


def test_nobody_writes_while_a_ledger_is_read_as_unchanging(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another account may write where the reader may not; SQLite would not notice, and read two states."""
    with monkeypatch.context() as patched:
        patched.setattr(reading_engine.os, "access", lambda path, mode: False)
        reader = open_for_reading(filled.paths)
    with pytest.raises(Busy):
        filled.open()
    reader.close()

    filled.open().close()


def test_a_ledger_that_is_being_written_is_not_read_as_unchanging(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_engine.os, "access", lambda path, mode: False)
    lock = take_lock(filled.paths.lock)
    with pytest.raises(LedgerUnreadable, match="another process is writing it"):
        open_for_reading(filled.paths)
    lock.release()


def test_a_copy_of_a_ledger_without_its_lock_is_readable(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.paths.lock.unlink()
    monkeypatch.setattr(reading_engine.os, "access", lambda path, mode: False)
    reader = open_for_reading(filled.paths)

    assert reader.size() == SIZE
    reader.close()


@pytest.mark.parametrize("is_read_only", [False, True])
def test_where_no_lock_can_be_had_only_a_medium_that_nobody_can_write_is_read(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, *, is_read_only: bool
) -> None:
    def without_locks(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(reading_engine.os, "access", lambda path, mode: False)
    monkeypatch.setattr(reading_engine.fcntl, "flock", without_locks)
    monkeypatch.setattr(reading_engine, "_is_read_only", lambda path: is_read_only)
    if is_read_only:
        open_for_reading(filled.paths).close()
    else:
        with pytest.raises(LedgerUnreadable, match="its lock cannot be shared"):
            open_for_reading(filled.paths)
