import json
import signal
import subprocess
import time

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error
from tests.integration.acquiring import tree, write_batch
from tests.integration.test_hanging_lane import run_with_a_hanging_lane
from tests.system_faults.running import SMALL_WINDOWS

FILES = 60
SIZE = 20_000


def run_until_first_file(case: CommandLine, file: str) -> subprocess.Popen[bytes]:
    """Start a batch and return when its first file was verified."""
    process = case.start("batch", "run", file, "--json", "-v", **SMALL_WINDOWS)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "file":
            return process
    pytest.fail("the run ended before a file was done")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_pauses_and_resume_ends_with_identical_trees(
    case: CommandLine, number: signal.Signals, code: int
) -> None:
    file = write_batch(case.home, files=FILES, size=SIZE)
    process = run_until_first_file(case, str(file))
    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    result = json.loads(out.splitlines()[-1])
    assert process.returncode == code, err
    assert (result["type"], result["status"], result["exit"]) == ("result", "paused", code)
    assert 0 < result["files"]["verified"] < 2 * FILES
    assert "BatchPaused" in case("log", "tail").out
    assert case("audit").code == 0

    resumed = case("batch", "resume", "--json")

    assert resumed.code == 0, resumed.err
    assert tree(case.home / "copies" / "one" / "first") == tree(case.home / "first")
    assert tree(case.home / "copies" / "two" / "second") == tree(case.home / "second")
    assert case("audit").code == 0


def test_a_pause_prints_the_exact_command_that_resumes(case: CommandLine) -> None:
    file = write_batch(case.home, files=FILES, size=SIZE)
    process = case.start("batch", "run", str(file), **SMALL_WINDOWS)
    while not (case.home / "copies" / "one" / "first" / "deep" / "file0003.bin").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    (line,) = [line for line in out.decode().splitlines() if "go on with: " in line]
    words = line.split("go on with: custody ")[1].split()
    assert case(*words).code == 0


def test_a_second_signal_ends_the_process_at_once_and_loses_nothing(case: CommandLine) -> None:
    file = write_batch(case.home, files=FILES, size=SIZE)
    process = run_until_first_file(case, str(file))
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert process.returncode in {130, 143}
    assert time.monotonic() - begun < 3
    assert case("batch", "resume").code == 0
    assert tree(case.home / "copies" / "two" / "second") == tree(case.home / "second")
    assert case("audit").code == 0


def test_a_killed_run_is_resumed_by_the_same_command(case: CommandLine) -> None:
    file = write_batch(case.home, files=FILES, size=SIZE)
    process = run_until_first_file(case, str(file))
    process.kill()
    process.communicate(timeout=20)

    assert case("batch", "run", str(file)).code == 0
    assert tree(case.home / "copies" / "one" / "first") == tree(case.home / "first")
    assert tree(case.home / "copies" / "two" / "second") == tree(case.home / "second")
    assert case("audit").code == 0


def test_a_second_process_on_the_same_ledger_is_told_that_it_is_busy(case: CommandLine) -> None:
    process = run_with_a_hanging_lane(case)
    try:
        ended = case("checkpoint", "make")
        looked = case("batch", "status")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    assert ended.code == 5
    assert is_three_line_error(ended, "busy")
    assert looked.code == 0
