import json
import os
import signal
import subprocess
import time

from tests.cli.command_line import CommandLine
from tests.integration.acquiring import tree, write_batch
from tests.system_faults.running import SMALL_WINDOWS, lane_of


def run_with_a_hanging_lane(case: CommandLine, **variables: str) -> subprocess.Popen[bytes]:
    file = write_batch(case.home, files=60, size=20_000)
    process = case.start("batch", "run", str(file), "--json", "-v", **SMALL_WINDOWS, **variables)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "file":
            break
    os.kill(lane_of(process), signal.SIGSTOP)
    return process


def test_a_pause_comes_within_three_seconds_though_the_lane_hangs(case: CommandLine) -> None:
    process = run_with_a_hanging_lane(case)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert time.monotonic() - begun < 4
    assert json.loads(out.splitlines()[-1])["status"] == "paused"
    assert case("batch", "resume").code == 0
    assert tree(case.home / "copies" / "one" / "first") == tree(case.home / "first")
    assert case("audit").code == 0


def test_a_hanging_lane_is_replaced_and_only_its_file_fails(case: CommandLine) -> None:
    process = run_with_a_hanging_lane(case, CUSTODY_STALL_TIMEOUT_SECONDS="1")
    out, err = process.communicate(timeout=60)

    result = json.loads(out.splitlines()[-1])
    assert process.returncode in {0, 3}, err
    assert result["files"]["verified"] >= 2 * 63 - 1
    assert all(failure["error"] == "stalled" for failure in result["failures"])
    assert case("batch", "retry", result["batch"]).code == 0
    assert tree(case.home / "copies" / "two" / "second") == tree(case.home / "second")
    assert case("audit").code == 0
