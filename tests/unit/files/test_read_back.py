import errno
import os
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Began, Failed, Flushed, ReadBack, Side, Stage
from tests.faults.evidence import FILES, contents, item_for, items_for
from tests.unit.files.engine_runs import (
    TMPFS,
    ChangedCalls,
    copy,
    of_kind,
    only_failure,
    refusing,
    without_direct,
)

CAMERA = b"case/clips/cam01.mov"
ASIDE = CAMERA + b".custody-bad-"


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA)


def flipping(real: Any, fd: int, buffers: Any) -> int:
    read = real(fd, buffers)
    if read and "destination" in os.readlink(f"/proc/self/fd/{fd}"):
        buffers[0][read // 2] ^= 1
    return read


@pytest.mark.parametrize(
    ("replaced", "filesystem", "method"),
    [
        ({}, 0xEF53, "direct"),
        ({"open": without_direct}, 0xEF53, "dropped"),
        ({"open": without_direct, "fadvise": refusing(errno.EINVAL)}, 0xEF53, "cached"),
        ({"fadvise": refusing(errno.EINVAL)}, 0xEF53, "direct"),
        ({}, TMPFS, "cached"),
        ({}, 0x794C7630, "cached"),
    ],
)
def test_the_method_says_how_far_the_cache_was_left_out(
    item: CopyItem, replaced: dict[str, Any], filesystem: int, method: str
) -> None:
    (proof,) = of_kind(ReadBack, copy(item, calls=ChangedCalls(filesystem=filesystem, **replaced)))

    assert proof.method == method


def test_direct_reading_that_is_refused_late_goes_on_without(item: CopyItem) -> None:
    def readv(real: Any, fd: int, buffers: Any) -> int:
        if calls.status_flags(fd) & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(fd, buffers)

    calls = ChangedCalls(readv=readv)
    (proof,) = of_kind(ReadBack, copy(item, calls=calls))

    assert proof.method == "dropped"


def test_a_short_direct_read_goes_on_without(item: CopyItem) -> None:
    calls = ChangedCalls(readv=lambda real, fd, buffers: real(fd, (buffers[0][:10_000],)))
    (proof,) = of_kind(ReadBack, copy(item, calls=calls))

    assert (proof.size, proof.method) == (len(FILES[CAMERA]), "dropped")


def test_a_copy_that_differs_is_moved_aside_and_reported_with_what_was_found(
    destination: Path, item: CopyItem
) -> None:
    failure = only_failure(copy(item, calls=ChangedCalls(readv=flipping)))

    assert (failure.error, failure.differs, failure.stage, failure.side) == (
        *("read-back-differs", True, Stage.READ_BACK, Side.DESTINATION),
    )
    assert failure.moved_to == ASIDE + item.transfer.hex[:8].encode()
    assert failure.found_size == item.size
    assert failure.found_digests is not None
    assert contents(destination) == {failure.moved_to: FILES[CAMERA]}


def test_each_bad_copy_is_kept(destination: Path, item: CopyItem) -> None:
    for _ in range(3):
        copy(item, calls=ChangedCalls(readv=flipping))

    first = ASIDE + item.transfer.hex[:8].encode()
    assert set(contents(destination)) == {first, first + b".2", first + b".3"}


def test_the_name_of_a_bad_copy_fits(source: Path, destination: Path) -> None:
    name = b"case/" + b"n" * 255
    with open(os.path.join(os.fsencode(source), name), "wb") as opened:
        opened.write(b"long")

    failure = only_failure(copy(item_for(source, destination, name), calls=ChangedCalls(readv=flipping)))

    assert failure.moved_to is not None
    assert len(failure.moved_to) == len(name)


def test_a_copy_that_cannot_be_read_back_is_moved_aside_without_being_called_different(
    destination: Path, item: CopyItem
) -> None:
    def readv(real: Any, fd: int, buffers: Any) -> int:
        if "destination" in os.readlink(f"/proc/self/fd/{fd}"):
            raise OSError(errno.EIO, "Input/output error")
        return real(fd, buffers)

    failure = only_failure(copy(item, calls=ChangedCalls(readv=readv)))

    assert (failure.error, failure.errno, failure.differs) == ("io-error", errno.EIO, False)
    assert failure.moved_to is not None
    assert CAMERA not in contents(destination)


def test_a_bad_copy_that_cannot_be_moved_is_said_to_stand(destination: Path, item: CopyItem) -> None:
    def rename(real: Any, old: bytes, new: bytes, **named: Any) -> None:
        if b".custody-bad-" in new:
            raise OSError(errno.EROFS, "Read-only file system")
        real(old, new, **named)

    failure = only_failure(copy(item, calls=ChangedCalls(readv=flipping, rename_noreplace=rename)))

    assert failure.moved_to is None
    assert "still stands under its name" in failure.message
    assert failure.differs


def test_a_bad_copy_whose_new_name_may_not_last_is_told_under_that_name(
    destination: Path, item: CopyItem
) -> None:
    moved: list[bytes] = []

    def rename(real: Any, old: bytes, new: bytes, **named: Any) -> None:
        real(old, new, **named)
        if b".custody-bad-" in new:
            moved.append(new)

    def fsync(real: Any, fd: int) -> None:
        if moved:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    calls = ChangedCalls(readv=flipping, rename_noreplace=rename, fsync=fsync)
    failure = only_failure(copy(item, calls=calls))

    assert failure.moved_to == os.path.join(os.path.dirname(CAMERA), moved[0])
    assert "may be lost in a power cut" in failure.message
    assert "still stands" not in failure.message
    assert CAMERA not in contents(destination)


@pytest.mark.parametrize("instead", ["nothing", "folder", "link", "shorter", "longer"])
def test_what_was_exchanged_before_the_read_back_is_never_proved(
    destination: Path, item: CopyItem, instead: str
) -> None:
    path = destination / "case" / "clips" / "cam01.mov"

    def fadvise_or_open(real: Any, name: bytes, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_DIRECT:
            path.unlink()
            match instead:
                case "folder":
                    path.mkdir()
                case "link":
                    path.symlink_to("/etc/passwd")
                case "shorter":
                    path.write_bytes(FILES[CAMERA][:-1])
                case "longer":
                    path.write_bytes(FILES[CAMERA] + b"!")
        return real(name, flags, *more, **named)

    reports = copy(item, calls=ChangedCalls(open=fadvise_or_open))

    assert len(of_kind(Failed, reports)) == 1
    assert not of_kind(ReadBack, reports)


def test_the_file_being_read_back_is_named_before(source: Path, destination: Path) -> None:
    reports = copy(*items_for(source, destination))
    claims = [index for index, report in enumerate(reports) if isinstance(report, Flushed)]
    rest = [report for report in reports[claims[-1] + 1 :] if isinstance(report, Began | ReadBack)]

    ends = [index for index, report in enumerate(rest) if isinstance(report, ReadBack)]
    assert len(ends) == len(FILES)
    assert [rest[index - 1] for index in ends] == [Began(rest[index].transfer) for index in ends]


def failing_read_back(code: int, call: str) -> ChangedCalls:
    def fail(real: Any, *arguments: Any, **named: Any) -> Any:
        flags = arguments[1] if call == "open" else 0
        if call == "open" and not flags & os.O_DIRECT:
            return real(*arguments, **named)
        if call == "readv" and "destination" not in os.readlink(f"/proc/self/fd/{arguments[0]}"):
            return real(*arguments, **named)
        raise OSError(code, os.strerror(code))

    return ChangedCalls(**{call: fail})


@pytest.mark.parametrize("call", ["open", "readv"])
@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EINTR])
def test_a_copy_that_could_not_be_looked_at_keeps_its_name_and_is_tried_again(
    destination: Path, item: CopyItem, call: str, code: int
) -> None:
    failure = only_failure(copy(item, calls=failing_read_back(code, call)))

    assert (failure.stage, failure.errno, failure.transient) == (Stage.READ_BACK, code, True)
    assert (failure.differs, failure.moved_to) == (False, None)
    assert contents(destination) == {CAMERA: FILES[CAMERA]}


def test_an_io_error_before_the_data_says_nothing_about_the_copy(destination: Path, item: CopyItem) -> None:
    failure = only_failure(copy(item, calls=failing_read_back(errno.EIO, "open")))

    assert (failure.errno, failure.moved_to) == (errno.EIO, None)
    assert contents(destination) == {CAMERA: FILES[CAMERA]}


def test_a_copy_whose_data_the_medium_does_not_give_back_is_moved_aside(
    destination: Path, item: CopyItem
) -> None:
    failure = only_failure(copy(item, calls=failing_read_back(errno.EIO, "readv")))

    assert failure.moved_to == ASIDE + item.transfer.hex[:8].encode()
    assert contents(destination) == {failure.moved_to: FILES[CAMERA]}


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_took_the_place_of_a_copy_before_its_read_back_is_not_touched(
    destination: Path, item: CopyItem, kind: str
) -> None:
    place = destination / "case" / "clips" / "cam01.mov"

    def opened(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_DIRECT and not (place.parent / "ours").exists():
            place.rename(place.parent / "ours")
            match kind:
                case "file":
                    place.write_bytes(b"of somebody else")
                case "folder":
                    place.mkdir()
                case "link":
                    place.symlink_to("nowhere")
        return real(path, flags, *more, **named)

    failure = only_failure(copy(item, calls=ChangedCalls(open=opened)))

    assert failure.moved_to is None
    assert sorted(path.name for path in place.parent.iterdir()) == ["cam01.mov", "ours"]
