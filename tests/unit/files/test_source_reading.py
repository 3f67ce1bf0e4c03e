import errno
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Flushed, ReadBack, Side, Stage
from custody.domain.paths import RawPath
from tests.faults.evidence import FILES, contents, item_for, make_destination, state_of
from tests.unit.files.engine_runs import ChangedCalls, copy, of_kind, only_failure

CAMERA = b"case/clips/cam01.mov"


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA)


def camera(source: Path) -> Path:
    return source / "case" / "clips" / "cam01.mov"


def exchange(source: Path, kind: str) -> None:
    path = camera(source)
    path.unlink()
    match kind:
        case "link":
            path.symlink_to("/etc/passwd")
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "socket":
            os.chdir(path.parent)  # the address of a socket must be short
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(path.name)
        case "file":
            other = path.with_name("other")
            other.write_bytes(FILES[CAMERA])
            other.rename(path)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("nothing", "vanished"),
        ("link", "is-a-link"),
        ("fifo", "not-a-regular-file"),
        ("directory", "not-a-regular-file"),
        ("socket", "not-a-regular-file"),
        ("file", "changed"),
    ],
)
def test_what_is_no_longer_the_inventoried_file_is_not_copied(
    source: Path, destination: Path, item: CopyItem, kind: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source)
    exchange(source, kind)

    failure = only_failure(copy(item))

    assert failure.side is Side.SOURCE
    assert failure.stage is Stage.OPEN
    assert failure.error == word
    assert contents(destination) == {}


def test_a_folder_exchanged_for_a_link_is_not_followed(source: Path, item: CopyItem) -> None:
    clips = source / "case" / "clips"
    clips.rename(source / "elsewhere")
    clips.symlink_to(source / "elsewhere")

    assert only_failure(copy(item)).error == "unsafe-path"


@pytest.mark.parametrize("path", [b"../source/case/empty", b"/etc/passwd", b"case//empty", b""])
def test_a_path_that_leads_out_fails_as_unsafe(item: CopyItem, path: bytes) -> None:
    assert only_failure(copy(replace(item, path=RawPath(path)))).error == "unsafe-path"


@pytest.mark.parametrize("change", [{"size": 1}, {"mtime_ns": 1}, {"inode": 1}, {"device": 1}])
def test_a_source_unlike_its_inventory_is_changed(item: CopyItem, change: dict[str, int]) -> None:
    failure = only_failure(copy(replace(item, **change)))

    assert (failure.error, failure.transient) == ("changed", True)


def test_an_inode_that_is_not_known_is_not_compared(item: CopyItem) -> None:
    assert of_kind(ReadBack, copy(replace(item, inode=0, device=0)))


@pytest.mark.parametrize("change", ["append", "rewrite", "touch"])
def test_a_source_that_changes_while_it_is_read_is_never_claimed(
    source: Path, destination: Path, item: CopyItem, change: str
) -> None:
    reads = []

    def readv(real: Any, fd: int, buffers: Any) -> int:
        reads.append(fd)
        if len(reads) == 2:
            path = camera(source)
            with open(path, "r+b" if change == "rewrite" else "ab") as opened:
                opened.write(b"!" if change != "touch" else b"")
            if change == "touch":
                os.utime(path, ns=(0, 0))
        return real(fd, buffers)

    reports = copy(item, calls=ChangedCalls(readv=readv))

    assert only_failure(reports).error in {"changed", "grew"}
    assert not of_kind(Flushed, reports)
    assert contents(destination) == {}


@pytest.mark.parametrize(("read", "word"), [(0, "truncated"), (10, "grew")])
def test_every_byte_is_counted(item: CopyItem, read: int, word: str) -> None:
    """File systems have been seen to end early, or to give more, without any error."""
    calls = ChangedCalls(readv=lambda real, fd, buffers: read)

    failure = only_failure(copy(replace(item), calls=calls))

    assert (failure.error, failure.side) == (word, Side.SOURCE)
    assert failure.offset == (0 if word == "truncated" else item.size)


def test_a_read_error_tells_where(item: CopyItem) -> None:
    reads = []

    def readv(real: Any, fd: int, buffers: Any) -> int:
        reads.append(fd)
        if len(reads) == 2:
            raise OSError(errno.EIO, "Input/output error")
        return real(fd, (buffers[0][:8192],))

    failure = only_failure(copy(item, calls=ChangedCalls(readv=readv)))

    assert (failure.error, failure.errno, failure.offset, failure.transient) == (
        *("io-error", errno.EIO, 8192, True),
    )


def test_without_the_right_to_spare_access_times_it_reads_all_the_same(item: CopyItem) -> None:
    def open_unprivileged(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return real(path, flags, *more, **named)

    assert of_kind(ReadBack, copy(item, calls=ChangedCalls(open=open_unprivileged)))


def test_a_file_that_may_not_be_read_fails_for_that(item: CopyItem) -> None:
    def open_forbidden(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if path == b"cam01.mov":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *more, **named)

    failure = only_failure(copy(item, calls=ChangedCalls(open=open_forbidden)))

    assert (failure.error, failure.transient) == ("permission-denied", False)


@pytest.mark.parametrize("operation", [Operation.COPY, Operation.ADOPT])
def test_the_source_is_as_it_was(source: Path, destination: Path, operation: Operation) -> None:
    before, atimes = state_of(source), [os.stat(camera(source)).st_atime_ns]
    copy(item_for(source, destination, CAMERA))
    copy(item_for(source, destination, CAMERA, operation=operation))

    assert state_of(source) == before
    assert [os.stat(camera(source)).st_atime_ns] >= atimes


def test_a_path_longer_than_any_call_takes_is_copied(tmp_path: Path) -> None:
    parts = [b"d" * 100] * 60 + [b"file"]
    for root in (tmp_path / "source", tmp_path / "destination"):
        root.mkdir()
        fd = os.open(root, os.O_RDONLY)
        for part in parts[:-1]:
            os.mkdir(part, dir_fd=fd)
            following = os.open(part, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = following
        if root.name == "source":
            leaf = os.open(parts[-1], os.O_WRONLY | os.O_CREAT, dir_fd=fd)
            os.write(leaf, b"deep")
            status = os.fstat(leaf)
            os.close(leaf)
        os.close(fd)
    template = tmp_path / "template"
    template.mkdir()
    (template / "file").write_bytes(b"deep")
    item = replace(
        item_for(template, tmp_path / "destination", b"file"),
        source_root=RawPath(os.fsencode(tmp_path / "source")),
        path=RawPath(b"/".join(parts)),
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
    )

    assert len(item.path) > 4096
    assert of_kind(ReadBack, copy(item))


def test_few_descriptors_are_enough_for_many_folders(tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "destination"
    for root in (source, destination):
        for index in range(100):
            (root / f"{index}").mkdir(parents=True)
    for index in range(100):
        (source / f"{index}" / "file").write_bytes(b"%d" % index)
    items = [item_for(source, destination, b"%d/file" % index) for index in range(100)]
    held: set[int] = set()
    most = 0

    def opened(real: Any, *arguments: Any, **named: Any) -> int:
        nonlocal most
        fd = real(*arguments, **named)
        held.add(fd)
        most = max(most, len(held))
        return fd

    def closed(real: Any, fd: int) -> None:
        held.discard(fd)
        real(fd)

    calls = ChangedCalls(open=opened, close=closed)
    assert len(of_kind(ReadBack, copy(*items, calls=calls))) == 100
    assert not held
    assert 0 < most < 40


def test_destinations_are_not_confused(tmp_path: Path, source: Path, destination: Path) -> None:
    second = make_destination(tmp_path / "second")
    items = [item_for(source, where, CAMERA) for where in (destination, second)]

    assert len(of_kind(ReadBack, copy(*items))) == 2
    assert contents(destination) == contents(second) == {CAMERA: FILES[CAMERA]}
