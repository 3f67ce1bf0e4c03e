"""Read models whose tables somebody dropped or changed: every command says so, and a rebuild mends them."""

import re
from pathlib import Path

import pytest

from custody.domain.errors import LedgerUnreadable, MalformedData
from custody.infrastructure.event_store.opening import open_for_reading
from custody.infrastructure.event_store.read_models import SqlReadModel
from tests.unit.event_store.replaying import differences_of
from tests.unit.event_store.sample_ledger import JOB, Workspace, opening, window

DAMAGES = {
    "a dropped table": ("DROP TABLE transfers",),
    "a view in its place": ("DROP TABLE jobs", "CREATE VIEW jobs AS SELECT 1 AS id, 2 AS destination"),
    "a table in the place of an index": ("DROP INDEX transfers_work", "CREATE TABLE transfers_work (x)"),
    "a dropped column": ("ALTER TABLE batches DROP COLUMN queued_at",),
    "an added column": ("ALTER TABLE jobs ADD COLUMN more TEXT",),
    "a unique index": ("CREATE UNIQUE INDEX one ON transfers (id, job)",),
    "a trigger": (
        'CREATE TRIGGER "od""d" BEFORE INSERT ON transfers BEGIN SELECT RAISE(ABORT, \'no\'); END',
    ),
    "all dropped": ("DROP TABLE batches", "DROP TABLE jobs", "DROP TABLE transfers"),
}


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.append(window(range(3)))
    return workspace


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_rebuild_makes_the_very_rows_of_a_replay(filled: Workspace, tmp_path: Path, damage: str) -> None:
    filled.tamper(*DAMAGES[damage])

    with filled.open() as ledger:
        assert ledger.rebuild() == 17
        assert differences_of(ledger, tmp_path) == []
        assert ledger.append(window([7])) == 20


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_recorded_beside_damaged_read_models(filled: Workspace, damage: str) -> None:
    filled.tamper(*DAMAGES[damage])

    with filled.open() as ledger:
        with pytest.raises(LedgerUnreadable) as raised:
            ledger.append(window([7]))
        assert ledger.reader.size() == 17
    assert "custody rebuild" in raised.value.hint


def test_all_that_is_wrong_is_said_at_once(filled: Workspace) -> None:
    filled.tamper(*DAMAGES["all dropped"])

    with filled.open() as ledger, pytest.raises(LedgerUnreadable) as raised:
        ledger.append(window([7]))
    assert re.findall("table '([a-z]+)' is missing", raised.value.what) == ["batches", "jobs", "transfers"]


def test_a_query_of_a_missing_table_points_to_the_rebuild(filled: Workspace) -> None:
    filled.tamper("DROP TABLE transfers")
    reader = open_for_reading(filled.paths)

    with pytest.raises(LedgerUnreadable) as raised:
        SqlReadModel(reader.engine).tallies(JOB, 1)
    assert "custody rebuild" in raised.value.hint
    reader.close()


def test_a_query_of_a_damaged_ledger_does_not_promise_that_a_rebuild_helps(filled: Workspace) -> None:
    reader = open_for_reading(filled.paths)
    reader.engine.dispose()
    filled.paths.database.write_bytes(b"no database" * 10_000)

    with pytest.raises(LedgerUnreadable) as raised:
        SqlReadModel(reader.engine).batches()
    assert "rebuild" not in raised.value.hint
    reader.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE batches SET id = x'00'", "UPDATE batches SET id = 'text of sixteen.'"]
)
def test_a_value_that_no_entry_put_there_is_named_as_damage(filled: Workspace, statement: str) -> None:
    filled.tamper(statement)
    reader = open_for_reading(filled.paths)

    with pytest.raises(MalformedData) as raised:
        SqlReadModel(reader.engine).batches()
    assert "custody rebuild" in raised.value.hint
    reader.close()
