"""Files that could not be read whole: qualified, never verified, and never replaced."""

import os
from dataclasses import replace

import pytest

from custody.domain.copying.plan import Plan
from custody.domain.copying.reports import Flushed, ReadBack, Report
from custody.domain.events import (
    BatchCompleted,
    BatchResumed,
    CopyReverified,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileResumed,
    FileSkipped,
    FileVerified,
    JobFailed,
)
from custody.domain.events.schema import to_data
from custody.domain.story import tell
from custody.domain.use_cases.batches.run_batch import resume, retry
from custody.domain.use_cases.verification.verify_copies import verify
from custody.domain.use_cases.verification.verify_scope import Scope
from tests.fakes.bad_sectors import BadSectors, with_zeros
from tests.fakes.workbench import Workbench, sha256

CONTENT = b"evidence" * 500
SALVAGED = with_zeros(CONTENT, [(512, 1024)])
PATH = b"source/bad"


@pytest.fixture
def plan(bench: Workbench) -> Plan:
    bench.write("bad", CONTENT)
    bench.write("good")
    bench.calls = BadSectors(b"bad", {1, 2})
    bench.lane.close()
    bench.new_lane()
    return bench.plan(replace(bench.job(), salvage=True))


def test_a_file_that_could_not_be_read_whole_is_qualified_and_the_run_incomplete(
    bench: Workbench, plan: Plan
) -> None:
    result = bench.run(plan)

    assert (result.status, result.files.qualified, result.files.verified) == ("incomplete", 1, 1)
    assert (result.files.failed, result.refuted) == (0, False)
    (event,) = bench.events(FileQualified)
    assert event == FileQualified(
        path=PATH, size=len(CONTENT), digests={"sha256": sha256(SALVAGED)}, read_back=event.read_back,
        unreadable=((512, 1024),), unreadable_count=1, unreadable_bytes=1024,
    )  # fmt: skip
    (ended,) = bench.events(JobFailed)
    assert "1 files could not be read whole" in ended.reason
    (completed,) = bench.events(BatchCompleted)
    assert (ended.qualified, completed.qualified) == (1, 1)
    assert (bench.destination / "source/bad").read_bytes() == SALVAGED
    assert bench.row(PATH, plan).state == "qualified"


def test_a_resumed_run_says_how_many_files_were_qualified(bench: Workbench, plan: Plan) -> None:
    bench.run(plan)
    retry(bench.workshop(), plan.id)
    (resumed,) = bench.events(BatchResumed)
    assert resumed.qualified == 1
    assert "1 qualified" in tell(resumed, "J. Ortiz")


def test_a_run_without_qualified_files_says_nothing_of_them(bench: Workbench) -> None:
    bench.write("good")
    bench.run()
    (completed,) = bench.events(BatchCompleted)
    assert "qualified" not in to_data(completed)


def test_the_flush_of_a_qualified_file_says_what_is_lost(bench: Workbench, plan: Plan) -> None:
    bench.run(plan)

    lost = {event.unreadable_bytes for event in bench.events(FileFsynced)}

    assert lost == {None, 1024}


def test_a_qualified_file_is_never_verified(bench: Workbench, plan: Plan) -> None:
    bench.run(plan)

    assert [event.path for event in bench.events(FileVerified)] == [b"source/good"]


def test_a_qualified_copy_is_read_again_by_a_later_pass(bench: Workbench, plan: Plan) -> None:
    bench.run(plan)

    found = verify(bench.workshop(), Scope(), record=True)

    assert (found.checked, found.refuted) == (2, False)
    assert PATH in [event.path for event in bench.events(CopyReverified)]


@pytest.mark.parametrize("again", [retry, resume])
def test_a_batch_that_goes_on_leaves_a_qualified_copy_as_it_is(
    bench: Workbench, plan: Plan, again: object
) -> None:
    bench.run(plan)

    result = again(bench.workshop(), plan.id)  # type: ignore[operator]

    assert (result.status, result.files.qualified) == ("incomplete", 1)
    assert len(bench.events(FileQualified)) == 1
    assert (bench.destination / "source/bad").read_bytes() == SALVAGED


def test_a_new_run_leaves_a_qualified_copy_as_it_is(bench: Workbench, plan: Plan) -> None:
    bench.run(plan)
    bench.calls.bad = ()

    result = bench.run(plan)

    assert (result.files.qualified, result.files.failed, result.status) == (1, 0, "incomplete")
    assert "qualified" in [event.found for event in bench.events(FileResumed)]
    assert (bench.destination / "source/bad").read_bytes() == SALVAGED


def test_a_qualified_copy_that_is_gone_is_copied_again(bench: Workbench, plan: Plan) -> None:
    bench.run(plan)
    os.unlink(bench.destination / "source/bad")
    bench.calls.bad = ()

    result = bench.run(plan)

    assert (result.files.qualified, bench.row(PATH, plan).state) == (0, "verified")
    assert (bench.destination / "source/bad").read_bytes() == CONTENT


def test_a_run_without_salvage_neither_replaces_nor_cites_a_qualified_copy(
    bench: Workbench, plan: Plan
) -> None:
    bench.run(plan)

    result = bench.run(bench.plan())

    assert result.files.failed == 1
    assert {event.path for event in bench.events(FileFailed)} == {PATH}
    assert PATH not in [event.path for event in bench.events(FileSkipped)]
    assert (bench.destination / "source/bad").read_bytes() == SALVAGED


def test_a_file_interrupted_before_its_read_back_is_qualified_and_not_verified(
    bench: Workbench, plan: Plan
) -> None:
    def stop(report: Report) -> None:
        if isinstance(report, Flushed):
            bench.stop.signal = "SIGINT"
            bench.lane.silent = True

    bench.hook = stop
    first = bench.run(plan)
    bench.hook = lambda report: None
    bench.stop.signal = None
    bench.new_lane()

    result = resume(bench.workshop(), plan.id)

    assert first.status == "paused"
    assert result.files.qualified == 1
    assert [event.unreadable for event in bench.events(FileQualified)] == [((512, 1024),)]
    assert [event.path for event in bench.events(FileVerified)] == [b"source/good"]


def test_a_file_that_was_read_whole_is_verified_after_an_interruption_before_its_read_back(
    bench: Workbench, plan: Plan
) -> None:
    def stop(report: Report) -> None:
        if isinstance(report, ReadBack):
            raise KeyboardInterrupt

    bench.hook = stop
    with pytest.raises(KeyboardInterrupt):
        bench.run(plan)
    bench.hook = lambda report: None
    bench.new_lane()

    result = resume(bench.workshop(), plan.id)

    assert (result.files.verified, result.files.qualified) == (1, 1)
