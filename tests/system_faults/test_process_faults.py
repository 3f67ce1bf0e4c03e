"""What happens to the processes of a run: killed, starved, doubled, sent back in time."""

import os
import resource
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error
from tests.integration.acquiring import tree
from tests.system_faults.honesty import contents, entries, require_honest
from tests.system_faults.running import (
    ONE_TRY,
    SMALL_WINDOWS,
    Under,
    copying,
    ending,
    lane_of,
    many_files,
    until_verified,
)

pytestmark = pytest.mark.fault

ROOT = Path(__file__).parents[2]
THREE_DAYS_BACK = -3 * 24 * 3600


def test_a_lane_that_the_system_kills_for_want_of_memory_is_replaced(case: CommandLine) -> None:
    source, to = many_files(case.home / "source"), case.home / "to"
    process = case.start(*copying(source, to), **SMALL_WINDOWS)
    until_verified(process)
    os.kill(lane_of(process), signal.SIGKILL)
    ended = ending(process)

    require_honest(case, ended, contents(source), to)
    assert ended.code == 0, ended.err
    assert tree(to / "source") == tree(source)


def test_a_lane_holds_no_end_of_the_stderr_on_which_somebody_may_wait(case: CommandLine) -> None:
    source, to = many_files(case.home / "source"), case.home / "to"
    process = case.start(*copying(source, to), **SMALL_WINDOWS)
    until_verified(process)
    open_files = {os.readlink(f"/proc/{lane_of(process)}/fd/{number}") for number in (0, 1, 2)}
    ended = ending(process)

    assert open_files == {"/dev/null"}
    assert ended.code == 0


@pytest.mark.system_fault("root")
@pytest.mark.parametrize("spare", [0, 1 << 16, 1 << 20])
def test_a_lane_that_gets_no_more_memory_claims_nothing_false(case: CommandLine, spare: int) -> None:
    source, to = many_files(case.home / "source"), case.home / "to"
    process = case.start(*copying(source, to), **SMALL_WINDOWS, **ONE_TRY)
    until_verified(process)
    lane = lane_of(process)
    pages = int(Path(f"/proc/{lane}/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + spare if spare else 0
    resource.prlimit(lane, resource.RLIMIT_AS, (limit, limit))
    ended = ending(process)

    require_honest(case, ended, contents(source), to, met_a_fault=bool(ended.code))
    assert ended.code in {0, 3, 20}
    if ended.code:
        assert case("batch", "retry", ended.result["batch"]).code == 0
    assert tree(to / "source") == tree(source)


@pytest.mark.system_fault("prlimit")
def test_sixty_four_descriptors_are_enough(case: CommandLine) -> None:
    source, to = case.home / "source", case.home / "to"
    for number in range(150):
        folder = source / f"folder{number}" / "deeper" / "still"
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(os.urandom(100))
    ended = Under(case.home, ("prlimit", "--nofile=64:64"))(*copying(source, to))

    require_honest(case, ended, contents(source), to)
    assert ended.code == 0, ended.err
    assert tree(to / "source") == tree(source)


def test_a_second_process_on_the_same_destination_is_told_that_it_is_busy(
    case: CommandLine, tmp_path: Path, new_workspace: Path
) -> None:
    source, to = many_files(case.home / "source"), case.home / "to"
    other = CommandLine(tmp_path / "other")
    shutil.copytree(new_workspace, other.workspace)
    process = case.start(*copying(source, to), **SMALL_WINDOWS)
    until_verified(process)
    process.send_signal(signal.SIGSTOP)
    try:
        refused = other(*copying(source, to))
    finally:
        process.send_signal(signal.SIGCONT)
    ended = ending(process)

    assert refused.code == 5, refused.err
    assert is_three_line_error(refused, "busy")
    require_honest(case, ended, contents(source), to)
    assert ended.code == 0
    assert tree(to / "source") == tree(source)


@pytest.fixture
def wrong_clock(case: CommandLine) -> Path:
    """The file that says by how many seconds the clock of ``backwards`` is wrong."""
    file = case.home / "wrong by"
    file.write_text("0")
    return file


def backwards(case: CommandLine) -> Under:
    return Under(case.home, command=(sys.executable, str(ROOT / "tests/system_faults/wrong_clock.py")))


def times(case: CommandLine) -> list[str]:
    return [str(entry["at"]) for entry in entries(case)]


def test_a_clock_set_back_between_two_runs_proves_nothing_wrong(case: CommandLine, wrong_clock: Path) -> None:
    source, to = many_files(case.home / "source", files=6), case.home / "to"
    assert case(*copying(source, to)).code == 0
    (source / "new").write_bytes(b"copied three days before the others")
    wrong_clock.write_text(str(THREE_DAYS_BACK))
    ended = backwards(case)(*copying(source, to), WRONG_CLOCK=str(wrong_clock))

    require_honest(case, ended, contents(source), to)
    assert ended.code == 0, ended.err
    assert times(case) != sorted(times(case)), "the times stand as the clock gave them"
    assert [entry["position"] for entry in entries(case)] == list(range(len(times(case))))
    assert case("batch", "status").code == 0


def test_a_clock_set_back_in_the_middle_of_a_run_stops_nothing(case: CommandLine, wrong_clock: Path) -> None:
    source, to = many_files(case.home / "source"), case.home / "to"
    process = backwards(case).start(*copying(source, to), **SMALL_WINDOWS, WRONG_CLOCK=str(wrong_clock))
    until_verified(process)
    aside = wrong_clock.with_suffix(".new")
    aside.write_text(str(THREE_DAYS_BACK))
    aside.replace(wrong_clock)
    ended = ending(process)

    require_honest(case, ended, contents(source), to)
    assert ended.code == 0, ended.err
    assert times(case) != sorted(times(case))


def test_a_run_that_is_terminated_goes_on_where_it_was(case: CommandLine) -> None:
    source, to = many_files(case.home / "source"), case.home / "to"
    process = case.start(*copying(source, to), **SMALL_WINDOWS)
    until_verified(process)
    process.send_signal(signal.SIGTERM)
    ended = ending(process)

    require_honest(case, ended, contents(source), to)
    assert ended.code == 143
    resumed = case("batch", "resume", "--json")
    require_honest(case, resumed, contents(source), to, met_a_fault=False)
    assert resumed.code == 0
    assert tree(to / "source") == tree(source)
