"""Sources that fail, lie, hang or change, through a file system that does so by its rules."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended
from tests.system_faults.conftest import VICTIM, Faulty
from tests.system_faults.honesty import contents, entries, require_honest

pytestmark = [pytest.mark.fault, pytest.mark.system_fault("fuse")]

AT = 131_072
ONE_TRY = {"CUSTODY_RETRIES": "0"}


def victim(call: str, fault: str, **more: object) -> dict[str, object]:
    return {"call": call, "path": "/source/m/victim", "fault": fault, **more}


def copied(case: CommandLine, source: Path, **variables: str) -> Ended:
    words = ("copy", str(source), "--to", str(case.home / "to"), "--case", "1", "--json")
    return case(*words, **{**ONE_TRY, **variables})


def only_the_victim_failed(case: CommandLine, ended: Ended, files: dict[bytes, bytes]) -> dict[str, object]:
    said = require_honest(case, ended, files, case.home / "to")
    assert {path for path, outcome in said.items() if not outcome.verified} == {VICTIM}
    assert ended.code == 3
    assert [one["path"] for one in ended.result["failures"]] == [VICTIM.decode()]
    assert not (case.home / "to" / VICTIM.decode()).exists()
    return said[VICTIM].data


def test_a_read_error_is_recorded_with_path_offset_and_errno_and_stands_in_the_report(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    ended = copied(case, faulty_source(victim("read", "error", at=AT)))

    data = only_the_victim_failed(case, ended, contents(evidence))
    assert (data["error"], data["errno"], data["stage"]) == ("io-error", 5, "read")
    assert 0 <= data["offset"] <= AT
    assert case("report", "custody", "--out", str(case.home / "report.pdf")).code == 0
    text = subprocess.run(
        ["pdftotext", "-layout", case.home / "report.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "source/m/victim" in text
    assert "Input/output error" in text


def test_a_read_error_that_passes_is_overcome_by_another_attempt(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    ended = copied(case, faulty_source(victim("read", "error", at=AT, times=1)), CUSTODY_RETRIES="2")

    said = require_honest(case, ended, contents(evidence), case.home / "to")
    assert ended.code == 0
    assert said[VICTIM].verified
    assert [entry["type"] for entry in entries(case)].count("FileFailed") == 1


def test_an_end_that_comes_too_early_is_never_a_copy(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    ended = copied(case, faulty_source(victim("read", "eof", at=AT)))

    data = only_the_victim_failed(case, ended, contents(evidence))
    assert (data["error"], data["offset"]) == ("truncated", AT)


def test_short_reads_are_only_slow(case: CommandLine, evidence: Path, faulty_source: Faulty) -> None:
    ended = copied(case, faulty_source(victim("read", "short")))

    said = require_honest(case, ended, contents(evidence), case.home / "to")
    assert all(outcome.verified for outcome in said.values())
    assert ended.code == 0


@pytest.mark.parametrize(
    ("act", "size", "errors"),
    [
        ("truncate", 1000, {"truncated", "changed"}),
        ("append", 1000, {"grew"}),
        ("touch", 0, {"changed"}),
        ("unlink", 0, {"changed", "vanished"}),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_never_verified(
    case: CommandLine, evidence: Path, faulty_source: Faulty, act: str, size: int, errors: set[str]
) -> None:
    before = contents(evidence)
    rule = victim("read", "do", act=act, size=size, target=str(evidence / "m/victim"), at=AT, times=1)

    data = only_the_victim_failed(case, copied(case, faulty_source(rule)), before)

    assert data["error"] in errors


@pytest.mark.parametrize(("act", "error"), [("fifo", "not-a-regular-file"), ("link", "is-a-link")])
def test_a_file_replaced_between_listing_and_opening_is_not_opened_as_what_it_became(
    case: CommandLine, evidence: Path, faulty_source: Faulty, act: str, error: str
) -> None:
    before = contents(evidence)
    first_file = {"call": "open", "path": "/source/a/before", "fault": "do", "times": 1}
    source = faulty_source({**first_file, "act": act, "target": str(evidence / "m/victim")})

    data = only_the_victim_failed(case, copied(case, source), before)

    assert data["error"] == error


def test_a_read_that_hangs_for_ever_costs_one_file(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    ended = copied(case, faulty_source(victim("read", "hang", at=AT)), CUSTODY_STALL_TIMEOUT_SECONDS="1.5")

    assert only_the_victim_failed(case, ended, contents(evidence))["error"] == "stalled"


def hanging(case: CommandLine, source: Path) -> subprocess.Popen[bytes]:
    process = case.start(
        *("copy", str(source), "--to", str(case.home / "to"), "--case", "1", "--json"),
        CUSTODY_WINDOW_FILES="1",
    )
    trace = case.home / "dying.trace"
    while "open /source/m/victim" not in trace.read_text():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    return process


@pytest.mark.parametrize("signals", [1, 2])
def test_control_c_is_answered_within_three_seconds_though_a_read_hangs(
    case: CommandLine, evidence: Path, faulty_source: Faulty, signals: int
) -> None:
    process = hanging(case, faulty_source(victim("read", "hang")))
    begun = time.monotonic()
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    out, err = process.communicate(timeout=20)

    assert time.monotonic() - begun < 3.5
    assert process.returncode == 130
    ended = Ended(process.returncode, out.decode(), err.decode())
    said = require_honest(case, ended, contents(evidence), case.home / "to")
    assert VICTIM not in said
    if signals == 1:
        assert json.loads(out.splitlines()[-1])["status"] == "paused"


def test_an_entry_lost_from_one_listing_is_found_by_the_second(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    # The walk before the run looks once, the inventory a second time; only the last look is whole.
    hide = {"call": "readdir", "path": "/source/m", "fault": "hide", "target": "victim", "times": 2}
    ended = copied(case, faulty_source(hide))

    assert ended.code == 3
    assert "InventoryChanged" in [entry["type"] for entry in entries(case)]
    assert not (case.home / "to" / VICTIM.decode()).exists()
    again = copied(case, case.home / "dying" / "source")
    said = require_honest(case, again, contents(evidence), case.home / "to")
    assert again.code == 0
    assert said[VICTIM].verified


def test_a_size_of_nothing_with_data_behind_it_is_never_an_empty_copy(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    ended = copied(case, faulty_source(victim("getattr", "size", size=0)))

    assert only_the_victim_failed(case, ended, contents(evidence))["error"] == "grew"


def test_what_a_dying_source_still_gives_is_salvaged_and_told_as_qualified(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    source = faulty_source(victim("read", "error", at=AT))
    words = ("copy", str(source), "--to", str(case.home / "to"), "--case", "1", "--salvage", "--json")

    ended = case(*words, **ONE_TRY)

    assert not ended.result["failures"]
    assert (ended.code, ended.result["files"]["qualified"]) == (3, 1), ended.err
    said = require_honest(case, ended, contents(evidence), case.home / "to")
    stretches = said[VICTIM].data["unreadable"]
    assert isinstance(stretches, list)
    assert any(offset <= AT < offset + length for offset, length in stretches)
    assert (case("verify").code, case("audit").code) == (0, 0)
