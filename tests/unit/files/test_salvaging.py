"""Sources of dying media: zeros where nothing can be read, at the right offsets, and all of it listed."""

import errno
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Flushed, ReadBack, Side, Stage, StretchList
from custody.infrastructure.files.arena import LargeFiles
from custody.infrastructure.files.direct_io import DirectReading
from custody.infrastructure.files.engine import LARGE_FILES
from custody.infrastructure.files.salvaging import DEAD_SECONDS, MAX_STRETCHES_LISTED, Salvager
from custody.infrastructure.files.stretches import Stretches
from tests.fakes.bad_sectors import BadSectors, cover, with_zeros
from tests.faults.evidence import FILES, contents, item_for, make_destination, make_source
from tests.faults.large_files import TINY
from tests.unit.files.engine_runs import copy, of_kind, only_failure

CAMERA = b"case/clips/cam01.mov"
NAME = b"cam01.mov"
CONTENT = FILES[CAMERA]
SECTORS = -(-len(CONTENT) // 512)


@pytest.fixture(params=[LARGE_FILES, TINY], ids=["small", "large"])
def large(request: pytest.FixtureRequest) -> LargeFiles:
    chosen: LargeFiles = request.param
    return chosen


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA, salvage=True)


@pytest.mark.parametrize("large", [LARGE_FILES, TINY])
@settings(deadline=None, max_examples=25)
@given(bad=st.sets(st.integers(0, SECTORS - 1), max_size=20))
def test_a_copy_has_zeros_in_exactly_the_sectors_that_cannot_be_read(
    large: LargeFiles, bad: set[int]
) -> None:
    with TemporaryDirectory() as folder:
        source = make_source(Path(folder) / "source")
        destination = make_destination(Path(folder) / "destination")
        item = item_for(source, destination, CAMERA, salvage=True)
        stretches = cover(bad, len(CONTENT))

        reports = copy(item, calls=BadSectors(NAME, bad), large=large)

        (flushed,) = of_kind(Flushed, reports)
        salvaged = with_zeros(CONTENT, stretches)
        assert contents(destination) == {CAMERA: salvaged}
        assert flushed.digests["sha256"] == hashlib.sha256(salvaged).hexdigest()
        assert (flushed.unreadable.stretches if flushed.unreadable else ()) == stretches
        assert of_kind(ReadBack, reports)


def test_a_source_without_errors_has_nothing_unreadable(
    item: CopyItem, destination: Path, large: LargeFiles
) -> None:
    (flushed,) = of_kind(Flushed, copy(item, large=large))

    assert flushed.unreadable is None
    assert contents(destination) == {CAMERA: CONTENT}


def test_a_failed_read_is_narrowed_to_pages_and_then_to_sectors(item: CopyItem) -> None:
    calls = BadSectors(NAME, {9})

    copy(item, calls=calls)

    assert calls.asked[1:] == [4096, 512]


def test_a_read_error_fails_the_file_where_nobody_asked_to_salvage(
    item: CopyItem, destination: Path, large: LargeFiles
) -> None:
    failure = only_failure(copy(replace(item, salvage=False), calls=BadSectors(NAME, {9}), large=large))

    assert (failure.error, failure.errno, failure.side) == ("io-error", errno.EIO, Side.SOURCE)
    assert contents(destination) == {}


@pytest.mark.parametrize("code", [errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM, errno.ESTALE])
def test_a_medium_that_is_gone_fails_the_file(
    item: CopyItem, destination: Path, large: LargeFiles, code: int
) -> None:
    failure = only_failure(copy(item, calls=BadSectors(NAME, {9}, code), large=large))

    assert (failure.errno, failure.stage, failure.side) == (code, Stage.READ, Side.SOURCE)
    assert contents(destination) == {}


def test_a_standing_copy_is_compared_with_what_can_be_read_and_zeros(
    item: CopyItem, destination: Path, large: LargeFiles
) -> None:
    (destination / "case/clips/cam01.mov").write_bytes(with_zeros(CONTENT, [(512, 512)]))
    adopting = replace(item, operation=Operation.ADOPT, temporary=b"")

    (flushed,) = of_kind(Flushed, copy(adopting, calls=BadSectors(NAME, {1}), large=large))

    assert flushed.unreadable == StretchList(((512, 512),), 1, 512)


def test_stretches_beyond_the_limit_are_counted_and_not_listed() -> None:
    stretches = Stretches(listed=MAX_STRETCHES_LISTED)
    for number in range(MAX_STRETCHES_LISTED + 2):
        stretches.add(number * 1024, 512)
    stretches.add((MAX_STRETCHES_LISTED + 1) * 1024 + 512, 512)

    found = stretches.found()

    assert found is not None
    assert (len(found.stretches), found.count) == (MAX_STRETCHES_LISTED, MAX_STRETCHES_LISTED + 2)
    assert found.bytes == (MAX_STRETCHES_LISTED + 3) * 512


class Dead:
    """A descriptor that gives nothing, each try taking its time."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.seconds = seconds

    def readv(self, fd: int, views: Sequence[memoryview]) -> int:
        self.now += self.seconds
        raise OSError(errno.EIO, "no")

    def seek(self, fd: int, offset: int) -> None:
        """Wherever."""


def test_a_medium_that_gives_nothing_for_too_long_is_given_up() -> None:
    dead = Dead(1.0)
    salvager = Salvager(DirectReading(dead, 0, direct=False), 1 << 20, lambda: dead.now)  # type: ignore[arg-type]
    buffer = memoryview(bytearray(8192))

    filled = [salvager.read(buffer) for _ in range(3)]

    dead.now += DEAD_SECONDS
    with pytest.raises(OSError, match="no"):
        salvager.read(buffer)
    assert filled == [512, 512, 512]


def test_a_slow_medium_is_told_of_sector_by_sector() -> None:
    dead = Dead(1.0)
    salvager = Salvager(DirectReading(dead, 0, direct=False), 4096, lambda: dead.now)  # type: ignore[arg-type]
    buffer = memoryview(bytearray(8192))

    assert [salvager.read(buffer) for _ in range(8)] == [512] * 8
    assert salvager.unreadable() == StretchList(((0, 4096),), 1, 4096)


def test_an_error_behind_the_last_byte_is_the_end() -> None:
    dead = Dead(1.0)
    salvager = Salvager(DirectReading(dead, 0, direct=False), 512, lambda: dead.now)  # type: ignore[arg-type]
    buffer = memoryview(bytearray(4096))

    assert [salvager.read(buffer), salvager.read(buffer)] == [512, 0]
    assert salvager.unreadable() == StretchList(((0, 512),), 1, 512)


def test_an_error_of_an_empty_source_is_no_unreadable_byte() -> None:
    dead = Dead(1.0)
    salvager = Salvager(DirectReading(dead, 0, direct=False), 0, lambda: dead.now)  # type: ignore[arg-type]

    with pytest.raises(OSError, match="no"):
        salvager.read(memoryview(bytearray(512)))
    assert salvager.unreadable() is None
