"""SQLite lets any column hold any type: whoever reads a read model gets values of its types, or an error."""

from collections.abc import Callable

import pytest

from custody.domain.errors import CustodyError, MalformedData
from custody.domain.identifiers import TransferId, transfer_id
from custody.domain.paths import RawPath
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.opening import open_for_reading
from custody.infrastructure.event_store.read_models import SqlReadModel
from tests.unit.event_store.sample_ledger import (
    BATCH,
    DESTINATION,
    JOB,
    Workspace,
    new_workspace,
    opening,
    path_of,
    window,
)

COPY = RawPath(DESTINATION + b"/" + path_of(0))
ASKED: tuple[Callable[[SqlReadModel], object], ...] = (
    lambda model: model.batches(),
    lambda model: model.batch(BATCH[:8]),
    lambda model: model.jobs(BATCH),
    lambda model: model.destinations(),
    lambda model: model.tallies(JOB, 1),
    lambda model: model.transfers(JOB, states=("verified",)),
    lambda model: model.sample(JOB, run=1, state="verified", step=1),
    lambda model: model.find([TransferId(transfer_id(JOB, path_of(0)))]),
    lambda model: model.proved_copies([COPY]),
    lambda model: model.placed_at(COPY, limit=5),
    lambda model: model.ending_with(path_of(0), limit=5),
    lambda model: model.known_copies([COPY]),
    lambda model: model.proved_within(RawPath(b"")),
)
LOOKED_UP_BY = {("jobs", "batch")}  # a job of no batch is not found
WRONG = {"INTEGER": ("'x'", "9223372036854775807"), "TEXT": ("x'00'",), "BLOB": ("'x'",)}
COLUMNS = [
    (table.name, column.name, value)
    for table in schema.READ_MODEL_TABLES
    for column in table.columns
    for value in WRONG[str(column.type)]
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = new_workspace(tmp_path_factory.mktemp("rows"))
    with made.open() as ledger:
        ledger.append(opening())
        ledger.append(window(range(3)))
    return made


@pytest.mark.parametrize(("table", "column", "value"), COLUMNS)
def test_a_value_of_a_wrong_type_never_comes_out(
    workspace: Workspace, table: str, column: str, value: str
) -> None:
    workspace.tamper(
        f"CREATE TABLE kept AS SELECT rowid AS id_, * FROM {table}",
        f"UPDATE {table} SET {column} = {value} WHERE rowid = (SELECT min(rowid) FROM {table})",
    )
    reader = open_for_reading(workspace.paths)
    try:
        refused = sum(is_refused(ask, SqlReadModel(reader.engine)) for ask in ASKED)
        assert refused or (table, column) in LOOKED_UP_BY
    finally:
        reader.close()
        names = ", ".join(one.name for one in schema.metadata.tables[table].columns)
        workspace.tamper(
            f"DELETE FROM {table}",
            f"INSERT INTO {table} (rowid, {names}) SELECT id_, {names} FROM kept",
            "DROP TABLE kept",
        )


def is_refused(ask: Callable[[SqlReadModel], object], model: SqlReadModel) -> bool:
    """Whether reading refused; anything but an error of ours fails the test."""
    try:
        ask(model)
    except CustodyError:
        return True
    return False


def test_rows_as_written_are_read(workspace: Workspace) -> None:
    reader = open_for_reading(workspace.paths)
    assert not any(is_refused(ask, SqlReadModel(reader.engine)) for ask in ASKED)
    reader.close()


def test_a_time_of_too_many_digits_is_refused(workspace: Workspace) -> None:
    workspace.tamper(f"UPDATE transfers SET mtime_ns = '{'1' * 21}'")
    reader = open_for_reading(workspace.paths)
    with pytest.raises(MalformedData, match="21 digits"):
        SqlReadModel(reader.engine).proved_within(RawPath(b""))
    reader.close()
    workspace.tamper("UPDATE transfers SET mtime_ns = '1'")
