"""Going on with an interrupted copy: what was copied before is read again on both sides, and not written."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Mark
from custody.domain.copying.reports import Advanced, Marked, ReadBack, Report, Side, Stage
from custody.infrastructure.files.engine import LARGE_FILES
from tests.faults.evidence import FILES, contents
from tests.faults.faulty_calls import FaultyCalls
from tests.faults.large_files import CAMERA, TINY, interrupted, mark_of, temporary_of
from tests.unit.files.engine_runs import ChangedCalls, copy, of_kind, only_failure

CONTENT = FILES[CAMERA]


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return interrupted(source, destination)


def large(item: CopyItem, calls: FaultyCalls | None = None) -> list[Report]:
    return copy(item, calls=calls, large=TINY)


@pytest.mark.parametrize("size", [1, 5_000, 32_768, 65_536, 70_000, 196_608, 199_999, 200_000])
def test_a_copy_goes_on_from_its_mark_and_ends_whole(source: Path, destination: Path, size: int) -> None:
    item = interrupted(source, destination, size)
    written = []

    def write(real: Any, fd: int, data: Any) -> int:
        done = real(fd, data)
        written.append(done)
        return done

    (proof,) = of_kind(ReadBack, large(item, ChangedCalls(write=write)))

    assert sum(written) == len(CONTENT) - size
    assert (proof.size, proof.digests) == (len(CONTENT), mark_of(CONTENT, len(CONTENT)).digests)
    assert contents(destination) == {CAMERA: CONTENT}


def test_the_read_back_and_the_progress_are_of_the_whole_file(item: CopyItem) -> None:
    told = {"copy": 0, "flush": 0, "read back": 0}
    for report in of_kind(Advanced, large(item)):
        told[report.phase] += report.size

    assert told == {"copy": item.size, "flush": item.size, "read back": item.size}


def test_only_longer_prefixes_are_marked_again(item: CopyItem) -> None:
    assert [mark.size for mark in of_kind(Marked, large(item))] == [131_072, 196_608]


def test_a_mark_is_honoured_whatever_the_size_that_counts_as_large(destination: Path, item: CopyItem) -> None:
    assert item.size < LARGE_FILES.threshold

    assert len(of_kind(ReadBack, copy(item))) == 1
    assert contents(destination) == {CAMERA: CONTENT}


def test_a_source_whose_beginning_is_another_is_changed(destination: Path, item: CopyItem) -> None:
    other = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]

    failure = only_failure(large(replace(item, resume_at=mark_of(other, 65_536))))

    # Both sides differ from such a mark; whichever is seen first is told.
    assert failure.error in {"changed", "resume-differs"}
    assert (failure.transient, failure.offset) == (True, 65_536)
    assert contents(destination) == {}


def test_a_source_that_differs_alone_is_changed(destination: Path, item: CopyItem) -> None:
    other = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
    with open(temporary_of(item), "wb") as opened:
        opened.write(other[:65_536])

    failure = only_failure(large(replace(item, resume_at=mark_of(other, 65_536))))

    assert (failure.error, failure.stage, failure.side) == ("changed", Stage.READ, Side.SOURCE)
    assert (failure.transient, failure.offset) == (True, 65_536)
    assert contents(destination) == {}


def test_a_temporary_file_that_differs_alone_is_thrown_away(destination: Path, item: CopyItem) -> None:
    with open(temporary_of(item), "r+b") as opened:
        opened.seek(40_000)
        opened.write(b"??")

    failure = only_failure(large(item))

    assert (failure.error, failure.side) == ("resume-differs", Side.DESTINATION)
    assert (failure.transient, failure.offset) == (True, 65_536)
    assert contents(destination) == {}


def test_a_mark_of_other_algorithms_is_not_believed(destination: Path, item: CopyItem) -> None:
    assert item.resume_at is not None
    mark = Mark(item.resume_at.size, {"sha512": "00"})

    assert only_failure(large(replace(item, resume_at=mark))).error in {"changed", "resume-differs"}
    assert contents(destination) == {}


@pytest.mark.parametrize("instead", ["nothing", "link", "fifo", "second name", "shorter", "folder"])
def test_what_is_not_the_temporary_file_any_more_is_not_gone_on_with(
    destination: Path, item: CopyItem, instead: str
) -> None:
    temporary = Path(temporary_of(item))
    elsewhere = destination.parent / "elsewhere"
    match instead:
        case "second name":
            os.link(temporary, elsewhere)
        case "shorter":
            os.truncate(temporary, 65_535)
        case _:
            temporary.rename(elsewhere)
    match instead:
        case "link":
            temporary.symlink_to(elsewhere)
        case "fifo":
            os.mkfifo(temporary)
        case "folder":
            temporary.mkdir()
    kept = elsewhere.read_bytes() if elsewhere.exists() else b""

    failure = only_failure(large(item))

    assert (failure.error, failure.side, failure.transient) == ("resume-differs", Side.DESTINATION, True)
    assert CAMERA not in contents(destination)
    assert temporary.exists() is (instead == "folder")
    assert (elsewhere.read_bytes() if elsewhere.exists() else b"") == kept


def test_nothing_is_read_back_before_the_cut_was_flushed(item: CopyItem) -> None:
    calls = ChangedCalls()
    large(item, calls)

    assert calls.trace.index("truncate") < calls.trace.index("fdatasync") < calls.trace.index("readv")
