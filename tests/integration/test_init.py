import json
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_new_workspace_is_private_and_complete(custody: CommandLine) -> None:
    custody.init("--badge", "4411", "--agency", "Metro")

    names = {path.name for path in custody.workspace.iterdir()}
    assert names >= {"custody.toml", "ledger.db", "keys", "checkpoints", "diagnostics"}
    assert stat.S_IMODE(custody.workspace.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in custody.workspace.rglob("*.key"))


def test_the_ledger_begins_with_its_opening_the_key_and_a_session(custody: CommandLine) -> None:
    custody.init("--badge", "4411")

    entries = custody("log", "show", "0", "9", "--json").result["entries"]
    assert isinstance(entries, list)
    assert [entry["body"]["type"] for entry in entries] == [
        "LedgerOpened", "KeyEnrolled", "SessionOpened", "SessionClosed",
    ]  # fmt: skip
    enrolled = entries[1]["body"]["data"]
    assert (enrolled["examiner"], enrolled["badge"], enrolled["protected"]) == ("J. Ortiz", "4411", False)
    assert custody("checkpoint", "show").out.splitlines()[1] == "4"


def test_the_new_ledger_passes_its_audit(custody: CommandLine) -> None:
    custody.init()

    assert custody("audit").code == 0


def test_a_second_init_is_refused_and_touches_nothing(custody: CommandLine) -> None:
    custody.init()
    before = tree(custody.workspace)

    ended = custody("init", "--examiner", "Mallory", "--no-passphrase")

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert tree(custody.workspace) == before


def test_a_folder_with_something_in_it_is_refused(custody: CommandLine) -> None:
    (custody.home / "evidence").mkdir()
    (custody.home / "evidence" / "photo.jpg").write_bytes(b"x")

    ended = custody("init", str(custody.home / "evidence"), "--examiner", "A", "--no-passphrase")

    assert ended.code == 6
    assert tree(custody.home / "evidence") == {"photo.jpg": b"x"}


@pytest.mark.parametrize("name", ["", "   ", "a\0b"])
def test_an_examiner_without_a_usable_name_is_a_mistake(custody: CommandLine, name: str) -> None:
    if "\0" in name:
        pytest.skip("an argument cannot hold NUL")
    ended = custody("init", "--examiner", name, "--no-passphrase")

    assert ended.code == 2
    assert not custody.workspace.exists()


def test_the_unprotected_key_is_warned_about(custody: CommandLine) -> None:
    assert "without a passphrase" in custody.init().err


def test_a_key_under_a_passphrase_is_recorded_as_protected(custody: CommandLine) -> None:
    secret = custody.home / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    ended = custody("init", "--examiner", "A", "--passphrase-file", str(secret))
    assert ended.code == 0, ended.err

    entry = json.loads(custody("log", "show", "1", "--json").out.splitlines()[-1])["entries"][0]

    assert entry["body"]["data"]["protected"] is True
    (key,) = custody.workspace.glob("keys/*.key")
    assert b"ENCRYPTED" in key.read_bytes()


def test_without_a_way_to_a_passphrase_nothing_is_made(custody: CommandLine) -> None:
    ended = custody("init", "--examiner", "A")

    assert ended.code == 4
    assert is_three_line_error(ended, "passphrase-missing")
    assert not custody.workspace.exists()


def test_init_without_a_folder_makes_the_default_workspace(custody: CommandLine) -> None:
    ended = custody("init", "--examiner", "A", "--no-passphrase", CUSTODY_WORKSPACE="")

    assert ended.code == 0
    assert (custody.home / "data" / "custody" / "default" / "custody.toml").is_file()


def test_an_interrupted_init_blocks_no_second_one(custody: CommandLine) -> None:
    for delay in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
        process = custody.start("init", "--examiner", "A", "--no-passphrase")
        time.sleep(delay)
        process.send_signal(signal.SIGKILL if int(delay * 100) % 2 else signal.SIGINT)
        process.communicate(timeout=60)
        if custody.workspace.exists():
            break
    else:
        custody.init()

    assert custody("audit").code == 0


def test_init_leaves_no_draft_when_the_disk_refuses(custody: CommandLine) -> None:
    if os.geteuid() == 0:
        target = Path("/proc/custody-workspace")
    else:
        (custody.home / "closed").mkdir(mode=0o500)
        target = custody.home / "closed" / "workspace"

    ended = custody("init", str(target), "--examiner", "A", "--no-passphrase")

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert not list(custody.home.glob("**/.custody-init-*"))
