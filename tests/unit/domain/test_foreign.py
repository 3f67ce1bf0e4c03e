"""What counts as foreign at a destination, and how it is recorded."""

import os
from pathlib import Path

import pytest

from custody.domain.copying.plan import Plan
from custody.domain.copying.reports import Flushed, Report
from custody.domain.events import CopyRefuted, FileFailed
from custody.domain.identifiers import transfer_id
from custody.domain.use_cases.transfers import file_stream
from custody.domain.use_cases.verification.verify_copies import Scope, verify
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.workbench import Workbench


def spoil_once(bench: Workbench, path: str) -> None:
    """Change a copy between its flush and its read-back, so that it is put aside."""
    done = []

    def spoil(report: Report) -> None:
        if isinstance(report, Flushed) and not done:
            done.append(report)
            copy = bench.destination / "source" / path
            copy.write_bytes(bytes(len(copy.read_bytes())))

    bench.hook = spoil


def extras(bench: Workbench) -> list[bytes]:
    return [one.path for one in bench.events(CopyRefuted) if one.finding == "extra"]


def test_a_copy_put_aside_under_a_shortened_name_is_not_foreign(bench: Workbench) -> None:
    bench.settings = RunSettings(retries=0)
    path = "d/" + "n" * 250
    bench.write(path, b"hello")
    spoil_once(bench, path)
    assert bench.run().refuted
    (failed,) = bench.events(FileFailed)
    assert len(os.path.basename(failed.moved_to)) == 255
    assert (bench.run().status, extras(bench)) == ("completed", [])


def test_a_file_that_only_looks_put_aside_is_foreign(bench: Workbench) -> None:
    bench.write("d/" + "n" * 250, b"hello")
    bench.run()
    mark = bench.row(b"source/d/" + b"n" * 250).id.hex[:8]
    long, short = "n" * 234 + f".custody-bad-{mark}", f"x.custody-bad-{mark}"
    for name in (long, short):
        (bench.destination / "source/d" / name).write_bytes(b"?")
    result = verify(bench.workshop(), Scope(), record=True)
    assert {Path(os.fsdecode(one.path)).name for one in result.extra} == {long, short}


@pytest.mark.parametrize("name", ["b", "b" * 250], ids=["as it was", "shortened"])
def test_a_copy_that_another_job_of_the_destination_put_aside_is_not_foreign(
    bench: Workbench, name: str
) -> None:
    bench.settings = RunSettings(retries=0)
    bench.write("d/a", b"hello")
    first = bench.plan(bench.job("first"))
    bench.run(first)
    (bench.folder / "two/source/d").mkdir(parents=True)
    (bench.folder / "two/source/d" / name).write_bytes(b"hello")
    spoil_once(bench, "d/" + name)
    second = bench.plan(bench.job("second", sources=[bench.folder / "two/source"]))
    assert bench.run(second).refuted
    assert bench.run(first).status == "completed"
    assert not extras(bench)


def late(bench: Workbench) -> Plan:
    bench.write("a")
    bench.run()
    (bench.destination / "source/late").write_bytes(b"late")
    return bench.plan()


def revisions_of_the_file(bench: Workbench) -> list[int]:
    stream = file_stream(transfer_id(bench.jobs()[0].id, b"source/late"))
    return [one.revision for one in bench.recorded() if one.stream == stream]


def test_an_extra_that_a_verification_recorded_is_no_part_of_a_file_taken_there_later(
    bench: Workbench,
) -> None:
    plan = late(bench)
    for _ in range(2):
        verify(bench.workshop(), Scope(), record=True)
    assert (extras(bench), revisions_of_the_file(bench)) == ([b"source/late"] * 2, [])
    bench.write("late", b"late")
    assert bench.run(plan).status == "completed"
    assert revisions_of_the_file(bench)[0] == 1


def test_an_extra_that_a_final_check_recorded_is_no_part_of_a_file_taken_there_later(
    bench: Workbench,
) -> None:
    plan = late(bench)
    assert [bench.run(plan).status for _ in range(2)] == ["incomplete"] * 2
    assert (extras(bench), revisions_of_the_file(bench)) == ([b"source/late"] * 2, [])
    bench.write("late", b"late")
    assert bench.run(plan).status == "completed"


def test_a_long_odd_name_beside_the_folder_of_an_inner_job_is_foreign(bench: Workbench) -> None:
    bench.write("d/a")
    bench.run()
    bench.run(
        bench.plan(
            bench.job("inner", to=bench.destination / "source/d/inner", sources=[bench.source / "d/a"])
        )
    )
    odd = bench.destination / "source" / ("n" * 234 + ".custody-bad-00000000")
    odd.write_bytes(b"?")
    result = verify(bench.workshop(), Scope(), record=False)
    assert [one.path for one in result.extra if b"inner" not in one.path] == [bytes(odd)]
