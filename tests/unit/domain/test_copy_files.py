"""The copying of a job's files: order of claims, retries, lost lanes, destinations that fail."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from custody.domain.copying.orders import Operation, Request, Window
from custody.domain.copying.reports import Began, Flushed, ReadBack, Report
from custody.domain.events import (
    FileCopying,
    FileFailed,
    FileFsynced,
    FileResumed,
    FileSkipped,
    FileVerified,
    JobCompleted,
    JobFailed,
    MetadataLost,
)
from custody.domain.identifiers import JobId, transfer_id
from custody.domain.paths import RawPath
from custody.domain.use_cases.batches.run_batch import retry
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench, sha256, tree


def job_of(bench: Workbench) -> JobId:
    """The job that was queued last, whatever its plan."""
    return bench.ledger.read_model.jobs(bench.ledger.read_model.batches()[0].batch)[-1].id


def lifes(bench: Workbench, path: bytes) -> list[str]:
    row = bench.row(path)
    return [type(one.event).__name__ for one in bench.recorded() if one.stream.id == row.id]


def test_a_copied_file_is_claimed_step_by_step_and_with_the_digest_of_its_source(bench: Workbench) -> None:
    bench.write("a", b"evidence")
    bench.run()
    assert lifes(bench, b"source/a") == [
        "FileQueued", "FileCopying", "FileFsynced", "FileVerified", "CopyReverified",
    ]  # fmt: skip
    (verified,) = bench.events(FileVerified)
    assert (verified.size, verified.digests) == (8, {"sha256": sha256(b"evidence")})
    assert tree(bench.destination / "source") == tree(bench.source)


def test_the_claim_of_copying_is_durable_before_the_lane_is_asked(bench: Workbench) -> None:
    bench.write("a")
    states = []

    def look(report: Report) -> None:
        if isinstance(report, Began):
            states.append(bench.row(b"source/a").state)

    bench.hook = look
    bench.run()
    assert states[0] == "copying"


def test_files_are_handed_over_in_windows_of_the_set_number(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=2, sample_files=1)
    for name in "abcde":
        bench.write(name)
    bench.run()
    windows = [len(request.items) for request in bench.lane.requests if hasattr(request, "items")]
    assert windows[:3] == [2, 2, 1]


def test_files_are_handed_over_in_windows_of_the_set_size(bench: Workbench) -> None:
    bench.settings = RunSettings(window_bytes=10, sample_files=1)
    for name, size in (("a", 6), ("b", 4), ("c", 20), ("d", 1)):
        bench.write(name, b"x" * size)
    bench.run()
    windows = [len(request.items) for request in bench.lane.requests if hasattr(request, "items")]
    assert windows[:3] == [2, 1, 1]


def test_an_equal_file_that_stands_there_is_compared_and_not_claimed_as_copied(bench: Workbench) -> None:
    bench.write("a", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"same")
    assert bench.run().status == "completed"
    (skipped,) = bench.events(FileSkipped)
    assert (skipped.reason, skipped.digests, skipped.cites) == (
        "already-present", {"sha256": sha256(b"same")}, None,
    )  # fmt: skip
    assert not bench.events(FileCopying, FileFsynced, FileVerified)


def test_a_different_file_that_stands_there_is_never_touched(bench: Workbench) -> None:
    bench.write("a", b"evidence")
    bench.write("b", b"other")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"precious")
    result = bench.run()
    assert (result.status, result.files.verified, result.files.failed) == ("incomplete", 1, 1)
    assert [(item.path, item.error) for item in result.failures] == [(b"source/a", "collision")]
    assert (bench.destination / "source/a").read_bytes() == b"precious"


def test_a_transient_error_of_the_source_is_tried_again(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("bad")
    bench.write("good")
    calls.trouble = failing("readv", [b"bad"], errno.EIO, times=2)
    result = bench.run()
    assert (result.status, result.files.verified) == ("completed", 2)
    assert [one.attempt for one in bench.events(FileFailed)] == [1, 2]
    assert [one.attempt for one in bench.events(FileFsynced)] == [1, 3]


def test_a_lasting_error_of_the_source_fails_the_file_after_the_set_retries(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.settings = RunSettings(retries=1)
    bench.write("bad")
    bench.write("good")
    calls.trouble = failing("readv", [b"bad"], errno.EIO)
    result = bench.run()
    assert (result.status, result.files.verified, result.files.failed) == ("incomplete", 1, 1)
    (failure,) = result.failures
    assert (failure.stage, failure.error, failure.errno, failure.attempt) == (
        "read",
        "io-error",
        errno.EIO,
        2,
    )


def test_the_pause_before_each_retry_doubles(bench: Workbench, calls: FaultyCalls) -> None:
    bench.settings = RunSettings(retries=3, retry_pause_seconds=10.0)
    bench.write("bad")
    calls.trouble = failing("readv", [b"bad"], errno.EIO)
    began = bench.clock.seconds
    bench.run()
    assert 70 <= bench.clock.seconds - began < 75


def test_comparing_with_a_file_that_stands_there_is_not_tried_for_ever(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("bad", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/bad").write_bytes(b"same")
    calls.trouble = failing("readv", [b"bad"], errno.EIO, times=50)
    assert bench.run().status == "incomplete"
    assert [one.attempt for one in bench.events(FileFailed)] == [1, 2, 3]


def test_an_equal_file_is_not_claimed_as_copied_after_a_retry_either(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("bad", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/bad").write_bytes(b"same")
    calls.trouble = failing("readv", [b"bad"], errno.EIO, times=1)
    assert bench.run().status == "completed"
    assert [one.reason for one in bench.events(FileSkipped)] == ["already-present"]
    assert not bench.events(FileVerified)


def test_a_lane_that_dies_is_replaced_and_its_file_is_tried_again(bench: Workbench) -> None:
    for name in "abc":
        bench.write(name)

    def die(report: Report) -> None:
        if (
            isinstance(report, Began)
            and report.transfer == bench.row(b"source/b").id
            and not bench.lane.replaced
        ):
            bench.lane.dying = True

    bench.hook = die
    result = bench.run()
    assert (result.status, result.files.verified) == ("completed", 3)
    assert [(one.path, one.error) for one in bench.events(FileFailed)] == [(b"source/b", "lane-died")]
    assert tree(bench.destination / "source") == tree(bench.source)


def test_a_file_that_kills_every_lane_fails_and_the_others_are_copied(bench: Workbench) -> None:
    for name in "abc":
        bench.write(name)

    def die(report: Report) -> None:
        if isinstance(report, Began) and report.transfer == bench.row(b"source/b").id:
            bench.lane.dying = True

    bench.hook = die
    result = bench.run()
    assert (result.status, result.files.verified, result.files.failed) == ("incomplete", 2, 1)


def stall_on(bench: Workbench, path: bytes, kind: type[Report]) -> None:
    def stall(report: Report) -> None:
        if isinstance(report, kind) and report.transfer == transfer_id(job_of(bench), path):
            bench.lane.silent = True

    bench.hook = stall


def test_what_waits_for_a_retry_is_tried_again_after_a_lost_lane(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.settings = RunSettings(window_files=1, retry_pause_seconds=0.0)
    names = "abcdef"
    for name in names:
        bench.write(name)
    calls.trouble = failing("readv", [name.encode() for name in names], errno.EIO, times=1)
    begun = []

    def die(report: Report) -> None:
        if isinstance(report, Began):
            begun.append(report.transfer)
            bench.lane.dying = len(begun) == len(names) + 1  # the first of the retries

    bench.hook = die
    result = bench.run()
    assert (result.status, result.files.verified, result.files.failed) == ("completed", 6, 0)
    assert bench.lane.replaced == 1


def test_what_waits_for_a_retry_when_the_destination_fails_counts_as_failed(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.settings = RunSettings(window_files=1, retry_pause_seconds=0.0)
    names = [f"{number}" for number in range(12)]
    for name in names:
        bench.write(f"one/{name}")
    bench.write("two/a")
    source = failing("readv", [name.encode() for name in names], errno.EIO, times=1)

    def trouble(call: str, name: bytes) -> int | None:
        full = call == "write" and len(bench.events(FileFailed)) == len(names)
        return errno.ENOSPC if full else source(call, name)

    calls.trouble = trouble
    one = bench.job("one", sources=[bench.source / "one"])
    two = bench.job("two", sources=[bench.source / "two"], to=bench.folder / "elsewhere")
    result = bench.run(bench.plan(one, two, permille=500))
    assert [job.reason for job in result.jobs] == ["No space left on device", "too many files failed"]
    assert result.files.verified == 0  # twelve of twelve are over the threshold before the second job begins


def test_a_file_that_hangs_is_given_up_and_the_others_are_copied(bench: Workbench) -> None:
    bench.settings = RunSettings(stall_timeout_seconds=30.0)
    for name in "abc":
        bench.write(name)
    stall_on(bench, b"source/b", Began)
    result = bench.run()
    assert (result.status, result.files.verified) == ("incomplete", 2)
    (failure,) = result.failures
    assert (failure.path, failure.stage, failure.error) == (b"source/b", "read", "stalled")
    assert "30 s" in failure.message
    assert sorted(os.listdir(bench.destination / "source")) == ["a", "c"]


def test_a_temporary_file_that_the_kernel_holds_keeps_neither_this_run_nor_a_later_one_waiting(
    bench: Workbench,
) -> None:
    for name in "abc":
        bench.write(name)
    plan, submit, held = bench.plan(), bench.lane.submit, []

    def stall(report: Report) -> None:
        if isinstance(report, Began) and report.transfer == transfer_id(job_of(bench), b"source/b"):
            held.append(bench.destination / "source" / os.fsdecode(bench.row(b"source/b").temporary or b""))
            held[0].touch()
            bench.lane.silent = True

    def hold(request: Request) -> None:
        submit(request)
        tried = (Operation.TRY_TEMPORARY, b"source/b")
        if isinstance(request, Window) and (request.items[0].operation, request.items[0].path) == tried:
            bench.lane.silent = True

    bench.hook, bench.lane.submit = stall, hold  # type: ignore[method-assign]  # until it answers again
    first = bench.run(plan)
    assert (first.status, first.files.verified, first.files.failed) == ("incomplete", 2, 1)
    assert any(held[0].name in note and "was left" in note for note in bench.progress.notes)
    assert [job.reason for job in first.jobs] == ["1 entries failed"]

    bench.hook = lambda report: None
    for again in (retry(bench.workshop(), plan.id), bench.run(plan)):
        assert (again.status, held[0].exists()) == ("halted", True)
        assert f"the destination hangs: {held[0]} does not answer" in (again.halt_reason or "")

    bench.lane.submit = submit  # type: ignore[method-assign]
    assert retry(bench.workshop(), plan.id).status == "completed"
    assert not held[0].exists()


def test_a_lane_that_hung_on_a_new_run_is_asked_again_before_anything_is_listed(bench: Workbench) -> None:
    bench.write("a")
    plan = bench.plan()
    stall_on(bench, b"source/a", Began)
    bench.run(plan)
    bench.hook = lambda report: None
    before = len(bench.lane.requests)
    bench.run(plan)
    asked = [request for request in bench.lane.requests[before:] if isinstance(request, Window)]

    assert asked[0].items[0].operation is Operation.TRY_TEMPORARY
    assert bench.lane.requests[before] is asked[0]


def test_many_files_that_hang_in_one_window_do_not_keep_the_others_from_being_copied(
    bench: Workbench,
) -> None:
    for name in "abcdefg":
        bench.write(name)

    def stall(report: Report) -> None:
        hanging = [transfer_id(job_of(bench), b"source/" + name) for name in (b"a", b"b", b"c", b"d", b"e")]
        if isinstance(report, Began) and report.transfer in hanging:
            bench.lane.silent = True

    bench.hook = stall
    result = bench.run()
    assert (result.status, result.files.verified, result.files.failed) == ("incomplete", 2, 5)


def test_what_the_lane_said_as_it_died_is_in_the_record(bench: Workbench) -> None:
    bench.write("a")
    bench.lane.last_words = "Traceback\n" + "x" * 9000 + "\nMemoryError: no \x1b[2Jbuffer\n"

    def die(report: Report) -> None:
        bench.lane.dying = isinstance(report, Began) and not bench.lane.replaced

    bench.hook = die
    assert bench.run().status == "completed"
    (failed,) = bench.events(FileFailed)
    assert failed.message.startswith("the copying process died while it worked on this file: ")
    assert failed.message.endswith("x\\x0aMemoryError: no \\x1b[2Jbuffer")
    assert len(failed.message) < 600


def test_a_temporary_file_that_could_not_be_removed_is_removed_before_the_next_attempt(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("a")
    source, temporary = failing("readv", [b"a"], errno.EIO, times=1), iter([errno.EBUSY])

    def trouble(call: str, name: bytes) -> int | None:
        if call == "unlink" and name.endswith(b".1.part"):
            return next(temporary, None)
        return source(call, name)

    calls.trouble = trouble
    assert bench.run().status == "completed"
    assert next(temporary, None) is None
    assert os.listdir(bench.destination / "source") == ["a"]


def test_a_strangers_file_that_came_first_is_not_signed_as_our_copy_afterwards(bench: Workbench) -> None:
    bench.write("a", b"same")

    def come_first(report: Report) -> None:
        if isinstance(report, Began):
            (bench.destination / "source/a").write_bytes(b"same")

    bench.hook = come_first
    plan = bench.plan()
    assert bench.run(plan).failures[0].error == "collision"
    bench.hook = lambda report: None
    assert retry(bench.workshop(), plan.id).status == "completed"
    assert [one.reason for one in bench.events(FileSkipped)] == ["already-present"]
    assert not bench.events(FileVerified)


def test_our_copy_that_could_not_be_looked_at_once_is_still_ours(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("a")

    def close_the_door(report: Report) -> None:
        if isinstance(report, Flushed) and not bench.events(FileFailed):
            calls.trouble = failing("open", [b"a"], errno.EMFILE, times=1)

    bench.hook = close_the_door
    assert bench.run().status == "completed"
    assert lifes(bench, b"source/a")[:7] == [
        "FileQueued", "FileCopying", "FileFsynced", "FileFailed", "FileResumed", "FileFsynced",
        "FileVerified",
    ]  # fmt: skip
    assert [one.found for one in bench.events(FileResumed)] == ["published"]


def test_deaths_of_the_process_do_not_use_up_the_retries(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("a")

    def die(report: Report) -> None:
        if isinstance(report, Began):
            raise KeyboardInterrupt

    bench.hook = die
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            bench.run()
        bench.lane.replace()
    bench.hook = lambda report: None
    calls.trouble = failing("readv", [b"a"], errno.EIO, times=2)
    assert bench.run().status == "completed"


@pytest.mark.parametrize(("code", "status"), [(errno.EIO, "halted"), (errno.EACCES, "incomplete")])
def test_a_temporary_file_that_cannot_be_removed_halts_the_job_if_the_disk_is_to_blame(
    bench: Workbench, calls: FaultyCalls, code: int, status: str
) -> None:
    bench.write("a")
    stall_on(bench, b"source/a", Began)
    calls.trouble = lambda call, name: code if call == "unlink" and name.endswith(b".part") else None
    result = bench.run()
    assert (result.status, result.failures[0].error) == (status, "stalled")


def test_comparing_with_a_file_that_stands_there_may_hang_as_well(bench: Workbench) -> None:
    bench.write("a", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"same")
    stall_on(bench, b"source/a", Began)
    (failure,) = bench.run().failures
    assert (failure.stage, failure.error) == ("read", "stalled")
    assert (bench.destination / "source/a").read_bytes() == b"same"


def test_one_file_that_hangs_first_does_not_stop_a_batch_with_a_threshold(bench: Workbench) -> None:
    for name in "abc":
        bench.write(name)
    stall_on(bench, b"source/a", Began)
    result = bench.run(bench.plan(permille=500))
    assert (result.status, result.files.verified) == ("incomplete", 2)


def test_a_copy_whose_read_back_hangs_is_said_to_have_failed_there(bench: Workbench) -> None:
    bench.write("a")
    stall_on(bench, b"source/a", Flushed)
    (failure,) = bench.run().failures
    assert (failure.stage, failure.error) == ("read-back", "stalled")


def test_a_copy_that_was_flushed_when_the_lane_died_is_only_read_back(bench: Workbench) -> None:
    bench.write("a")
    bench.write("b")

    def die(report: Report) -> None:
        if isinstance(report, ReadBack) and report.transfer == bench.row(b"source/a").id:
            bench.lane.dying = not bench.lane.replaced

    bench.hook = die
    assert bench.run().status == "completed"
    assert lifes(bench, b"source/b")[:4] == ["FileQueued", "FileCopying", "FileFsynced", "FileVerified"]


def test_a_full_destination_halts_its_job_and_not_that_of_another(
    bench: Workbench, calls: FaultyCalls, tmp_path: Path
) -> None:
    bench.write("a/full")
    bench.write("b/fine")
    first = bench.job("full", to=tmp_path / "one", sources=[bench.source / "a"])
    second = bench.job("fine", to=tmp_path / "two", sources=[bench.source / "b"])
    calls.trouble = lambda call, name: (
        errno.ENOSPC
        if call == "write" and name.startswith(b".custody") and (not (tmp_path / "two").exists())
        else None
    )
    result = bench.run(bench.plan(first, second))
    assert result.status == "halted"
    assert result.halt_reason == os.strerror(errno.ENOSPC)
    assert [job.state for job in result.jobs] == ["failed", "completed"]
    assert not list((tmp_path / "one").rglob("*.part"))


def test_one_io_error_of_the_destination_fails_a_file_and_the_second_halts_the_job(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.settings = RunSettings(retries=0, window_files=1)
    for name in "abcd":
        bench.write(name)
    troubles = iter([errno.EIO, errno.EIO])
    calls.trouble = lambda call, name: next(troubles, None) if call == "write" else None
    result = bench.run()
    assert result.status == "halted"
    assert result.files.failed == 2
    assert [one.reason for one in bench.events(JobFailed)] == [os.strerror(errno.EIO)]


def test_one_io_error_of_the_destination_alone_halts_nothing(bench: Workbench, calls: FaultyCalls) -> None:
    for name in "abcd":
        bench.write(name)
    troubles = iter([errno.EIO])
    calls.trouble = lambda call, name: next(troubles, None) if call == "write" else None
    assert bench.run().status == "completed"
    assert bench.events(JobCompleted)


def test_a_bad_read_back_refutes_the_run_and_leaves_no_copy_under_the_name(bench: Workbench) -> None:
    bench.write("a", b"evidence")

    def spoil(report: Report) -> None:
        if isinstance(report, Began):
            return
        copy = bench.destination / "source/a"
        if isinstance(report, Flushed):
            copy.write_bytes(b"EVIDENCE")

    bench.hook = spoil
    result = bench.run()
    assert result.refuted
    assert result.status == "incomplete"
    (failed,) = bench.events(FileFailed)
    assert (failed.stage, failed.error) == ("read-back", "read-back-differs")
    assert not (bench.destination / "source/a").exists()
    assert (bench.destination / os.fsdecode(failed.moved_to or RawPath(b""))).read_bytes() == b"EVIDENCE"


def test_a_file_below_what_is_no_folder_at_the_destination_fails_alone(bench: Workbench) -> None:
    bench.write("d/a")
    bench.write("e")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/d").write_bytes(b"a file where a folder should be")
    result = bench.run()
    assert (result.status, result.files.verified) == ("incomplete", 1)
    assert [(one.path, one.error) for one in result.failures] == [
        (b"source/d", "collision"), (b"source/d/a", "unsafe-path"),
    ]  # fmt: skip


def test_attributes_that_a_copy_could_not_keep_are_recorded_before_its_claim_and_counted(
    bench: Workbench, calls: FaultyCalls
) -> None:
    file = bench.write("a")
    names = sorted(f"user.{number:02}" for number in range(20))
    try:
        for name in names:
            os.setxattr(file, name, b"value")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    calls.trouble = lambda call, name: errno.EOPNOTSUPP if call == "setxattr" else None

    result = bench.run()

    lost, *others = bench.events(MetadataLost)
    assert not others
    assert (lost.path, lost.run, lost.count, lost.attributes) == (b"source/a", 1, 20, tuple(names[:16]))
    kinds = [type(one) for one in bench.events(FileCopying, MetadataLost, FileFsynced, FileVerified)]
    assert kinds == [FileCopying, MetadataLost, FileFsynced, FileVerified]
    assert (result.status, result.metadata_lost) == ("completed", 1)


def test_attributes_lost_are_counted_once_for_a_file_and_also_when_the_run_does_not_end_well(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.settings = RunSettings(retry_pause_seconds=0.0)
    try:
        os.setxattr(bench.write("a"), "user.comment", b"value")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    looks = failing("open", [b"a"], errno.EMFILE)

    def trouble(call: str, name: bytes) -> int | None:
        if call == "setxattr":
            return errno.EOPNOTSUPP
        return looks(call, name) if bench.events(FileFsynced) else None

    calls.trouble = trouble
    tried = []

    def stop_at_the_second_attempt(report: Report) -> None:
        tried.extend([report] if isinstance(report, Began) else [])
        bench.stop.signal = "SIGINT" if len(tried) > 1 else None

    bench.hook = stop_at_the_second_attempt
    result = bench.run()
    assert (result.status, result.metadata_lost) == ("paused", 1)


@pytest.mark.parametrize(("chosen", "said"), [(False, None), (True, 2)])
def test_a_second_reading_of_the_source_is_claimed_only_where_it_was_made(
    bench: Workbench, *, chosen: bool, said: int | None
) -> None:
    bench.write("a")
    bench.run(bench.plan(replace(bench.job(), read_source_twice=chosen)))
    assert [event.source_readings for event in bench.events(FileFsynced)] == [said]
