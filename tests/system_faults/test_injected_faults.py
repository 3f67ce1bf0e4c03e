"""Faults and deaths at the N-th system call of the real command, parent and lane, ledger and evidence."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended
from tests.integration.acquiring import tree
from tests.system_faults.honesty import contents, require_honest
from tests.system_faults.running import ONE_TRY, Under, copying, many_files

pytestmark = [pytest.mark.fault, pytest.mark.system_fault("strace")]


def traced(case: CommandLine, source: Path, call: str, what: str, when: str, *only: Path) -> Ended:
    paths = [word for path in only for word in ("-P", str(path))]
    tool = ("strace", "-f", "-qq", "-o", str(case.home / "trace"), *paths)
    inject = ("-e", f"trace={call}", "-e", f"inject={call}:{what}:when={when}")
    return Under(case.home, (*tool, *inject))(*copying(source, case.home / "to"), **ONE_TRY)


def was_met(case: CommandLine) -> bool:
    return "(INJECTED)" in (text := (case.home / "trace").read_text()) or "+++ killed by SIGKILL" in text


def ends_well(case: CommandLine, source: Path) -> None:
    again = case(*copying(source, case.home / "to"))
    require_honest(case, again, contents(source), case.home / "to", met_a_fault=False)
    assert again.code == 0, again.err
    assert tree(case.home / "to" / "source") == tree(source)


@pytest.mark.parametrize("when", ["1", "4", "9"])
@pytest.mark.parametrize(("call", "error"), [("pwrite64", "ENOSPC"), ("fdatasync", "EIO")])
def test_a_ledger_that_fails_halts_the_run_and_loses_nothing(
    case: CommandLine, call: str, error: str, when: str
) -> None:
    source = many_files(case.home / "source", files=12, size=2000)
    ledger = case.workspace / "ledger.db"
    ended = traced(case, source, call, f"error={error}", f"{when}+", ledger, Path(f"{ledger}-wal"))

    require_honest(case, ended, contents(source), case.home / "to")
    assert was_met(case)
    assert ended.code in {20, 4}, ended.err
    ends_well(case, source)


@pytest.mark.parametrize("when", [1, 8])
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "renameat2", "write"])
def test_a_death_at_a_call_is_only_a_pause(case: CommandLine, call: str, when: int) -> None:
    source = many_files(case.home / "source", files=12, size=2000)
    ended = traced(case, source, call, "signal=SIGKILL", str(when))

    assert was_met(case)
    require_honest(case, ended, contents(source), case.home / "to")
    ends_well(case, source)


@pytest.mark.parametrize(
    ("call", "error"),
    [("syncfs", "EIO"), ("renameat2", "EMFILE"), ("renameat2", "EIO"), ("fchmod", "EIO"), ("readv", "EIO")],
)
def test_a_call_that_always_fails_makes_failed_files_and_no_false_good(
    case: CommandLine, call: str, error: str
) -> None:
    source = many_files(case.home / "source", files=12, size=2000)
    ended = traced(case, source, call, f"error={error}", "1+")

    assert was_met(case)
    require_honest(case, ended, contents(source), case.home / "to")
    assert ended.code in {0, 3, 20}, ended.err
    ends_well(case, source)
