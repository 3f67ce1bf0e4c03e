"""Modes and times of folders: ours are made like their sources, those of others are left alone."""

import errno
import os
import struct
from pathlib import Path

import pytest

from custody.domain.copying.orders import Operation, Request, Window
from custody.domain.copying.reports import Began, Report
from custody.domain.events import MetadataLost
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


def with_attribute(folder: Path, name: str = "user.origin") -> None:
    try:
        os.setxattr(folder, name, b"camera")
    except OSError:
        pytest.skip("this file system keeps no attributes")


def access_list(*, named: int) -> bytes:
    """An access list as the kernel keeps it: the owner may nothing, one named user all."""
    nobody = 0xFFFFFFFF
    entries = [(1, 0, nobody), (2, 7, named), (4, 5, nobody), (16, 7, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def test_a_folder_made_here_gets_the_attributes_and_the_access_list_of_its_source(bench: Workbench) -> None:
    bench.write("d/e/a")
    with_attribute(bench.source / "d")
    source, copy = bench.source / "d", bench.destination / "source" / "d"
    try:
        os.setxattr(source, "system.posix_acl_access", access_list(named=4711))
    except OSError:
        pytest.skip("this file system keeps no access lists")
    result = bench.run()

    assert (result.status, result.metadata_lost) == ("completed", 0)
    assert os.getxattr(copy, "user.origin") == b"camera"
    kept = os.getxattr(copy, "system.posix_acl_access")
    assert struct.pack("<HHI", 2, 7, 4711) in kept
    assert (mode_of(copy), copy.stat().st_mtime_ns) == (0o470, source.stat().st_mtime_ns)


def test_a_folder_that_was_there_keeps_its_own_attributes(bench: Workbench) -> None:
    bench.write("d/a")
    with_attribute(bench.source / "d")
    (bench.destination / "source" / "d").mkdir(parents=True)

    assert bench.run().status == "completed"
    assert os.listxattr(bench.destination / "source" / "d") == []


def test_what_a_folder_could_not_keep_is_recorded_once_in_a_run(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("d/a")
    bench.write("d/b")
    with_attribute(bench.source / "d")
    denied = failing("open", [b"a"], errno.EACCES)
    calls.trouble = lambda call, name: errno.EOPNOTSUPP if call == "setxattr" else denied(call, name)
    plan = bench.plan()
    result = bench.run(plan)
    retry(bench.workshop(), plan.id)

    assert result.metadata_lost == 1
    (lost,) = bench.events(MetadataLost)
    assert (lost.path, lost.run, lost.attributes, lost.count) == (b"source/d", 1, ("user.origin",), 1)


@pytest.mark.parametrize("stalled", [True, False])
def test_a_lane_lost_over_a_folder_loses_its_attributes_and_nothing_else(
    bench: Workbench, stalled: bool
) -> None:
    bench.write("d/a")
    submit = bench.lane.submit

    def lose(request: Request) -> None:
        submit(request)
        if isinstance(request, Window) and request.items[0].operation is Operation.KEEP_ATTRIBUTES:
            bench.lane.silent, bench.lane.dying = stalled, not stalled

    bench.lane.submit = lose
    result = bench.run()

    assert (result.status, result.metadata_lost) == ("completed", 2)
    assert [one.reason for one in bench.events(MetadataLost)] == ["the folder did not answer"] * 2


def test_a_folder_whose_source_is_gone_is_said_to_have_lost_its_attributes(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("d/a")
    calls.trouble = lambda call, name: errno.EIO if call == "listxattr" else None

    assert bench.run().metadata_lost == 3
    assert {one.count for one in bench.events(MetadataLost)} == {0}
