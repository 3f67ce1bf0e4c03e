from pathlib import Path

import pytest

from custody.domain.errors import CannotTell, UsageError
from custody.infrastructure.settings import (
    RunChoices,
    read_user_settings,
    read_workspace_settings,
    run_choices,
    workspace_text,
)

KEY = "ab" * 32


def workspace_file(folder: Path, text: str) -> Path:
    file = folder / "custody.toml"
    file.write_text(text)
    return file


def test_a_new_workspace_s_file_reads_back(tmp_path: Path) -> None:
    settings = read_workspace_settings(workspace_file(tmp_path, workspace_text(key=KEY)))

    assert (settings.ledger, settings.key, settings.run) == ("ledger.db", KEY, {})


def test_the_commented_defaults_of_a_new_workspace_are_the_defaults(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in workspace_text(key=KEY).splitlines()]

    settings = read_workspace_settings(workspace_file(tmp_path, "\n".join(lines)))

    assert run_choices({}, settings.run, {}) == RunChoices()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('colour = "red"', "colour"),
        ("[run]\nretrys = 3", "retrys"),
        ('[run]\nretries = "3"', "retries"),
        ("[run]\nretries = true", "retries"),
        ("[run]\nretries = -1", "retries"),
        ("[run]\nwindow_files = 0", "window_files"),
        ("[run]\nstall_timeout_seconds = nan", "stall_timeout_seconds"),
        ('[run]\nhashes = ["crc32"]', "crc32"),
        ("run = 3", "run"),
        ("format = 2", "format"),
        ("this is not TOML", "TOML"),
    ],
)
def test_a_mistake_in_custody_toml_is_named(tmp_path: Path, line: str, named: str) -> None:
    head = "" if line.startswith("format") else "format = 1\n"
    file = workspace_file(tmp_path, f'{head}key = "{KEY}"\n{line}\n')

    with pytest.raises(UsageError, match=named):
        read_workspace_settings(file)


def test_a_workspace_need_not_name_its_key(tmp_path: Path) -> None:
    settings = read_workspace_settings(workspace_file(tmp_path, "format = 1\n"))

    assert (settings.key, settings.session_keys) == (None, False)


def test_session_keys_are_switched_on_by_true_and_nothing_else(tmp_path: Path) -> None:
    assert read_workspace_settings(workspace_file(tmp_path, "format = 1\nsession_keys = true\n")).session_keys
    with pytest.raises(UsageError, match="session_keys"):
        read_workspace_settings(workspace_file(tmp_path, 'format = 1\nsession_keys = "true"\n'))


def test_a_ledger_on_postgresql_is_refused_by_name(tmp_path: Path) -> None:
    file = workspace_file(tmp_path, f'format = 1\nkey = "{KEY}"\nledger = "postgresql://host/db"\n')

    with pytest.raises(UsageError, match="SQLite"):
        read_workspace_settings(file)


@pytest.mark.parametrize("name", ["../ledger.db", "/tmp/ledger.db", "", ".."])
def test_a_ledger_outside_the_workspace_is_refused(tmp_path: Path, name: str) -> None:
    file = workspace_file(tmp_path, f'format = 1\nkey = "{KEY}"\nledger = "{name}"\n')

    with pytest.raises(UsageError, match="bare name"):
        read_workspace_settings(file)


def test_settings_that_cannot_be_read_decide_nothing(tmp_path: Path) -> None:
    with pytest.raises(CannotTell):
        read_workspace_settings(tmp_path)


def test_a_person_without_configuration_chose_nothing(tmp_path: Path) -> None:
    settings = read_user_settings(tmp_path)

    assert (settings.workspace, settings.run) == (None, {})


def test_the_user_configuration_may_name_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('workspace = "/srv/case"\n')

    assert read_user_settings(tmp_path).workspace == "/srv/case"


def test_an_unknown_key_of_the_user_configuration_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('workspase = "/srv/case"\n')

    with pytest.raises(UsageError, match="workspase"):
        read_user_settings(tmp_path)


@pytest.mark.parametrize(
    ("environment", "workspace", "user", "retries"),
    [
        ({"CUSTODY_RETRIES": "7"}, {"retries": 5}, {"retries": 3}, 7),
        ({}, {"retries": 5}, {"retries": 3}, 5),
        ({}, {}, {"retries": 3}, 3),
        ({}, {}, {}, 2),
    ],
)
def test_the_most_binding_place_wins(
    environment: dict[str, str], workspace: dict[str, object], user: dict[str, object], retries: int
) -> None:
    assert run_choices(environment, workspace, user).retries == retries


def test_variables_are_read_as_what_they_stand_for() -> None:
    environment = {
        "CUSTODY_FINAL_PASS": "yes",
        "CUSTODY_HASHES": "md5, sha1",
        "CUSTODY_STALL_TIMEOUT_SECONDS": "1.5",
    }

    choices = run_choices(environment, {}, {})

    assert choices.final_pass is True
    assert choices.hashes == ("md5", "sha1", "sha256")
    assert choices.stall_timeout_seconds == 1.5


@pytest.mark.parametrize(
    ("name", "text"),
    [("CUSTODY_RETRIES", "many"), ("CUSTODY_FINAL_PASS", "perhaps"), ("CUSTODY_WINDOW_BYTES", "12")],
)
def test_a_variable_without_sense_is_a_mistake(name: str, text: str) -> None:
    with pytest.raises(UsageError):
        run_choices({name: text}, {}, {})
