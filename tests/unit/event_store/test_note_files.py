import errno
import os
from pathlib import Path

import pytest

from custody.domain.errors import LedgerFailed, LedgerUnreadable, Tampered
from custody.domain.proofs.checkpoint import MAX_NOTE_BYTES
from custody.infrastructure.event_store.note_files import keep_note, note_sizes, read_note, read_notes


def test_a_kept_note_is_read_back(tmp_path: Path) -> None:
    keep_note(tmp_path / "checkpoints", 7, b"note")

    assert read_note(tmp_path / "checkpoints", 7) == b"note"
    assert os.listdir(tmp_path / "checkpoints") == ["7.note"]


def test_keeping_the_same_note_again_changes_nothing(tmp_path: Path) -> None:
    keep_note(tmp_path, 7, b"note")
    before = (tmp_path / "7.note").stat()
    keep_note(tmp_path, 7, b"note")

    assert (tmp_path / "7.note").stat() == before


def test_another_note_never_replaces_one(tmp_path: Path) -> None:
    keep_note(tmp_path, 7, b"note")

    with pytest.raises(Tampered):
        keep_note(tmp_path, 7, b"other")
    assert read_note(tmp_path, 7) == b"note"


def test_what_a_crash_left_under_the_temporary_name_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".7.note.part").write_bytes(b"to")
    keep_note(tmp_path, 7, b"note")

    assert os.listdir(tmp_path) == ["7.note"]


def test_a_file_system_without_hard_links_keeps_notes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    keep_note(tmp_path, 7, b"note")

    assert os.listdir(tmp_path) == ["7.note"]


def test_a_full_disk_halts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(LedgerFailed, match="No space left"):
        keep_note(tmp_path, 7, b"note")
    assert note_sizes(tmp_path) == []


def test_only_names_of_notes_count_and_they_come_by_size(tmp_path: Path) -> None:
    for name in ("10.note", "9.note", "0.note", "07.note", "x.note", "-1.note", "9.note.bak", ".9.note.part"):
        (tmp_path / name).write_bytes(name.encode())

    assert note_sizes(tmp_path) == [0, 9, 10]
    assert list(read_notes(tmp_path, first=9)) == [(9, b"9.note"), (10, b"10.note")]


def test_without_a_folder_there_are_no_notes(tmp_path: Path) -> None:
    assert note_sizes(tmp_path / "checkpoints") == []


def test_a_file_in_the_folders_place_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").touch()

    with pytest.raises(LedgerUnreadable):
        note_sizes(tmp_path / "checkpoints")


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "7.note").write_bytes(bytes(MAX_NOTE_BYTES * 3))

    assert len(read_note(tmp_path, 7)) == MAX_NOTE_BYTES + 1
