"""Reading a source twice: what agrees is said to have been read twice, what does not gets no name."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Failed, Flushed, ReadBack, Report, Side, Stage
from custody.infrastructure.files.arena import LargeFiles
from custody.infrastructure.files.engine import LARGE_FILES
from tests.faults.evidence import FILES, contents, item_for, make_destination, make_source
from tests.faults.faulty_calls import FaultyCalls
from tests.faults.large_files import TINY
from tests.unit.files.engine_runs import ChangedCalls, copy, of_kind, only_failure

CAMERA = b"case/clips/cam01.mov"


class SecondReading(FaultyCalls):
    """The source's first opening reads true; each byte block of the second has a flipped bit."""

    def __init__(self, *, flips: bool) -> None:
        super().__init__()
        self.flips = flips
        self.openings: list[int] = []
        self.dropped: list[int] = []

    def __getattr__(self, name: str) -> Any:
        real = super().__getattr__(name)

        def call(*arguments: Any, **named: Any) -> Any:
            if name == "fadvise" and arguments[1:3] == (0, 0):
                self.dropped.append(arguments[0])
            result = real(*arguments, **named)
            if name == "open" and arguments[0] == b"cam01.mov" and "/source" in where(result):
                self.openings.append(result)
            if (
                name == "readv"
                and self.flips
                and len(self.openings) > 1
                and arguments[0] == self.openings[-1]
            ):
                self._flip(arguments[1], result)
            return result

        return call

    def _flip(self, views: Sequence[memoryview], read: int) -> None:
        if read:
            views[0][0] ^= 1


def where(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


@pytest.fixture(params=[LARGE_FILES, TINY], ids=["small", "large"])
def large(request: pytest.FixtureRequest) -> LargeFiles:
    chosen: LargeFiles = request.param
    return chosen


def run(item: CopyItem, large: LargeFiles, calls: FaultyCalls | None = None) -> list[Report]:
    return copy(item, calls=calls, large=large)


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA, read_twice=True)


def test_a_source_that_gives_the_same_twice_is_said_to_have_been_read_twice(
    item: CopyItem, destination: Path, large: LargeFiles
) -> None:
    reports = run(item, large)

    assert [report.source_readings for report in of_kind(Flushed, reports)] == [2]
    assert of_kind(ReadBack, reports)
    assert contents(destination) == {CAMERA: FILES[CAMERA]}


def test_a_source_is_read_once_where_nothing_else_is_asked(
    source: Path, destination: Path, large: LargeFiles
) -> None:
    calls = SecondReading(flips=True)

    reports = run(item_for(source, destination, CAMERA), large, calls)

    assert [report.source_readings for report in of_kind(Flushed, reports)] == [1]
    assert len(calls.openings) == 1


def test_a_source_that_gives_something_else_the_second_time_gets_no_copy(
    item: CopyItem, destination: Path, large: LargeFiles
) -> None:
    failure = only_failure(run(item, large, SecondReading(flips=True)))

    assert (failure.error, failure.stage, failure.side) == ("source-unstable", Stage.READ, Side.SOURCE)
    assert failure.transient
    assert contents(destination) == {}


def test_the_second_reading_drops_the_cache_first(item: CopyItem, large: LargeFiles) -> None:
    calls = SecondReading(flips=False)

    run(item, large, calls)

    assert calls.openings[1] in calls.dropped


def test_a_cache_that_cannot_be_dropped_keeps_nothing_from_being_read(
    item: CopyItem, large: LargeFiles
) -> None:
    def refuse(real: Any, *arguments: Any) -> None:
        raise OSError(22, "Invalid argument")

    assert of_kind(ReadBack, run(item, large, ChangedCalls(fadvise=refuse)))


def test_a_source_that_cannot_be_read_the_second_time_fails(
    item: CopyItem, destination: Path, large: LargeFiles
) -> None:
    calls = SecondReading(flips=False)

    def failing(real: Any, fd: int, buffers: Any) -> int:
        if len(calls.openings) > 1 and fd == calls.openings[-1]:
            raise OSError(5, "Input/output error")
        return int(real(fd, buffers))

    changed = ChangedCalls(readv=failing)
    changed._replaced["open"] = lambda _, *a, **k: calls.open(*a, **k)

    failure = only_failure(run(item, large, changed))

    assert (failure.error, failure.stage, failure.side) == ("io-error", Stage.READ, Side.SOURCE)
    assert contents(destination) == {}


@pytest.mark.parametrize("flips", [False, True])
def test_a_standing_file_is_compared_with_a_source_read_twice(
    tmp_path: Path, large: LargeFiles, *, flips: bool
) -> None:
    source, destination = make_source(tmp_path / "source"), make_destination(tmp_path / "destination")
    (destination / "case/clips/cam01.mov").write_bytes(FILES[CAMERA])
    item = item_for(source, destination, CAMERA, read_twice=True, operation=Operation.ADOPT, temporary=b"")

    reports = run(item, large, SecondReading(flips=flips))

    assert [report.error for report in of_kind(Failed, reports)] == ["source-unstable"] * flips
    assert [report.source_readings for report in of_kind(Flushed, reports)] == [2] * (not flips)
    assert contents(destination) == {CAMERA: FILES[CAMERA]}
