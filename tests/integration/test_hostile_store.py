"""Anyone may have written any byte of a ledger's file: an audit finds it or refuses, and never breaks.

Pages and rows are changed at random, from the same seeds in each run; ``HOSTILE_SEEDS=5000`` tries more.
"""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from custody.domain.errors import CustodyError
from custody.infrastructure.event_store import reading_engine
from tests.integration.audited_workspace import AuditedWorkspace, sample_workspace

SEEDS = int(os.environ.get("HOSTILE_SEEDS", "60"))  # for each kind of change
UNJUDGED = {"tracking"}  # a library's own notes: no claim rests on them
VALUES = (
    "NULL", "-1", "0", "9223372036854775807", "-9223372036854775808", "1e308", "9e999", "0.5", "''", "'x'",
    "'{}'", "CAST(x'ff00ff' AS TEXT)", "CAST(x'e280ae' AS TEXT)", "x''", "x'ff00'", "zeroblob(16)",
    "zeroblob(70000)", "randomblob(300)", "CAST('{\"sha256\":1}' AS BLOB)",
    "CAST(printf('%.*c', 9000, '[') AS BLOB)",
    "CAST(printf('%.*c', 90000, '1') AS BLOB)",
)  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> AuditedWorkspace:
    workspace = sample_workspace(tmp_path_factory.mktemp("hostile") / "workspace", files=3)
    with closing(sqlite3.connect(workspace.paths.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return workspace


@pytest.fixture
def copies(original: AuditedWorkspace, tmp_path: Path) -> Iterator[Callable[[], AuditedWorkspace]]:
    """Give a fresh copy at each call; the one before is removed."""
    made: list[Path] = []

    def copy() -> AuditedWorkspace:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        made.append(tmp_path / f"copy{len(made)}")
        shutil.copytree(original.folder, made[-1])
        return AuditedWorkspace(made[-1], original.signer)

    yield copy
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


def content_of(workspace: AuditedWorkspace) -> list[str] | None:
    """All that the file says, without what nobody judges; None when it cannot be read."""
    try:
        with closing(sqlite3.connect(workspace.paths.database)) as database:
            database.text_factory = bytes
            names = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_schema")]
            tables = [name for name in names if not name.startswith(("sqlite_", "ix_", "transfers_work"))]
            return [repr((names, tables))] + [
                repr(row)
                for name in sorted(set(tables) - UNJUDGED)
                for row in sorted(database.execute(f"SELECT * FROM {name}"), key=repr)
            ]
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def verdict_of(workspace: AuditedWorkspace) -> str:
    try:
        return workspace.audit().verdict
    except CustodyError as error:
        return error.code


def flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 1, 20))):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)


def truncate(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def swap_pages(content: bytearray, chance: random.Random) -> None:
    one, other = (4096 * chance.randrange(len(content) // 4096) for _ in range(2))
    content[one : one + 4096], content[other : other + 4096] = (
        content[other : other + 4096],
        content[one : one + 4096],
    )


def fill(content: bytearray, chance: random.Random) -> None:
    at, length = chance.randrange(len(content)), chance.choice((1, 8, 100, 4096))
    content[at : at + length] = bytes([chance.choice((0, 0x7F, 0xFF))]) * len(content[at : at + length])


def append(content: bytearray, chance: random.Random) -> None:
    content += chance.randbytes(chance.choice((1, 4096, 50_000)))


@pytest.mark.slow
@pytest.mark.parametrize("change", [flip, truncate, swap_pages, fill, append])
def test_no_change_of_the_files_bytes_passes_unless_it_says_the_same(
    copies: Callable[[], AuditedWorkspace], change: Callable[[bytearray, random.Random], None]
) -> None:
    said = content_of(copies())
    for seed in range(SEEDS):
        chance = random.Random(seed)
        workspace = copies()
        content = bytearray(workspace.paths.database.read_bytes())
        change(content, chance)
        workspace.paths.database.write_bytes(content)
        began = time.monotonic()
        verdict = verdict_of(workspace)
        assert time.monotonic() - began < 30, seed
        assert verdict != "passed" or content_of(workspace) == said, seed


@pytest.mark.slow
def test_no_change_of_a_row_passes_unless_it_says_the_same(
    copies: Callable[[], AuditedWorkspace],
) -> None:
    said = content_of(copies())
    for seed in range(SEEDS):
        chance = random.Random(seed)
        workspace = copies()
        with closing(sqlite3.connect(workspace.paths.database)) as database:
            tables = [
                name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            ]
            table = chance.choice(sorted(set(tables) - UNJUDGED))
            column = chance.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
            (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            row = f"SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {chance.randrange(rows or 1)}"
            where = chance.choice(("1", f"rowid = ({row})"))
            statement = f"UPDATE OR IGNORE {table} SET {column} = {chance.choice(VALUES)} WHERE {where}"
            try:
                database.execute(statement)
            except sqlite3.Error:  # NULL where there must be a value
                continue
            database.commit()
        verdict = verdict_of(workspace)
        assert verdict != "passed" or content_of(workspace) == said, statement


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END"], "a trigger 't'"),
        (["CREATE TRIGGER head AFTER UPDATE ON head BEGIN SELECT 1; END"], "a trigger 'head'"),
        (["CREATE INDEX more ON entries (type)"], "an index 'more'"),
        (["ALTER TABLE entries ADD COLUMN more TEXT"], "columns of the table 'entries'"),
        (["ALTER TABLE meta ADD COLUMN more AS (name)"], "columns of the table 'meta'"),
        (["DROP TABLE tracking", "CREATE VIEW tracking AS SELECT 1 AS one"], ""),
    ],
)
def test_what_was_put_in_among_the_ledgers_tables_is_a_finding_or_refused(
    copies: Callable[[], AuditedWorkspace], statements: list[str], message: str
) -> None:
    workspace = copies()
    for statement in statements:
        workspace.tamper(statement)
    if not message:
        assert verdict_of(workspace) == "ledger-unreadable"
        return
    [finding] = workspace.audit().findings
    assert (finding.check, finding.code) == ("structure", "store-damaged")
    assert message.removeprefix("an ").removeprefix("a ") in finding.message


@pytest.mark.parametrize(
    ("column", "verdict"),
    [
        ("entry", "failed"),  # SQLite tells its type without reading it
        ("type", "ledger-unreadable"),
        ("revision", "ledger-unreadable"),
        ("stream", "ledger-unreadable"),
    ],
)
def test_a_value_that_would_fill_the_memory_is_not_read(
    copies: Callable[[], AuditedWorkspace], monkeypatch: pytest.MonkeyPatch, column: str, verdict: str
) -> None:
    monkeypatch.setattr(reading_engine, "MAX_ROW_BYTES", 1_000_000)
    workspace = copies()
    assert verdict_of(workspace) == "passed"
    workspace.tamper(f"UPDATE entries SET {column} = CAST(zeroblob(1000001) AS TEXT) WHERE position = 9")
    assert verdict_of(workspace) == verdict


def test_a_database_of_another_format_is_refused(copies: Callable[[], AuditedWorkspace]) -> None:
    for pragma in ("user_version = 99", "application_id = 1"):
        workspace = copies()
        workspace.tamper(f"PRAGMA {pragma}")
        assert verdict_of(workspace) == "ledger-unreadable"


def test_a_view_that_never_ends_does_not_stand_in_for_the_entries(
    copies: Callable[[], AuditedWorkspace],
) -> None:
    workspace = copies()
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i AS position FROM n"
    workspace.tamper("DROP TABLE entries", f"CREATE VIEW entries AS {endless}")
    assert verdict_of(workspace) == "ledger-unreadable"


@pytest.mark.parametrize("name", ["ledger.db", "checkpoints"])
def test_a_link_to_nowhere_in_the_place_of_a_part_is_refused_or_found(
    copies: Callable[[], AuditedWorkspace], name: str
) -> None:
    workspace = copies()
    part = workspace.folder / name
    part.rename(workspace.folder / "elsewhere")
    part.symlink_to("nowhere")
    assert verdict_of(workspace) != "passed" or name == "checkpoints"
