"""Modes and times of folders: ours are made like their sources, those of others are left alone."""

import errno
import os
from pathlib import Path

import pytest

from custody.domain.copying import Began, Report
from custody.domain.use_cases.batches.run_batch import retry
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench, tree


def mode_of(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


def close_source(bench: Workbench, name: str) -> Path:
    (bench.source / name).chmod(0o555)
    return bench.destination / "source" / name


def test_a_folder_gets_mode_and_time_of_its_source(bench: Workbench) -> None:
    bench.write("d/a")
    copy = close_source(bench, "d")
    os.utime(bench.source / "d", ns=(1, 1_600_000_000_123_456_789))
    assert bench.run().status == "completed"
    assert (mode_of(copy), copy.stat().st_mtime_ns) == (0o555, 1_600_000_000_123_456_789)


def test_while_files_have_failed_the_owner_may_write_in_their_folder(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("d/a")
    bench.write("d/b")
    copy = close_source(bench, "d")
    calls.trouble = failing("open", [b"a"], errno.EACCES)
    plan = bench.plan()
    assert bench.run(plan).status == "incomplete"
    assert mode_of(copy) == 0o755
    assert copy.stat().st_mtime_ns == (bench.source / "d").stat().st_mtime_ns
    calls.trouble = lambda call, name: None
    assert retry(bench.workshop(), plan.id).status == "completed"
    assert mode_of(copy) == 0o555


def test_a_later_run_may_write_in_a_folder_that_was_finished_without_that_right(bench: Workbench) -> None:
    bench.write("d/a")
    copy = close_source(bench, "d")
    bench.run()
    bench.write("d/b")
    modes = []

    def look(report: Report) -> None:
        if isinstance(report, Began):
            modes.append(mode_of(copy))

    bench.hook = look
    assert bench.run().status == "completed"
    assert modes[0] == 0o755
    assert mode_of(copy) == 0o555
    assert tree(bench.destination / "source") == tree(bench.source)


def test_a_folder_in_which_others_keep_something_is_left_alone(bench: Workbench) -> None:
    bench.write("d/a")
    copy = close_source(bench, "d")
    copy.mkdir(parents=True, mode=0o750)
    (copy / "theirs").write_bytes(b"theirs")
    os.utime(bench.source / "d", (1_600_000_000, 1_600_000_000))
    assert bench.run().status == "completed"
    assert mode_of(copy) == 0o750
    assert copy.stat().st_mtime != 1_600_000_000


def test_a_folder_that_was_there_and_holds_only_copies_gets_its_time_and_keeps_its_mode(
    bench: Workbench,
) -> None:
    bench.write("d/a")
    copy = close_source(bench, "d")
    copy.mkdir(parents=True, mode=0o750)
    os.utime(bench.source / "d", (1_600_000_000, 1_600_000_000))
    assert bench.run().status == "completed"
    assert (mode_of(copy), copy.stat().st_mtime) == (0o750, 1_600_000_000)


@pytest.mark.parametrize(
    ("code", "status"), [(errno.EPERM, "completed"), (errno.EACCES, "completed"), (errno.EIO, "halted")]
)
def test_that_the_time_of_anothers_folder_may_not_be_set_is_no_failure_unless_the_disk_fails(
    bench: Workbench, calls: FaultyCalls, code: int, status: str
) -> None:
    bench.write("a")
    (bench.destination / "source").mkdir(parents=True)

    def forbid(call: str, name: bytes) -> int | None:
        return code if call == "utime" and bench.row(b"source/a").state == "verified" else None

    calls.trouble = forbid
    assert bench.run().status == status
    assert any("was not set" in note for note in bench.progress.notes) is (status == "completed")
