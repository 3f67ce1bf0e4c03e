"""Running a batch: queue, run, resume, retry, and how each run is said to have ended."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from custody.cli.render import batch_answer
from custody.domain.copying.orders import Operation, Window
from custody.domain.copying.reports import Began, Flushed, Listed, ReadBack, Report
from custody.domain.errors import Busy, LedgerFailed, NotFound
from custody.domain.events import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    CaseOpened,
    CopyRefuted,
    CopyReverified,
    ExhibitRegistered,
    FileFailed,
    FileResumed,
    FileSkipped,
    FileVerified,
    InventoryTaken,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobResumed,
    JobStarted,
)
from custody.domain.paths import RawPath
from custody.domain.ports import Destination, LaneDied
from custody.domain.use_cases.batches import batch_results, final_pass
from custody.domain.use_cases.batches.batch_results import failures_of
from custody.domain.use_cases.batches.queue_batch import Instruction, plan_of
from custody.domain.use_cases.batches.run_batch import resume, retry, start
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench, sha256, tree


def stop_after(bench: Workbench, kind: type[Report], count: int, signal: str = "SIGINT") -> None:
    heard = []

    def ask(report: Report) -> None:
        if isinstance(report, kind):
            heard.append(report)
            if len(heard) == count:
                bench.stop.signal = signal

    bench.hook = ask


def kill_at(bench: Workbench, kind: type[Report]) -> None:
    """Run until the lane says something, then end without a word."""

    def die(report: Report) -> None:
        if isinstance(report, kind):
            raise KeyboardInterrupt

    bench.hook = die
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    go_on(bench)
    bench.lane.replace()


def go_on(bench: Workbench) -> None:
    bench.stop.signal = None
    bench.hook = lambda report: None


def test_a_new_plan_is_queued_with_its_jobs_its_case_and_its_exhibit(bench: Workbench) -> None:
    bench.write("a")
    plan = bench.plan()
    instruction = Instruction(RawPath(b"/home/x/batch.toml"), b"[batch]")
    start(bench.workshop(), plan, instruction=instruction)
    (queued,) = bench.events(BatchQueued)
    assert (queued.batch, queued.jobs, queued.instruction) == (plan.id, 1, b"/home/x/batch.toml")
    assert bench.ledger.reader.document(queued.instruction_sha256) == b"[batch]"
    assert bench.events(CaseOpened) == [CaseOpened(case_number="2026-0147")]
    assert bench.events(ExhibitRegistered) == [ExhibitRegistered(case_number="2026-0147", exhibit="A-001")]
    (batch,) = bench.ledger.read_model.batches()
    assert plan_of(bench.ledger.reader, batch) == plan


def test_a_case_and_an_exhibit_are_registered_once_in_a_ledger(bench: Workbench, tmp_path: Path) -> None:
    bench.write("a")
    jobs = [bench.job("one", to=tmp_path / "1"), bench.job("two", to=tmp_path / "2")]
    bench.run(bench.plan(*jobs))
    bench.run(bench.plan(bench.job("three", to=tmp_path / "3")))
    assert len(bench.events(CaseOpened)) == len(bench.events(ExhibitRegistered)) == 1


def test_a_job_without_an_exhibit_registers_none(bench: Workbench) -> None:
    bench.write("a")
    bench.run(bench.plan(replace(bench.job(), exhibit=None)))
    assert not bench.events(ExhibitRegistered)


def test_a_job_of_very_many_sources_is_queued_with_the_first_of_them(bench: Workbench) -> None:
    sources = [bench.write(f"file-{number:04}") for number in range(150)]
    bench.run(bench.plan(bench.job(sources=sources)))
    (queued,) = bench.events(JobQueued)
    assert queued.source_count == 150
    assert 10 < len(queued.sources) <= 100
    assert [os.fsdecode(source) for source in queued.sources] == [
        str(source) for source in sorted(sources)[: len(queued.sources)]
    ]


def test_sources_with_long_strange_names_do_not_burst_the_entry(bench: Workbench) -> None:
    names = [b"\xff" * 250 + b"%05d" % number for number in range(100)]
    for name in names:
        with open(os.fsencode(bench.source) + b"/" + name, "wb") as file:
            file.write(name)
    sources = [Path(os.fsdecode(os.fsencode(bench.source) + b"/" + name)) for name in names]
    result = bench.run(bench.plan(bench.job(sources=sources)))
    assert (result.status, result.files.verified) == ("completed", 100)
    (queued,) = bench.events(JobQueued)
    assert 0 < len(queued.sources) < queued.source_count == 100


def test_a_run_says_what_it_did(bench: Workbench) -> None:
    bench.write("a", b"12345")
    bench.write("b", b"123")
    os.mkfifo(bench.source / "pipe")
    result = bench.run()
    assert (result.run, result.status, result.refuted, result.signal) == (1, "completed", False, None)
    assert (result.files.queued, result.files.verified, result.files.special, result.bytes) == (2, 2, 1, 8)
    (completed,) = bench.events(BatchCompleted)
    assert (completed.queued, completed.verified, completed.special, completed.bytes) == (2, 2, 1, 8)
    assert not completed.incomplete
    assert [job.state for job in result.jobs] == ["completed"]


def test_the_same_plan_again_copies_nothing_and_cites_what_proved_it(bench: Workbench) -> None:
    bench.write("a")
    bench.run()
    before = tree(bench.destination)
    result = bench.run()
    assert (result.run, result.status, result.files.skipped) == (2, "completed", 1)
    (verified,) = [one for one in bench.recorded() if isinstance(one.event, FileVerified)]
    (skipped,) = bench.events(FileSkipped)
    assert (skipped.reason, skipped.cites) == ("verified-before", verified.position)
    assert tree(bench.destination) == before


def test_another_plan_of_the_same_files_skips_what_this_ledger_proved(bench: Workbench) -> None:
    bench.write("a")
    bench.run()
    result = bench.run(bench.plan(bench.job("another name")))
    assert (result.run, result.files.skipped, result.files.verified) == (1, 1, 0)


def test_asking_for_another_algorithm_reads_the_copies_anew(bench: Workbench) -> None:
    bench.write("a")
    bench.run()
    result = bench.run(bench.plan(replace(bench.job(), algorithms=("md5", "sha256"))))
    assert result.status == "completed"
    (skipped,) = bench.events(FileSkipped)
    assert (skipped.reason, sorted(skipped.digests)) == ("already-present", ["md5", "sha256"])


def test_a_later_run_copies_what_is_new_and_what_was_deleted(bench: Workbench) -> None:
    bench.write("a")
    bench.write("b")
    bench.run()
    (bench.destination / "source/a").unlink()
    bench.write("c")
    result = bench.run()
    assert (result.status, result.files.verified, result.files.skipped) == ("completed", 2, 1)
    assert tree(bench.destination / "source") == tree(bench.source)


def test_a_later_run_refuses_to_overwrite_the_copy_of_a_source_that_changed(bench: Workbench) -> None:
    bench.write("a", b"first")
    bench.run()
    bench.write("a", b"second", mtime=1_700_000_100)
    result = bench.run()
    assert (result.status, result.files.failed) == ("incomplete", 1)
    assert result.failures[0].error == "collision"
    assert (bench.destination / "source/a").read_bytes() == b"first"


def test_a_changed_source_is_never_skipped_on_the_proof_of_its_former_content(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("a", b"first!")
    bench.run()
    (bench.destination / "source/a").unlink()
    bench.write("a", b"second", mtime=1_700_000_100)
    kill_at(bench, Began)
    (bench.destination / "source/a").write_bytes(b"SECOND")
    os.utime(bench.destination / "source/a", (1_700_000_100, 1_700_000_100))
    result = bench.run(bench.plan(bench.job("another")))
    assert result.files.skipped == 0
    assert result.failures[0].error == "collision"


@pytest.mark.parametrize(("kind", "count"), [(Listed, 1), (Began, 2), (Flushed, 1), (ReadBack, 1)])
@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_a_paused_run_goes_on_where_it_was(
    bench: Workbench, kind: type[Report], count: int, signal: str
) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in "abcd":
        bench.write(name)
    stop_after(bench, kind, count, signal)
    paused = bench.run()
    assert (paused.status, paused.signal) == ("paused", signal)
    assert [one.reason for one in bench.events(BatchPaused)] == [signal]
    go_on(bench)
    result = resume(bench.workshop(), bench.last_batch)
    assert (result.run, result.status, result.files.verified) == (1, "completed", 4)
    assert bench.events(BatchResumed)[0].ended == "paused"
    assert len(bench.events(BatchStarted)) == len(bench.events(InventoryTaken)) == 1
    assert tree(bench.destination / "source") == tree(bench.source)


def test_the_same_plan_resumes_an_unfinished_batch(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in "abc":
        bench.write(name)
    stop_after(bench, ReadBack, 1)
    bench.run()
    go_on(bench)
    result = bench.run()
    assert (result.run, result.status) == (1, "completed")
    (resumed,) = bench.events(BatchResumed)
    assert resumed.verified >= 1
    assert resumed.verified + resumed.fsynced + resumed.copying + resumed.queued == 3


def test_a_lane_that_stays_silent_after_a_request_to_stop_is_left_behind(bench: Workbench) -> None:
    bench.write("a")

    def hang(report: Report) -> None:
        if isinstance(report, Began):
            bench.stop.signal = "SIGTERM"
            bench.lane.silent = True

    bench.hook = hang
    began = bench.clock.seconds
    assert bench.run().status == "paused"
    assert bench.clock.seconds - began < 5
    assert bench.lane.replaced == 1
    go_on(bench)
    result = resume(bench.workshop(), bench.last_batch)
    assert result.status == "completed"
    assert [one.found for one in bench.events(FileResumed)] == ["nothing"]
    assert os.listdir(bench.destination / "source") == ["a"]


def test_what_a_dead_process_left_is_taken_up(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in "abc":
        bench.write(name)
    stop_after(bench, Flushed, 1)
    bench.run()
    go_on(bench)
    row = next(
        one for one in map(bench.row, (b"source/a", b"source/b", b"source/c")) if one.state == "queued"
    )
    # As after a kill: FileCopying is durable, a part of the temporary file lies there.
    from custody.domain.events import FileCopying
    from custody.domain.identifiers import Stream
    from custody.domain.ports import Recording

    temporary = RawPath(b".custody-" + row.id.hex[:16].encode() + b".1.part")
    claim = FileCopying(attempt=1, temporary=temporary)
    bench.ledger.append([Recording(Stream("file", row.id), row.revision + 1, claim)])
    (bench.destination / "source" / temporary.decode()).write_bytes(b"torn")
    result = resume(bench.workshop(), bench.last_batch)
    assert result.status == "completed"
    assert [one.found for one in bench.events(FileResumed)] == ["temporary"]
    assert tree(bench.destination / "source") == tree(bench.source)


@pytest.mark.parametrize(("restarted", "ended"), [(False, "killed"), (True, "restarted")])
def test_a_run_that_ended_without_a_word_is_said_to_have_been_killed(
    bench: Workbench, restarted: bool, ended: str
) -> None:
    bench.write("a")

    kill_at(bench, Listed)
    bench.restarted = restarted
    assert bench.run().status == "completed"
    assert bench.events(BatchResumed)[0].ended == ended


def test_a_verified_copy_that_vanished_in_the_pause_is_copied_again(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in "abc":
        bench.write(name)
    stop_after(bench, ReadBack, 1)
    bench.run()
    go_on(bench)
    (bench.destination / "source/a").unlink()
    result = resume(bench.workshop(), bench.last_batch)
    assert (result.status, result.files.verified) == ("completed", 3)
    assert "missing" in [one.found for one in bench.events(FileResumed)]
    assert tree(bench.destination / "source") == tree(bench.source)


def test_a_verified_copy_that_was_changed_in_the_pause_is_reported_and_not_touched(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in "abc":
        bench.write(name)
    stop_after(bench, ReadBack, 1)
    bench.run()
    go_on(bench)
    (bench.destination / "source/a").write_bytes(b"changed")
    result = resume(bench.workshop(), bench.last_batch)
    assert (result.status, result.files.failed) == ("incomplete", 1)
    assert (result.failures[0].path, result.failures[0].error) == (b"source/a", "changed")
    assert (bench.destination / "source/a").read_bytes() == b"changed"


def test_a_copy_made_anew_that_differs_is_put_aside_though_an_earlier_one_was_proved(
    bench: Workbench,
) -> None:
    bench.settings = RunSettings(window_files=1, sample_files=0)
    for name in "abc":
        bench.write(name)
    bench.run()
    copy = bench.destination / "source/a"
    copy.unlink()
    kill_at(bench, ReadBack)
    assert bench.row(b"source/a").state == "fsynced"
    copy.write_bytes(b"CONTENT")
    times = bench.row(b"source/a").mtime_ns
    os.utime(copy, ns=(times, times))
    result = resume(bench.workshop(), bench.last_batch)
    assert result.refuted
    (failed,) = bench.events(FileFailed)
    assert failed.moved_to is not None
    assert not copy.exists()


def test_a_verified_copy_that_cannot_be_looked_at_after_the_pause_is_reported(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in ("d/a", "e", "f"):
        bench.write(name)
    stop_after(bench, ReadBack, 1)
    bench.run()
    go_on(bench)
    (bench.destination / "source/d").rename(bench.folder / "elsewhere")
    (bench.destination / "source/d").write_bytes(b"no folder")
    result = resume(bench.workshop(), bench.last_batch)
    assert result.status == "incomplete"
    assert [(one.path, one.error) for one in result.failures if one.path == b"source/d/a"] == [
        (b"source/d/a", "copy-changed")
    ]


def test_a_skipped_copy_that_vanished_in_the_pause_is_not_passed_over(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    bench.write("a")
    bench.run()
    for name in "bcd":
        bench.write(name)
    stop_after(bench, ReadBack, 1)
    bench.run()
    go_on(bench)
    (bench.destination / "source/a").unlink()
    result = resume(bench.workshop(), bench.last_batch)
    assert (result.status, result.files.failed) == ("incomplete", 1)
    assert (result.failures[0].path, result.failures[0].error) == (b"source/a", "copy-missing")
    assert bench.run().status == "completed"
    assert tree(bench.destination / "source") == tree(bench.source)


def test_an_equal_file_of_others_is_still_good_after_a_pause(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    for name in "abcd":
        bench.write(name)
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"content")
    stop_after(bench, ReadBack, 1)
    bench.run()
    assert bench.row(b"source/a").state == "skipped"
    go_on(bench)
    assert resume(bench.workshop(), bench.last_batch).status == "completed"


def test_an_unfinished_file_whose_folder_became_a_file_fails_alone(bench: Workbench) -> None:
    bench.write("d/a")
    bench.write("e")
    kill_at(bench, Began)
    shutil.rmtree(bench.destination / "source/d")
    (bench.destination / "source/d").write_bytes(b"no folder")
    result = bench.run()
    assert (result.status, result.files.verified) == ("incomplete", 1)
    assert [(one.path, one.error) for one in result.failures] == [(b"source/d/a", "unsafe-path")]


def test_a_job_that_was_completed_before_the_pause_is_not_worked_on_again(
    bench: Workbench, tmp_path: Path
) -> None:
    bench.write("a")
    plan = bench.plan(bench.job("one", to=tmp_path / "1"), bench.job("two", to=tmp_path / "2"))

    def stop_in_the_second(report: Report) -> None:
        if bench.events(JobCompleted):
            bench.stop.signal = "SIGINT"

    bench.hook = stop_in_the_second
    assert bench.run(plan).status == "paused"
    go_on(bench)
    result = bench.run(plan)
    assert (result.status, result.files.verified) == ("completed", 2)
    assert [len(bench.events(kind)) for kind in (JobStarted, JobResumed, JobCompleted)] == [2, 1, 2]


def test_the_final_pass_reads_in_windows(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_pass, "_WINDOW_FILES", 2)
    for name in "abc":
        bench.write(name)
    bench.run()
    windows = [request.items for request in bench.lane.requests if isinstance(request, Window)]
    about_files = [items for items in windows if items[0].operation is not Operation.KEEP_ATTRIBUTES]
    assert [len(items) for items in about_files] == [3, 2, 1]


def test_what_was_tried_counts_files_alone_and_qualified_ones_with_them(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.settings = RunSettings(retries=0)
    bench.write("good")
    bench.write("bad")
    bench.write("d/x")
    calls.trouble = lambda call, name: (
        errno.EACCES
        if (call, name) == ("open", b"bad")
        else errno.EIO
        if (call, name) == ("list", b"d")
        else None
    )
    bench.run(bench.plan(permille=100))
    (stopped,) = bench.events(BatchStopped)
    assert (stopped.tried, stopped.failed) == (2, 1)  # the folder is no file


def test_too_many_failures_stop_the_batch_and_its_resumption_tries_them_again(
    bench: Workbench, calls: FaultyCalls, tmp_path: Path
) -> None:
    bench.settings = RunSettings(retries=0, window_files=1)
    names = [f"f{number:02}" for number in range(30)]
    for name in names:
        bench.write(name)
    calls.trouble = failing("open", [name.encode() for name in names], errno.EACCES)
    jobs = [bench.job("one", to=tmp_path / "1"), bench.job("two", to=tmp_path / "2")]
    plan = bench.plan(*jobs, permille=500)
    result = bench.run(plan)
    assert (result.status, result.jobs[1].state) == ("stopped", "queued")
    assert 10 <= result.files.failed < 30
    (stopped,) = bench.events(BatchStopped)
    assert (stopped.reason, stopped.failed) == ("too many files failed", result.files.failed)
    calls.trouble = lambda call, name: None
    result = resume(bench.workshop(), bench.last_batch)
    assert (result.run, result.status, result.files.verified) == (1, "completed", 60)


def test_an_incomplete_batch_is_run_anew(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("a")
    bench.write("b")
    calls.trouble = failing("open", [b"a"], errno.EACCES)
    assert bench.run().status == "incomplete"
    calls.trouble = lambda call, name: None
    result = resume(bench.workshop(), bench.last_batch)
    assert (result.run, result.status, result.files.verified, result.files.skipped) == (2, "completed", 1, 1)


def test_a_retry_takes_up_the_failed_files_and_only_those(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("a")
    bench.write("b")
    calls.trouble = failing("open", [b"a"], errno.EACCES)
    plan = bench.plan()
    bench.run(plan)
    calls.trouble = lambda call, name: None
    result = retry(bench.workshop(), plan.id)
    assert (result.run, result.status, result.files.verified) == (1, "completed", 2)
    assert [one.found for one in bench.events(FileResumed)] == ["failed"]
    assert len(bench.events(InventoryTaken)) == 1


def test_a_retry_lists_anew_what_could_not_be_listed(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("closed/a")
    bench.write("b")
    calls.trouble = failing("list", [b"closed"], errno.EACCES)
    plan = bench.plan()
    result = bench.run(plan)
    assert [(one.path, one.stage) for one in result.failures] == [(b"source/closed", "inventory")]
    calls.trouble = lambda call, name: None
    result = retry(bench.workshop(), plan.id)
    assert (result.status, result.files.verified) == ("completed", 2)
    assert tree(bench.destination / "source") == tree(bench.source)


def test_what_still_cannot_be_listed_stays_failed_in_a_retry(bench: Workbench, calls: FaultyCalls) -> None:
    (bench.source / "closed").mkdir()
    bench.write("b")
    plan = bench.plan()
    calls.trouble = lambda call, name: errno.EACCES if (call, name) == ("stat", b"b") else None
    first = bench.run(plan)
    assert [one.stage for one in first.failures] == ["inventory"]
    again = retry(bench.workshop(), plan.id)
    assert [(one.path, one.stage) for one in again.failures] == [(b"source/b", "inventory")]
    assert not bench.events(FileResumed)


@pytest.mark.parametrize("ask", [resume, retry])
def test_an_unknown_batch_is_not_found(bench: Workbench, ask: object) -> None:
    with pytest.raises(NotFound, match="no batch 'ffffffff'"):
        ask(bench.workshop(), "ffffffff")


def test_a_destination_that_is_busy_does_not_stop_the_other_jobs(bench: Workbench, tmp_path: Path) -> None:
    bench.write("a")
    held = bench.open_destination(RawPath(os.fsencode(tmp_path / "1")), create=True)
    jobs = [
        bench.job("one", to=tmp_path / "1"),
        bench.job("two", to=tmp_path / "1"),
        bench.job("three", to=tmp_path / "3"),
    ]
    result = bench.run(bench.plan(*jobs))
    held.close()
    assert (result.status, result.obstacle) == ("incomplete", "busy")
    assert "another process" in (result.halt_reason or "")
    assert [job.state for job in result.jobs] == ["failed", "failed", "completed"]
    assert [one.reason for one in bench.events(JobFailed)] == [result.halt_reason] * 2


def test_a_busy_destination_beside_other_trouble_is_not_all_that_was_wrong(
    bench: Workbench, calls: FaultyCalls, tmp_path: Path
) -> None:
    bench.write("a")
    calls.trouble = failing("open", [b"a"], errno.EACCES)
    held = bench.open_destination(RawPath(os.fsencode(tmp_path / "1")), create=True)
    jobs = [bench.job("one", to=tmp_path / "1"), bench.job("two", to=tmp_path / "2")]
    result = bench.run(bench.plan(*jobs))
    held.close()
    assert (result.status, result.obstacle) == ("incomplete", None)


def test_a_job_that_could_not_begin_is_worked_on_in_the_next_run(bench: Workbench) -> None:
    bench.write("a")
    held = bench.open_destination(RawPath(os.fsencode(bench.destination)), create=True)
    assert bench.run().obstacle == "busy"
    held.close()
    assert bench.run().status == "completed"


def test_a_lane_that_never_begins_anything_halts_the_batch_and_the_record_says_so(bench: Workbench) -> None:
    bench.write("a")
    real = bench.lane.report

    def die(timeout_seconds: float) -> Report | None:
        if bench.events(InventoryTaken):
            raise LaneDied
        return real(timeout_seconds)

    bench.lane.report = die
    result = bench.run()
    assert result.status == "halted"
    assert "again and again" in (result.halt_reason or "")
    error = batch_answer(result).error
    assert error is not None
    assert "see the diagnostics log" in error[3]
    assert [one.reason for one in bench.events(JobFailed, BatchStopped)] == [result.halt_reason] * 2
    bench.lane.report = real
    assert resume(bench.workshop(), bench.last_batch).status == "completed"
    assert [one.ended for one in bench.events(BatchResumed)] == ["stopped"]


def test_a_destination_that_fails_while_folders_are_made_leaves_nothing_to_the_next_job(
    bench: Workbench, calls: FaultyCalls, tmp_path: Path
) -> None:
    for number in range(20):
        bench.write(f"one/d{number:02}/secret")
    bench.write("two/a")
    jobs = [
        bench.job("one", to=tmp_path / "1", sources=[bench.source / "one"]),
        bench.job("two", to=tmp_path / "2", sources=[bench.source / "two"]),
    ]
    calls.trouble = failing("mkdir", [b"d03"], errno.ENOSPC)
    result = bench.run(bench.plan(*jobs))
    assert [job.state for job in result.jobs] == ["failed", "completed"]
    assert result.jobs[1].files.verified == 1
    assert tree(tmp_path / "2/two") == tree(bench.source / "two")


def test_a_ledger_that_fails_ends_the_run_and_claims_nothing_more(bench: Workbench) -> None:
    bench.write("a")
    real = bench.ledger.append

    def failing_append(recordings: list[object]) -> object:
        if any(isinstance(one.event, FileVerified) for one in recordings):
            raise LedgerFailed("the ledger's disk is full")
        return real(recordings)

    bench.ledger.append = failing_append
    with pytest.raises(LedgerFailed):
        bench.run()
    assert bench.row(b"source/a").state in {"copying", "fsynced"}
    bench.ledger.append = real
    assert bench.run().status == "completed"


def test_every_copy_is_read_again_at_the_end_when_asked(bench: Workbench) -> None:
    bench.settings = RunSettings(final_pass=True, sample_files=1)
    for name in "abcde":
        bench.write(name)
    bench.run()
    assert len(bench.events(CopyReverified)) == 5


@pytest.mark.parametrize(("sample", "read"), [(0, 0), (1, 1), (2, 3), (5, 5), (50, 5)])
def test_a_spread_sample_is_read_again_at_the_end(bench: Workbench, sample: int, read: int) -> None:
    bench.settings = RunSettings(sample_files=sample)
    for name in "abcde":
        bench.write(name)
    bench.run()
    assert len(bench.events(CopyReverified)) == read


def test_a_copy_destroyed_after_its_proof_is_refuted_by_the_final_pass(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1)
    bench.write("a", b"evidence")
    bench.write("b", b"other")

    def spoil(report: Report) -> None:
        if isinstance(report, Began) and bench.ledger.reader.size() and not bench.events(JobCompleted):
            return
        if isinstance(report, Began):
            (bench.destination / "source/a").write_bytes(b"EVIDENCE")

    bench.hook = spoil
    result = bench.run()
    assert (result.status, result.refuted) == ("incomplete", True)
    (refuted,) = bench.events(CopyRefuted)
    assert (refuted.path, refuted.finding, refuted.size) == (b"source/a", "changed", 8)
    assert refuted.digests == {"sha256": sha256(b"EVIDENCE")}
    assert bench.row(b"source/a").refuted
    assert [one.path for one in result.failures] == [b"source/a"]


def test_a_lane_lost_in_the_final_pass_leaves_copies_that_were_not_read(bench: Workbench) -> None:
    bench.write("a")

    def die(report: Report) -> None:
        if isinstance(report, Began) and bench.events(JobCompleted):
            bench.lane.silent = True

    bench.hook = die
    result = bench.run()
    assert (result.status, result.refuted) == ("incomplete", False)
    assert [one.finding for one in bench.events(CopyRefuted)] == ["unreadable"]


def test_a_source_that_does_not_answer_fails_its_job(bench: Workbench) -> None:
    bench.write("a")
    bench.lane.silent = True
    result = bench.run()
    assert result.status == "incomplete"
    (failed,) = bench.events(JobFailed)
    assert failed.reason == "the source did not answer while it was listed"
    assert bench.run().status == "completed"


def test_a_lane_that_dies_while_the_source_is_listed_fails_its_job(bench: Workbench) -> None:
    bench.write("a")
    bench.lane.dying = True
    assert bench.run().status == "incomplete"
    assert [one.reason for one in bench.events(JobFailed)] == ["the process that lists the source died"]


def test_only_the_first_failures_are_listed(
    bench: Workbench, calls: FaultyCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_results, "MAX_FAILURES_LISTED", 2)
    for name in "abc":
        bench.write(name)
    calls.trouble = failing("open", [b"a", b"b", b"c"], errno.EACCES)
    result = bench.run()
    assert (result.files.failed, len(result.failures), result.failures_not_listed) == (3, 2, 1)


def test_nothing_of_another_run_is_listed_as_failed(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("a")
    calls.trouble = failing("open", [b"a"], errno.EACCES)
    bench.run()
    assert failures_of(bench.ledger.read_model, bench.jobs(), 2).listed == ()


def test_a_refuting_failure_beyond_those_listed_still_refutes_the_run(
    bench: Workbench, calls: FaultyCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_results, "MAX_FAILURES_LISTED", 1)
    bench.write("a")
    bench.write("b", b"evidence")
    calls.trouble = failing("open", [b"a"], errno.EACCES)

    def spoil(report: Report) -> None:
        if isinstance(report, Flushed):
            (bench.destination / "source/b").write_bytes(b"EVIDENCE")

    bench.hook = spoil
    result = bench.run()
    assert ([one.path for one in result.failures], result.refuted) == ([b"source/a"], True)


def test_a_job_taken_up_again_is_said_to_be_resumed(bench: Workbench) -> None:
    for name in "ab":
        bench.write(name)
    stop_after(bench, Flushed, 1)
    bench.run()
    go_on(bench)
    bench.run()
    assert [type(one) for one in bench.events(JobStarted, JobResumed)] == [JobStarted, JobResumed]


def test_a_busy_error_is_of_its_own_kind(bench: Workbench) -> None:
    bench.write("a")

    def refuse(destination: Destination) -> Destination:
        destination.close()
        raise Busy("held")

    bench.around_destination = refuse
    assert bench.run().halt_reason == "held"
    assert not bench.events(FileFailed)
