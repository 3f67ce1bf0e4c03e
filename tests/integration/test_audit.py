import sqlite3
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error


def change(case: CommandLine, *statements: str) -> None:
    """Work on the ledger's database as somebody with an editor would."""
    with sqlite3.connect(case.workspace / "ledger.db") as database:
        triggers = database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            database.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            database.execute(statement)
    database.close()


def with_some_entries(case: CommandLine) -> CommandLine:
    source = case.home / "source"
    source.mkdir()
    (source / "a").write_bytes(b"a")
    assert case("copy", str(source), "--to", str(case.home / "copies"), "--case", "1").code == 0
    return case


@pytest.mark.parametrize(
    ("statements", "position"),
    [
        (["DELETE FROM entries WHERE position = 6"], 6),
        (["UPDATE entries SET entry = CAST(replace(entry, '=', 'A') AS BLOB) WHERE position = 6"], 6),
        (["UPDATE entries SET revision = 77 WHERE position = 6"], 6),
        (
            [
                "UPDATE entries SET position = -1 WHERE position = 6",
                "UPDATE entries SET position = 6 WHERE position = 7",
                "UPDATE entries SET position = 7 WHERE position = -1",
            ],
            6,
        ),
    ],
)
def test_a_touched_row_is_found_and_its_position_named(
    case: CommandLine, statements: list[str], position: int
) -> None:
    with_some_entries(case)
    change(case, *statements)

    ended = case("audit", "--json")

    assert ended.code == 1
    assert position in [finding["position"] for finding in ended.result["findings"]]


def test_a_tail_cut_behind_a_checkpoint_is_found(case: CommandLine) -> None:
    with_some_entries(case)
    change(case, "DELETE FROM entries WHERE position >= 9")

    assert case("audit").code == 1


def test_nothing_is_added_to_a_ledger_that_was_touched(case: CommandLine) -> None:
    with_some_entries(case)
    size = case.ledger_size()
    change(case, f"DELETE FROM entries WHERE position = {size - 1}")

    ended = case("verify")

    assert ended.code == 1
    assert is_three_line_error(ended, "ledger-refuted")
    assert case.ledger_size() == size - 1


def test_a_checkpoint_kept_elsewhere_shows_a_cut_that_the_workspace_no_longer_can(case: CommandLine) -> None:
    with_some_entries(case)
    note = case.home / "note"
    note.write_text(case("checkpoint", "show").out)
    size = case.ledger_size()
    change(
        case,
        "DELETE FROM entries WHERE position >= 4",
        "DELETE FROM checkpoints WHERE size > 4",
    )
    for file in case.workspace.glob("checkpoints/*.note"):
        if int(file.stem) > 4:
            file.unlink()

    result = case("audit", "--checkpoint", str(note), "--json").result

    assert result["verdicts"]["checkpoints"] == "failed"
    assert str(size) in str(result["findings"])


def test_a_key_that_did_not_sign_refutes(case: CommandLine, tmp_path: Path) -> None:
    other = CommandLine(tmp_path / "other")
    other.home.mkdir()
    other.init()
    (key,) = other.workspace.glob("keys/*.pem")

    assert case("audit", "--key", str(key)).code != 0
    (own,) = case.workspace.glob("keys/*.pem")
    assert case("audit", "--key", str(own)).code == 0


@pytest.mark.parametrize("option", ["--checkpoint", "--key"])
def test_a_file_that_is_not_there_cannot_tell(case: CommandLine, option: str) -> None:
    ended = case("audit", option, str(case.home / "missing"))

    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")


def test_a_key_file_that_holds_no_key_is_a_usage_mistake(case: CommandLine) -> None:
    (case.home / "junk.pem").write_text("junk")

    ended = case("audit", "--key", "junk.pem")

    assert ended.code == 2
    assert is_three_line_error(ended, "usage")
    assert "junk.pem" in ended.err


def test_a_damaged_key_of_the_workspace_cannot_tell(case: CommandLine) -> None:
    (key,) = case.workspace.glob("keys/*.pem")
    key.write_text("junk")

    ended = case("audit")

    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")


def test_without_a_trusted_key_signatures_cannot_be_told(case: CommandLine) -> None:
    for key in case.workspace.glob("keys/*.pem"):
        key.unlink()

    ended = case("audit", "--json")

    assert ended.code == 4
    assert ended.result["verdicts"]["signatures"] == "indeterminate"


def test_a_changed_projection_is_found_and_rebuild_mends_it(case: CommandLine) -> None:
    with_some_entries(case)
    change(case, "UPDATE batches SET state = 'running'")
    assert case("audit", "--json").result["verdicts"]["projections"] == "failed"

    assert case("rebuild").code == 0

    assert case("audit").code == 0
