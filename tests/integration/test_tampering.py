"""Somebody edits the ledger's file: the audit names the place, and nothing makes it pass, raise or hang."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from custody.domain.errors import CannotTell, CustodyError
from tests.integration.audited_workspace import BATCH, AuditedWorkspace, sample_workspace

SIZE = 30


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> AuditedWorkspace:
    return sample_workspace(tmp_path_factory.mktemp("audited") / "workspace")


@pytest.fixture
def workspace(original: AuditedWorkspace, tmp_path: Path) -> AuditedWorkspace:
    shutil.copytree(original.folder, tmp_path / "workspace")
    return AuditedWorkspace(tmp_path / "workspace", original.signer)


def first_position(workspace: AuditedWorkspace) -> int | None:
    result = workspace.audit()
    assert result.verdict == "failed"
    return result.findings[0].position


def test_the_ledger_as_written_passes(workspace: AuditedWorkspace) -> None:
    result = workspace.audit()
    assert result.findings == ()
    assert set(result.verdicts.values()) == {"passed"}
    assert result.entries == SIZE


def test_an_audit_changes_no_byte_of_the_ledger(workspace: AuditedWorkspace) -> None:
    before = workspace.paths.database.read_bytes()
    workspace.audit()
    assert workspace.paths.database.read_bytes() == before


SHIFT_DOWN = "UPDATE entries SET position = position - 1 WHERE position > 12"
MAKE_ROOM = (
    "UPDATE entries SET position = -position - 2 WHERE position >= 12",
    "UPDATE entries SET position = -position - 1 WHERE position < 0",
)
ANOTHER_STREAM = "randomblob(16), revision, type"

AT_TWELVE = {
    "one byte of the entry changed": (
        (
            "UPDATE entries SET entry = CAST(substr(entry, 1, 99) || 'A' || substr(entry, 101) AS BLOB) "
            "WHERE position = 12"
        ),
    ),
    "the entry is that of another position": (
        "UPDATE entries SET entry = (SELECT entry FROM entries WHERE position = 8) WHERE position = 12",
    ),
    "the entry is empty": ("UPDATE entries SET entry = x'' WHERE position = 12",),
    "the entry is text that is not UTF-8": (
        "UPDATE entries SET entry = CAST(x'ff00ff' AS TEXT) WHERE position = 12",
    ),
    "the entry is a number": ("UPDATE entries SET entry = 1e308 WHERE position = 12",),
    "the entry is 50 MB long": ("UPDATE entries SET entry = zeroblob(50000000) WHERE position = 12",),
    "the stream column changed": ("UPDATE entries SET stream = randomblob(16) WHERE position = 12",),
    "the stream column is text": ("UPDATE entries SET stream = CAST(x'ff' AS TEXT) WHERE position = 12",),
    "the revision column changed": ("UPDATE entries SET revision = 99 WHERE position = 12",),
    "the revision column is text": ("UPDATE entries SET revision = 'x' WHERE position = 12",),
    "the type column changed": ("UPDATE entries SET type = 'FileFailed' WHERE position = 12",),
    "the type column is not UTF-8": ("UPDATE entries SET type = CAST(x'ff' AS TEXT) WHERE position = 12",),
    "the type column is bytes": ("UPDATE entries SET type = CAST(type AS BLOB) WHERE position = 12",),
    "the row was removed": ("DELETE FROM entries WHERE position = 12",),
    "the row was removed and the gap closed": ("DELETE FROM entries WHERE position = 12", SHIFT_DOWN),
    "a copy of a row was inserted": (
        *MAKE_ROOM,
        f"INSERT INTO entries SELECT 12, {ANOTHER_STREAM}, entry FROM entries WHERE position = 8",
    ),
    "rubbish was inserted": (
        *MAKE_ROOM,
        "INSERT INTO entries VALUES (12, randomblob(16), 1, 'FileQueued', x'00')",
    ),
    "two rows were swapped": (
        "UPDATE entries SET position = -1 WHERE position = 12",
        "UPDATE entries SET position = 12 WHERE position = 20",
        "UPDATE entries SET position = 20 WHERE position = -1",
    ),
    "all from there were removed, and the head set back": (
        "DELETE FROM entries WHERE position >= 12",
        "UPDATE head SET size = 12",
    ),
}


@pytest.mark.parametrize("statements", AT_TWELVE.values(), ids=AT_TWELVE.keys())
def test_the_position_is_named(workspace: AuditedWorkspace, statements: tuple[str, ...]) -> None:
    workspace.tamper(*statements)
    assert first_position(workspace) == 12


def test_a_row_appended_at_the_end_is_named(workspace: AuditedWorkspace) -> None:
    workspace.tamper(
        f"INSERT INTO entries SELECT {SIZE}, {ANOTHER_STREAM}, entry FROM entries WHERE position = 8"
    )
    assert first_position(workspace) == SIZE


def test_a_cut_concealed_in_every_row_is_shown_by_the_checkpoint_file(workspace: AuditedWorkspace) -> None:
    workspace.tamper(
        "DELETE FROM entries WHERE position >= 2",
        f"DELETE FROM checkpoints WHERE size = {SIZE}",
        "UPDATE head SET size = 2, frontier = (SELECT frontier FROM checkpoints WHERE size = 2)",
    )
    assert (2, "cut") in [(finding.position, finding.code) for finding in workspace.audit().findings]


AT_NO_POSITION = {
    "the head row is gone": (("DELETE FROM head",), "tree"),
    "the head row holds text": (("UPDATE head SET frontier = 'x', previous = 5",), "tree"),
    "a checkpoint row is rubbish": (("UPDATE checkpoints SET note = x'00' WHERE size = 2",), "checkpoints"),
    "a checkpoint row is text": (("UPDATE checkpoints SET note = CAST(x'ff' AS TEXT)",), "checkpoints"),
    "a checkpoint row has another size": (("UPDATE checkpoints SET size = 7 WHERE size = 2",), "checkpoints"),
    "the tree beside a checkpoint changed": (("UPDATE checkpoints SET frontier = zeroblob(8)",), "tree"),
    "the tree beside a checkpoint is a number": (("UPDATE checkpoints SET frontier = 1",), "tree"),
    "the ledger's id changed": (("UPDATE meta SET value = 'x'",), "structure"),
    "the ledger's id is gone": (("DELETE FROM meta",), "structure"),
    "a job's state changed": (("UPDATE jobs SET state = 'completed'",), "projections"),
    "a transfer was removed": (("DELETE FROM transfers WHERE rowid = 3",), "projections"),
    "a transfer was added": (
        (
            (
                "INSERT INTO transfers (id, job, run, ordinal, kind, path, source, state, revision) "
                "VALUES (randomblob(16), zeroblob(16), 1, 1, 'file', x'00', x'00', 'verified', 1)"
            ),
        ),
        "projections",
    ),
    "a transfer's digests changed": (
        ("UPDATE transfers SET digests = x'7b7d' WHERE proved > 0",),
        "projections",
    ),
    "a transfer's id is text": (("UPDATE transfers SET id = 'x' WHERE rowid = 3",), "projections"),
}


@pytest.mark.parametrize(("statements", "check"), AT_NO_POSITION.values(), ids=AT_NO_POSITION.keys())
def test_the_check_fails(workspace: AuditedWorkspace, statements: tuple[str, ...], check: str) -> None:
    workspace.tamper(*statements)
    result = workspace.audit()
    assert (result.verdict, result.verdicts[check]) == ("failed", "failed")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM documents",
        "UPDATE documents SET content = x'00'",
        "UPDATE documents SET content = 'text'",
    ],
)
def test_a_plan_that_is_not_kept_as_cited_fails_at_the_entry(
    workspace: AuditedWorkspace, statement: str
) -> None:
    workspace.tamper(statement)
    [finding] = workspace.audit().findings
    assert (finding.position, finding.check) == (3, "structure")
    assert BATCH in finding.message


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["ALTER TABLE transfers DROP COLUMN standing"], "columns of the table 'transfers'"),
        (["DROP TABLE jobs"], "the table 'jobs' is missing"),
        (["DROP TABLE jobs", "CREATE VIEW jobs AS SELECT 1 AS id"], "a view 'jobs'"),
        (["DROP INDEX transfers_work"], "the index 'transfers_work' is missing"),
    ],
)
def test_a_read_model_with_another_shape_is_a_finding(
    workspace: AuditedWorkspace, statements: list[str], message: str
) -> None:
    for statement in statements:
        workspace.tamper(statement)
    result = workspace.audit()
    assert {name for name, verdict in result.verdicts.items() if verdict == "failed"} == {"projections"}
    assert any(message in finding.message for finding in result.findings)


def test_read_model_text_that_is_not_utf_8_does_not_pass(workspace: AuditedWorkspace) -> None:
    workspace.tamper("UPDATE jobs SET name = CAST(x'ff' AS TEXT)")
    assert workspace.audit().verdict != "passed"


def test_an_index_that_hides_an_entry_is_found(workspace: AuditedWorkspace) -> None:
    with closing(sqlite3.connect(workspace.paths.database, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_schema SET sql = "
            "replace(sql, 'UNIQUE (stream, revision)', 'UNIQUE (stream, type)') WHERE name = 'entries'"
        )
    result = workspace.audit()
    assert result.verdicts["structure"] == "failed"
    assert "store-damaged" in {finding.code for finding in result.findings}


def test_a_database_cut_short_is_not_judged(workspace: AuditedWorkspace) -> None:
    content = workspace.paths.database.read_bytes()
    workspace.paths.database.write_bytes(content[: len(content) // 2])
    with pytest.raises(CannotTell):
        workspace.audit()


@pytest.mark.parametrize("page", range(1, 40, 3))
def test_damage_within_any_page_never_passes_and_never_is_another_error(
    workspace: AuditedWorkspace, page: int
) -> None:
    content = bytearray(workspace.paths.database.read_bytes())
    at = min(page * 4096 + 3, len(content) - 40)
    content[at : at + 40] = b"\xa5" * 40
    workspace.paths.database.write_bytes(content)
    try:
        verdict = workspace.audit().verdict
    except CustodyError as error:
        verdict = error.code
    assert verdict != "passed"


def test_a_checkpoint_file_that_was_changed_is_a_finding(workspace: AuditedWorkspace) -> None:
    note = workspace.paths.checkpoints / f"{SIZE}.note"
    note.write_bytes(note.read_bytes().replace(b"\n30\n", b"\n29\n"))
    assert workspace.audit().verdicts["checkpoints"] == "failed"


def test_a_checkpoint_file_that_is_a_link_is_a_finding(workspace: AuditedWorkspace) -> None:
    note = workspace.paths.checkpoints / f"{SIZE}.note"
    note.rename(workspace.folder / "elsewhere")
    note.symlink_to(workspace.folder / "elsewhere")
    [finding] = workspace.audit().findings
    assert finding.code == "malformed-checkpoint"


def test_a_checkpoint_held_elsewhere_shows_a_rewritten_ledger(
    workspace: AuditedWorkspace, tmp_path: Path
) -> None:
    held = (workspace.paths.checkpoints / f"{SIZE}.note").read_bytes()
    other = sample_workspace(tmp_path / "other", files=2)
    result = other.audit(extra=(held,), trusted={**other.trusted, **workspace.trusted})
    assert result.verdicts["checkpoints"] == "failed"


def test_a_ledger_that_is_being_written_can_be_audited(workspace: AuditedWorkspace) -> None:
    with workspace.open() as ledger:
        result = workspace.audit()
        assert ledger.size == SIZE
    assert result.verdict == "passed"
