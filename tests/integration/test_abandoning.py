"""Ctrl+C twice: the person does not wait, and is told all the same what is recorded and how to go on."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.cli.command_line import CommandLine
from tests.integration.acquiring import tree, write_batch
from tests.integration.test_hanging_lane import lane_of, run_with_a_hanging_lane
from tests.system_faults.running import SMALL_WINDOWS

LIMIT_SECONDS = 3


def twice(process: subprocess.Popen[bytes], second: signal.Signals) -> tuple[str, float]:
    """Send two signals so that both are heard; returns what was printed and how long it took."""
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    begun = time.monotonic()
    process.send_signal(second)
    out, _ = process.communicate(timeout=20)
    return out.decode(), time.monotonic() - begun


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_gives_the_result_though_a_read_hangs(
    case: CommandLine, second: signal.Signals, code: int
) -> None:
    process = run_with_a_hanging_lane(case)
    out, seconds = twice(process, second)

    assert process.returncode == code
    assert seconds < LIMIT_SECONDS
    results = [one for one in map(json.loads, out.splitlines()) if one["type"] == "result"]
    assert results == [json.loads(out.splitlines()[-1])]
    (result,) = results
    assert (result["exit"], result["status"], result["abandoned"]) == (code, "paused", True)
    assert result["schema"] == "custody.batch-run/1"
    assert result["files"]["verified"] > 0
    assert case("batch", "resume", result["batch"]).code == 0
    assert tree(case.home / "copies" / "two" / "second") == tree(case.home / "second")
    assert case("audit").code == 0


def test_a_second_signal_prints_the_command_that_goes_on(case: CommandLine) -> None:
    process = case.start("batch", "run", str(write_batch(case.home, files=60)), **SMALL_WINDOWS)
    while not (case.home / "copies" / "one" / "first" / "deep" / "file0003.bin").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(lane_of(process), signal.SIGSTOP)
    out, _ = twice(process, signal.SIGINT)

    assert out.startswith("ABANDONED  ")
    (line,) = [line for line in out.splitlines() if "go on with: " in line]
    assert case(*line.split("go on with: custody ")[1].split()).code == 0


def test_a_signal_during_a_look_that_is_soon_over_still_ends_the_command(case: CommandLine) -> None:
    (case.home / "source").mkdir()
    for number in range(5000):
        (case.home / "source" / f"{number}").touch()
    process = case.start("copy", "source", "--to", "out", "--case", "1", "--json")
    while not lanes(process):
        assert process.poll() is None
        time.sleep(0.001)
    lane = lane_of(process)
    os.kill(lane, signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    os.kill(lane, signal.SIGCONT)
    out, _ = process.communicate(timeout=60)

    assert (process.returncode, json.loads(out.splitlines()[-1])["exit"]) == (130, 130)
    assert not (case.home / "out").exists()


def test_a_second_signal_before_anything_was_recorded_says_so(case: CommandLine) -> None:
    (case.home / "source").mkdir()
    for number in range(60_000):
        (case.home / "source" / f"{number}").touch()
    process = case.start("copy", "source", "--to", "out", "--case", "1", "--json")
    while not lanes(process):
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(lane_of(process), signal.SIGSTOP)
    out, seconds = twice(process, signal.SIGINT)

    result = json.loads(out.splitlines()[-1])
    assert seconds < LIMIT_SECONDS
    assert (process.returncode, result["exit"], result["files"]["verified"]) == (130, 130, 0)
    assert case.ledger_size() == 4


def lanes(process: subprocess.Popen[bytes]) -> list[int]:
    try:
        return [lane_of(process)]
    except (StopIteration, OSError):
        return []


def test_a_verification_that_is_stopped_twice_says_what_was_looked_at(case: CommandLine) -> None:
    (case.home / "source").mkdir()
    for number in range(2500):
        (case.home / "source" / f"{number:04}").write_bytes(b"evidence")
    assert case("copy", "source", "--to", "out", "--case", "1").code == 0
    (case.home / "out/source/0000").write_bytes(b"EVIDENCE")
    process = case.start("verify", "--json", "-v")
    assert process.stdout is not None
    told = [json.loads(next(process.stdout))]
    while told[-1]["type"] != "file":
        told.append(json.loads(next(process.stdout)))
    os.kill(lane_of(process), signal.SIGSTOP)
    out, _ = twice(process, signal.SIGINT)

    *more, result = map(json.loads, out.splitlines())
    looked_at = [one for one in (*told, *more) if one["type"] == "file"]
    assert (result["type"], result["exit"], result["checked"]) == ("result", 130, len(looked_at))
    assert 1 <= len(looked_at) < 2500
    assert [failed["path"] for failed in result["failed"]] == [str(case.home / "out/source/0000")]
    assert result["changed"] == result["missing"] == result["extra"] == result["unreadable"] == []


def test_a_batch_that_runs_elsewhere_is_said_to_run_there(case: CommandLine) -> None:
    process = run_with_a_hanging_lane(case)
    try:
        people, program = case("batch", "status"), case("batch", "status", "--json").result
    finally:
        process.kill()
        process.communicate()

    assert people.out.startswith("RUNNING  ")
    assert f"by process {process.pid} on " in people.out
    assert "go on with" not in people.out
    assert program["held_by"] == {"pid": process.pid, "host": os.uname().nodename}

    after = case("batch", "status")
    assert after.out.startswith("INTERRUPTED  ")
    assert "go on with: custody batch resume" in after.out
