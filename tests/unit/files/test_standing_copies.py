import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Flushed, ReadBack, Stage
from custody.domain.paths import RawPath
from tests.faults.evidence import FILES, contents, item_for, state_of
from tests.unit.files.engine_runs import ChangedCalls, copy, of_kind, only_failure, refusing

CAMERA = b"case/clips/cam01.mov"


def standing(destination: Path) -> Path:
    return destination / "case" / "clips" / "cam01.mov"


@pytest.fixture
def adoption(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA, operation=Operation.ADOPT, temporary=b"")


@pytest.fixture
def copied(source: Path, destination: Path) -> CopyItem:
    item = item_for(source, destination, CAMERA)
    (proof,) = of_kind(ReadBack, copy(item))
    return replace(
        item,
        operation=Operation.READ_BACK,
        source_root=RawPath(b""),
        temporary=b"",
        expected=proof.digests,
    )


def test_an_equal_file_is_adopted_after_it_was_flushed(destination: Path, adoption: CopyItem) -> None:
    standing(destination).write_bytes(FILES[CAMERA])
    before, calls = state_of(destination), ChangedCalls()

    reports = copy(adoption, calls=calls)

    (claim,), (proof,) = of_kind(Flushed, reports), of_kind(ReadBack, reports)
    assert claim.digests == proof.digests
    assert calls.trace.count("fsync") == 2
    assert state_of(destination) == before


@pytest.mark.parametrize("content", [b"", FILES[CAMERA] + b"!", bytes(len(FILES[CAMERA]))])
def test_a_different_file_is_a_collision_and_is_left_alone(
    destination: Path, adoption: CopyItem, content: bytes
) -> None:
    standing(destination).write_bytes(content)

    failure = only_failure(copy(adoption))

    assert (failure.error, failure.stage, failure.differs) == ("collision", Stage.PUBLISH, True)
    assert failure.found_size == len(content)
    assert contents(destination) == {CAMERA: content}


def test_a_second_name_of_the_source_is_no_copy(source: Path, destination: Path, adoption: CopyItem) -> None:
    os.link(source / "case" / "clips" / "cam01.mov", standing(destination))

    failure = only_failure(copy(adoption))

    assert (failure.error, failure.differs) == ("collision", True)


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_what_is_no_file_is_not_adopted(
    source: Path, destination: Path, adoption: CopyItem, kind: str
) -> None:
    match kind:
        case "link":
            standing(destination).symlink_to(source / "case" / "clips" / "cam01.mov")
        case "folder":
            standing(destination).mkdir()
        case "fifo":
            os.mkfifo(standing(destination))

    reports = copy(adoption)

    assert only_failure(reports).differs
    assert not of_kind(Flushed, reports)


def test_nothing_to_adopt_is_missing(adoption: CopyItem) -> None:
    assert only_failure(copy(adoption)).error == "missing"


def test_an_existing_file_that_cannot_be_flushed_is_not_claimed(
    destination: Path, adoption: CopyItem
) -> None:
    standing(destination).write_bytes(FILES[CAMERA])

    reports = copy(adoption, calls=ChangedCalls(fsync=refusing(errno.EIO)))

    assert only_failure(reports).stage is Stage.FLUSH
    assert not of_kind(Flushed, reports)


def test_a_copy_as_recorded_is_proved_again(copied: CopyItem) -> None:
    (proof,) = of_kind(ReadBack, copy(copied))

    assert proof.digests == copied.expected


@pytest.mark.parametrize("aside", [False, True])
def test_a_changed_copy_is_found_and_moved_only_when_asked(
    destination: Path, copied: CopyItem, aside: bool
) -> None:
    changed = bytearray(FILES[CAMERA])
    changed[1000] ^= 1
    standing(destination).write_bytes(changed)

    failure = only_failure(copy(replace(copied, set_aside=aside)))

    assert (failure.error, failure.differs, failure.found_size) == ("changed", True, len(changed))
    assert (failure.moved_to is not None) is aside
    assert contents(destination) == {failure.moved_to or CAMERA: bytes(changed)}


@pytest.mark.parametrize("aside", [False, True])
@pytest.mark.parametrize("lost", ["file", "folder"])
def test_a_missing_copy_is_found(destination: Path, copied: CopyItem, aside: bool, lost: str) -> None:
    standing(destination).unlink()
    if lost == "folder":
        standing(destination).parent.rmdir()

    failure = only_failure(copy(replace(copied, set_aside=aside)))

    assert (failure.error, failure.differs, failure.moved_to) == ("missing", True, None)
    assert "still stands" not in failure.message


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_copy_exchanged_for_something_else_is_changed(
    source: Path, destination: Path, copied: CopyItem, kind: str
) -> None:
    standing(destination).unlink()
    if kind == "link":
        standing(destination).symlink_to(source / "case" / "clips" / "cam01.mov")
    else:
        standing(destination).mkdir()

    failure = only_failure(copy(copied))

    assert (failure.error, failure.differs) == ("changed", True)


def test_an_unreadable_copy_is_not_called_changed(copied: CopyItem) -> None:
    def readv(real: Any, fd: int, buffers: Any) -> int:
        raise OSError(errno.EIO, "Input/output error")

    failure = only_failure(copy(copied, calls=ChangedCalls(readv=readv)))

    assert (failure.error, failure.errno, failure.differs) == ("unreadable", errno.EIO, False)


@pytest.mark.parametrize("expected", [None, {}])
def test_without_a_recorded_digest_nothing_is_proved(
    copied: CopyItem, expected: dict[str, str] | None
) -> None:
    assert only_failure(copy(replace(copied, expected=expected))).error == "other"


def test_an_unsafe_path_is_neither_read_nor_moved(copied: CopyItem) -> None:
    failure = only_failure(copy(replace(copied, path=RawPath(b"../x"), set_aside=True)))

    assert (failure.error, failure.moved_to) == ("unsafe-path", None)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOMEM, errno.EACCES])
def test_an_unproved_copy_that_could_not_be_looked_at_keeps_its_name(
    destination: Path, copied: CopyItem, code: int
) -> None:
    calls = ChangedCalls(readv=refusing(code))

    failure = only_failure(copy(replace(copied, set_aside=True), calls=calls))

    assert (failure.error, failure.transient, failure.moved_to) == ("unreadable", True, None)
    assert contents(destination) == {CAMERA: FILES[CAMERA]}


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_only_a_regular_file_is_moved_aside(destination: Path, copied: CopyItem, kind: str) -> None:
    standing(destination).unlink()
    if kind == "link":
        standing(destination).symlink_to("nowhere")
    else:
        standing(destination).mkdir()

    failure = only_failure(copy(replace(copied, set_aside=True)))

    assert (failure.error, failure.differs, failure.moved_to) == ("changed", True, None)
    assert os.path.lexists(standing(destination))
