import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error


def test_without_a_workspace_nothing_can_be_told(custody: CommandLine) -> None:
    ended = custody("audit")

    assert ended.code == 4
    assert is_three_line_error(ended, "workspace-missing")


def test_the_option_wins_over_the_variable(case: CommandLine) -> None:
    ended = case("audit", "-w", str(case.home / "elsewhere"))

    assert ended.code == 4


def test_the_user_configuration_names_the_workspace_when_nothing_else_does(case: CommandLine) -> None:
    folder = case.home / "config" / "custody"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'workspace = "{case.workspace}"\n')

    assert case("audit", CUSTODY_WORKSPACE="").code == 0


def test_the_working_directory_configures_nothing(case: CommandLine) -> None:
    trap = case.home / "evidence"
    shutil.copytree(case.workspace, trap)
    (trap / ".env").write_text("CUSTODY_WORKSPACE=.\n")
    (trap / "config.toml").write_text('workspace = "."\n')

    assert case("audit", cwd=trap, CUSTODY_WORKSPACE="").code == 4


@pytest.mark.parametrize("name", ["typer", "sqlalchemy", "json", "custody", "sitecustomize"])
def test_code_in_the_working_directory_is_never_run(case: CommandLine, name: str) -> None:
    trap = case.home / "evidence"
    trap.mkdir()
    (trap / f"{name}.py").write_text(f"open({str(case.home / 'ran')!r}, 'w')\n")

    ended = case("audit", cwd=trap)

    assert ended.code == 0
    assert not (case.home / "ran").exists()


def test_an_unknown_key_of_the_settings_is_a_mistake(case: CommandLine) -> None:
    file = case.workspace / "custody.toml"
    file.write_text("retrys = 3\n" + file.read_text())

    ended = case("audit")

    assert ended.code == 2
    assert "retrys" in ended.err


def test_a_ledger_on_postgresql_is_refused_until_it_is_there(case: CommandLine) -> None:
    file = case.workspace / "custody.toml"
    file.write_text(file.read_text().replace('"ledger.db"', '"postgresql://localhost/case"'))

    ended = case("audit")

    assert ended.code == 2
    assert is_three_line_error(ended, "usage")


def test_a_workspace_moves_as_a_folder(case: CommandLine) -> None:
    case.workspace.rename(case.home / "moved")

    assert case("audit", "-w", str(case.home / "moved")).code == 0


def test_a_wrong_passphrase_is_not_allowed(custody: CommandLine) -> None:
    right, wrong = _secret(custody.home / "right", "right"), _secret(custody.home / "wrong", "wrong")
    assert custody("init", "--examiner", "A", "--passphrase-file", right).code == 0

    ended = custody("checkpoint", "make", CUSTODY_PASSPHRASE_FILE=wrong)

    assert ended.code == 7
    assert is_three_line_error(ended, "wrong-passphrase")
    assert custody("checkpoint", "make", CUSTODY_PASSPHRASE_FILE=right).code == 0


def test_no_way_to_a_passphrase_cannot_tell(custody: CommandLine) -> None:
    right = _secret(custody.home / "right", "right")
    assert custody("init", "--examiner", "A", "--passphrase-file", right).code == 0

    assert custody("checkpoint", "make").code == 4


def test_the_passphrase_is_in_no_file_of_the_workspace(custody: CommandLine) -> None:
    secret = "a-very-recognisable-passphrase"
    custody("init", "--examiner", "A", "--passphrase-file", _secret(custody.home / "p", secret))

    held = [p for p in custody.workspace.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert held == []


def test_a_damaged_database_cannot_be_told_about(case: CommandLine) -> None:
    (case.workspace / "ledger.db").write_bytes(b"not a database" * 1000)

    ended = case("audit")

    assert ended.code == 4
    assert is_three_line_error(ended, "ledger-unreadable")


def _secret(path: Path, text: str) -> str:
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)
