"""Destinations that fail, lie or hang, through a file system that does so by its rules."""

import contextlib
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended
from tests.system_faults.conftest import VICTIM, Faulty
from tests.system_faults.honesty import contents, entries, outcomes, require_honest
from tests.system_faults.running import ONE_TRY, copying, ending, until_verified

pytestmark = [pytest.mark.fault, pytest.mark.system_fault("fuse")]

AT = 131_072


def victim(call: str, fault: str, **more: object) -> dict[str, object]:
    return {"call": call, "path": "/source/m/.custody-*", "fault": fault, **more}


def copied(case: CommandLine, evidence: Path, to: Path, **variables: str) -> Ended:
    return case(*copying(evidence, to), **{**ONE_TRY, **variables})


def failure_of_the_victim(
    case: CommandLine, ended: Ended, evidence: Path, to: Path, code: int
) -> dict[str, object]:
    said = require_honest(case, ended, contents(evidence), to)
    assert ended.code == code, ended.err
    assert not said[VICTIM].verified
    assert not (to / VICTIM.decode()).exists()
    return said[VICTIM].data


@pytest.mark.parametrize(
    ("name", "code", "error"),
    [("EIO", 3, "io-error"), ("ENOSPC", 20, "no-space"), ("EROFS", 20, "read-only")],
)
def test_a_write_error_fails_its_file(
    case: CommandLine, evidence: Path, faulty_destination: Faulty, name: str, code: int, error: str
) -> None:
    to = faulty_destination(victim("write", "error", at=AT, errno=name))

    data = failure_of_the_victim(case, copied(case, evidence, to), evidence, to, code)

    assert (data["error"], data["stage"]) == (error, "write")


def test_write_errors_at_every_file_halt_the_run(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination({"call": "write", "path": "*.part", "fault": "error"})
    ended = copied(case, evidence, to)

    said = require_honest(case, ended, contents(evidence), to)
    assert ended.code == 20
    assert not any(outcome.verified for outcome in said.values())


def test_a_flush_that_fails_once_is_never_tried_again_on_the_same_file(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination(victim("fsync", "error", times=1))
    ended = copied(case, evidence, to, CUSTODY_RETRIES="1")

    said = require_honest(case, ended, contents(evidence), to)
    assert ended.code == 0
    assert said[VICTIM].verified
    trace = to.with_suffix(".trace").read_text().splitlines()
    flushes = Counter(line for line in trace if line.startswith("fsync /source/m/.custody-"))
    assert len(flushes) == 2, "the file was written anew under another name"
    assert set(flushes.values()) == {1}


def test_without_another_attempt_a_failed_flush_is_a_failed_file(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination(victim("fsync", "error", times=1))

    data = failure_of_the_victim(case, copied(case, evidence, to), evidence, to, 3)

    assert (data["error"], data["stage"]) == ("io-error", "flush")


def test_a_quota_that_is_told_at_close_is_not_overheard(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination(victim("flush", "error", errno="EDQUOT"))

    data = failure_of_the_victim(case, copied(case, evidence, to), evidence, to, 20)

    assert (data["error"], data["stage"]) == ("no-space", "flush")


@pytest.mark.parametrize("fault", ["flip", "lose"])
def test_what_the_disk_did_not_keep_is_found_by_reading_it_back(
    case: CommandLine, evidence: Path, faulty_destination: Faulty, fault: str
) -> None:
    to = faulty_destination(victim("write", fault, at=AT, times=1))

    data = failure_of_the_victim(case, copied(case, evidence, to), evidence, to, 1)

    assert (data["error"], data["stage"]) == ("read-back-differs", "read-back")
    assert [path.name.startswith("victim.custody-bad-") for path in (to / "source/m").iterdir()] == [True]


def test_a_medium_of_counterfeit_capacity_is_found_by_the_final_pass(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination({"call": "write", "path": "/source/z/.custody-*", "fault": "wrap"})
    ended = copied(case, evidence, to, CUSTODY_FINAL_PASS="1", CUSTODY_WINDOW_FILES="1")

    said = outcomes(case)
    assert ended.code == 1
    assert said[b"source/a/before"].event == "CopyRefuted"
    assert said[VICTIM].verified
    assert case("audit").code == 0
    assert [failure["path"] for failure in ended.result["failures"]] == ["source/a/before"]
    print("1 fault point, 0 false good")


@pytest.mark.parametrize("lacking", ["rename", "link"])
def test_one_way_to_publish_without_replacing_is_enough(
    case: CommandLine, evidence: Path, faulty_destination: Faulty, lacking: str
) -> None:
    to = faulty_destination({"call": lacking, "path": "*", "fault": "error", "errno": "EINVAL"})
    ended = copied(case, evidence, to)

    said = require_honest(case, ended, contents(evidence), to)
    assert ended.code == 0
    assert all(outcome.verified for outcome in said.values())


def test_without_any_way_to_publish_without_replacing_nothing_is_published(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    refused = {"path": "*", "fault": "error"}
    to = faulty_destination(
        {"call": "rename", "errno": "EINVAL", **refused}, {"call": "link", "errno": "EPERM", **refused}
    )
    ended = copied(case, evidence, to)

    said = require_honest(case, ended, contents(evidence), to)
    assert ended.code == 3
    assert {outcome.event for outcome in said.values()} == {"FileFailed"}
    assert contents(to) == {}


def names_of_the_stalled(case: CommandLine) -> list[str]:
    """The temporary names that the ledger gives of the files on which a lane stalled."""
    recorded = entries(case)
    stalled = {one["stream"] for one in recorded if dict(one["data"]).get("error") == "stalled"}
    begun = (one for one in recorded if one["type"] == "FileCopying" and one["stream"] in stalled)
    return [dict(one["data"])["temporary"] for one in begun]


@contextlib.contextmanager
def killed_at_last(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.kill()


def test_a_write_that_hangs_for_ever_is_given_up_and_holds_nobody_who_comes_later(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination(victim("write", "hang", at=AT))
    impatient = {**ONE_TRY, "CUSTODY_STALL_TIMEOUT_SECONDS": "1.5"}
    with killed_at_last(case.start(*copying(evidence, to), **impatient)) as process:
        ended = ending(process, seconds=12)
    said = require_honest(case, ended, contents(evidence), to, left=names_of_the_stalled(case))

    assert (ended.code, said[VICTIM].error) == (3, "stalled")
    retrying = case.start("batch", "retry", ended.result["batch"], "--json", **impatient)
    with killed_at_last(retrying) as process:
        again = ending(process, seconds=12)
    assert again.code == 20, again.err
    assert "the destination hangs" in again.err


def test_a_person_can_stop_a_run_whose_write_hangs_for_ever(
    case: CommandLine, evidence: Path, faulty_destination: Faulty
) -> None:
    to = faulty_destination(victim("write", "hang", at=AT))
    process = case.start(*copying(evidence, to), **ONE_TRY, CUSTODY_WINDOW_FILES="1")
    with killed_at_last(process):
        until_verified(process)
        process.send_signal(signal.SIGINT)
        ended = ending(process, seconds=4)

    require_honest(case, ended, contents(evidence), to)
    assert ended.code == 130, ended.err


def test_names_that_a_file_system_folds_together_or_cannot_hold_fail_by_name(
    case: CommandLine, faulty_destination: Faulty
) -> None:
    source = case.home / "source"
    source.mkdir()
    for name in ("Same", "same", "sAME", "fine", "what?"):
        (source / name).write_bytes(name.encode())
    to = faulty_destination(
        {"call": "fold", "path": "", "fault": ""},
        {"call": "name", "path": "*/what[?]", "fault": "error", "errno": "EINVAL"},
    )
    ended = copied(case, source, to)

    said = require_honest(case, ended, contents(source), to)
    assert ended.code == 3
    twins = [said[b"source/" + name] for name in (b"Same", b"same", b"sAME")]
    assert sorted(one.error for one in twins) == ["", "collision", "collision"]
    assert said[b"source/fine"].verified
    assert not said[b"source/what?"].verified


def test_a_folder_exchanged_for_a_link_under_way_is_not_written_through(
    case: CommandLine, evidence: Path, faulty_source: Faulty
) -> None:
    before, to = contents(evidence), case.home / "to"
    first = {"call": "read", "path": "/source/a/before", "fault": "do", "act": "swap", "times": 1}
    source = faulty_source({**first, "target": str(to / "source/m")})
    ended = copied(case, source, to)

    said = require_honest(case, ended, before, to)
    assert ended.code not in {0, 70}
    assert not said[VICTIM].verified
    assert list((to / "source/moved away").iterdir()) == []
