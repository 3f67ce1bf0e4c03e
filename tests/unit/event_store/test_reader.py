from collections.abc import Iterator

import pytest

from custody.domain.errors import LedgerUnreadable, Tampered
from custody.infrastructure.event_store import reader as reader_module
from custody.infrastructure.event_store.opening import open_for_reading
from custody.infrastructure.event_store.reader import PAGE, SqlLedgerReader
from tests.unit.event_store.sample_ledger import BATCH_STREAM, JOB_STREAM, Workspace, opening, window


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.append(window(range(PAGE // 4 + 3)))
    return workspace


@pytest.fixture
def reader(filled: Workspace) -> Iterator[SqlLedgerReader]:
    opened = open_for_reading(filled.paths)
    yield opened
    opened.close()


def test_all_entries_come_in_order_over_several_pages(reader: SqlLedgerReader) -> None:
    assert [stored.position for stored in reader.entries()] == list(range(PAGE + 17))


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (3, 9), (PAGE - 1, PAGE), (PAGE + 16, PAGE + 16), (9, 3)]
)
def test_a_range_holds_both_its_ends(reader: SqlLedgerReader, first: int, last: int) -> None:
    assert [stored.position for stored in reader.entries(first, last)] == list(range(first, last + 1))


def test_a_whole_number_of_pages_ends_without_a_repeat(reader: SqlLedgerReader) -> None:
    assert len(list(reader.entries(0, PAGE - 1))) == PAGE


def test_an_empty_ledger_has_no_entries(workspace: Workspace) -> None:
    opened = open_for_reading(workspace.paths)

    assert (list(opened.entries()), opened.size()) == ([], 0)
    opened.close()


def test_events_can_be_picked_by_type(reader: SqlLedgerReader) -> None:
    found = list(reader.recorded(types=["JobQueued", "BatchStarted"]))

    assert [(one.position, one.stream) for one in found] == [(2, JOB_STREAM), (3, BATCH_STREAM)]


def test_a_long_history_comes_over_several_pages(
    reader: SqlLedgerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "PAGE", 1)
    monkeypatch.setattr(reader_module, "_STREAM", reader_module._STREAM.replace(f"LIMIT {PAGE}", "LIMIT 1"))

    assert [one.revision for one in reader.history(JOB_STREAM)] == [1, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET type = 'JobStarted' WHERE position = 7",
        "UPDATE entries SET revision = 5 WHERE position = 7",
        "UPDATE entries SET stream = x'00' WHERE position = 7",
        "UPDATE entries SET entry = x'00' WHERE position = 7",
        "UPDATE entries SET entry = (SELECT entry FROM entries WHERE position = 8) WHERE position = 7",
    ],
)
def test_an_entry_that_contradicts_its_row_is_not_decoded(filled: Workspace, statement: str) -> None:
    filled.tamper(statement)
    opened = open_for_reading(filled.paths)

    with pytest.raises(Tampered, match="position 7"):
        list(opened.recorded(5, 9))
    opened.close()


def test_columns_of_foreign_types_are_handed_on_for_the_audit_to_judge(filled: Workspace) -> None:
    filled.tamper(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'entries'",
        "PRAGMA writable_schema = RESET",
        "UPDATE entries SET stream = NULL, revision = 'x', type = x'ff', entry = NULL WHERE position = 7",
        "UPDATE entries SET entry = 'text' WHERE position = 8",
    )
    opened = open_for_reading(filled.paths)
    seven, eight = opened.entries(7, 8)

    assert (seven.stream, seven.revision, seven.type, seven.entry) == (b"", 0, "�", b"")
    assert eight.entry == b"text"
    opened.close()


def test_a_damaged_file_is_unreadable_and_no_traceback(filled: Workspace) -> None:
    content = bytearray(filled.paths.database.read_bytes())
    content[4096 * 30 :: 7] = b"\xff" * len(content[4096 * 30 :: 7])
    filled.paths.database.write_bytes(content)
    opened = open_for_reading(filled.paths)

    with pytest.raises(LedgerUnreadable):
        list(opened.entries())
    opened.close()


def test_checkpoint_files_that_cannot_be_read_are_said_to_be(filled: Workspace) -> None:
    (filled.folder / "checkpoints").mkdir()
    (filled.folder / "checkpoints" / "5.note").symlink_to("elsewhere")
    opened = open_for_reading(filled.paths)

    with pytest.raises(LedgerUnreadable, match=r"5\.note"):
        list(opened.checkpoints())
    opened.close()
