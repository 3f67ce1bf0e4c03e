import errno
import os
import socket
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from custody.domain.copying.orders import Walk
from custody.domain.copying.reports import Done, Listed, ListedEntry, ListingFailed
from custody.domain.entries.entry import state_of as entry_state
from custody.domain.events import FileFailed
from custody.domain.identifiers import JobId
from custody.domain.paths import RawPath
from custody.infrastructure.event_store.codec import MAX_STATE_BYTES
from custody.infrastructure.files.engine import CopyEngine
from custody.infrastructure.files.walking import MAX_PATH_BYTES
from tests.unit.files.engine_runs import ChangedCalls, of_kind, work


def walk(folder: Path, calls: ChangedCalls | None = None) -> tuple[list[ListedEntry], list[ListingFailed]]:
    request = Walk(RawPath(os.fsencode(folder.parent)), os.fsencode(folder.name))
    reports = work(request, calls)
    return [e for r in of_kind(Listed, reports) for e in r.entries], of_kind(ListingFailed, reports)


def test_a_folder_comes_before_its_content_and_names_are_sorted_as_bytes(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "root")
    for folder in (b"a", b"a/x", b"a.d", b"\xff"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for file in (b"a/x/1", b"a.txt", b"B", "é".encode(), b"\xff/1", b"a\nb"):
        Path(os.fsdecode(os.path.join(root, file))).touch()

    entries, _ = walk(tmp_path / "root")

    expected = [
        b"",
        b"B",
        b"a",
        b"a/x",
        b"a/x/1",
        b"a\nb",
        b"a.d",
        b"a.txt",
        "é".encode(),
        b"\xff",
        b"\xff/1",
    ]
    expected = [b"root/" + path if path else b"root" for path in expected]
    assert [entry.path for entry in entries] == sorted(expected, key=lambda path: path.split(b"/"))


def test_an_entry_is_what_lstat_says(tmp_path: Path) -> None:
    file = tmp_path / "root"
    file.write_bytes(b"12345")
    os.utime(file, ns=(1_600_000_000_123_456_789, -1_500_000_000))
    os.chmod(file, 0o4751)
    status = os.lstat(file)

    ((entry,), _) = walk(file)

    assert entry == ListedEntry(
        path=RawPath(b"root"),
        kind="file",
        size=5,
        mtime_ns=-1_500_000_000,
        atime_ns=1_600_000_000_123_456_789,
        ctime_ns=status.st_ctime_ns,
        mode=0o4751,
        uid=status.st_uid,
        gid=status.st_gid,
        device=status.st_dev,
        inode=status.st_ino,
        links=1,
    )


def test_every_kind_has_its_word_and_no_link_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)
    os.symlink(b"..", b"link")
    os.symlink(b"\xff", b"link dangling")
    os.mkfifo("fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")

    entries, _ = walk(root)

    assert [(entry.path, entry.kind, entry.target) for entry in entries[1:]] == [
        (b"root/fifo", "fifo", None),
        (b"root/link", "link", b".."),
        (b"root/link dangling", "link", b"\xff"),
        (b"root/socket", "socket", None),
    ]


@pytest.mark.root
def test_a_device_is_listed_and_not_opened(tmp_path: Path) -> None:
    os.mknod(tmp_path / "root", 0o20600, os.makedev(1, 3))

    ((entry,), _) = walk(tmp_path / "root")

    assert entry.kind == "character-device"


def test_a_missing_source_is_said(tmp_path: Path) -> None:
    entries, (failure,) = walk(tmp_path / "root")

    assert entries == []
    assert (failure.path, failure.error, failure.errno) == (b"root", "vanished", errno.ENOENT)


def test_a_folder_that_cannot_be_listed_is_said_and_the_walk_goes_on(tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        (tmp_path / "root" / folder / "file").mkdir(parents=True)

    def names(real: Any, fd: int) -> list[bytes]:
        if os.readlink(f"/proc/self/fd/{fd}").endswith("/b"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(fd)

    entries, (failure,) = walk(tmp_path / "root", ChangedCalls(names=names))

    assert (failure.path, failure.error) == (b"root/b", "permission-denied")
    assert [entry.path for entry in entries] == [
        *(b"root", b"root/a", b"root/a/file", b"root/b", b"root/c", b"root/c/file"),
    ]


def test_a_folder_of_somebody_else_is_listed_although_its_access_time_cannot_be_spared(
    tmp_path: Path,
) -> None:
    (tmp_path / "root" / "a").mkdir(parents=True)

    def open_unprivileged(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return real(path, flags, *more, **named)

    entries, failures = walk(tmp_path / "root", ChangedCalls(open=open_unprivileged))

    assert (len(entries), failures) == (2, [])


def test_depth_has_no_limit_but_that_of_an_entry(tmp_path: Path) -> None:
    depth = 1_200
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(b"deep", dir_fd=fd)
        following = os.open(b"deep", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = following

    entries, failures = walk(tmp_path / "deep")

    for _ in range(depth):  # pytest would recurse to remove it
        above = os.open(b"..", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        os.rmdir(b"deep", dir_fd=above)
        fd = above
    os.close(fd)
    assert len(entries) == (MAX_PATH_BYTES + 1) // len(b"deep/")
    assert [failure.path for failure in failures] == [entries[-1].path]


def test_a_large_folder_is_told_in_batches(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for index in range(2_500):
        (tmp_path / "root" / f"{index}").touch()

    reports = work(Walk(RawPath(os.fsencode(tmp_path)), b"root"))

    assert [len(report.entries) for report in of_kind(Listed, reports)] == [1000, 1000, 501]
    assert isinstance(reports[-1], Done)


def test_a_slow_listing_gives_signs_of_life(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for index in range(10):
        (tmp_path / "root" / f"{index}").touch()
    ticks = iter(range(1_000))
    engine = CopyEngine(ChangedCalls(), monotonic=lambda: float(next(ticks)))

    reports = list(engine.work(Walk(RawPath(os.fsencode(tmp_path)), b"root")))
    engine.close()

    assert len(of_kind(Listed, reports)) == 11


def test_the_listed_folders_keep_their_access_times(tmp_path: Path) -> None:
    (tmp_path / "root" / "a").mkdir(parents=True)
    os.utime(tmp_path / "root", ns=(1, 10**18))

    walk(tmp_path / "root")

    assert os.stat(tmp_path / "root").st_atime_ns == 1


def make_deep(folder: Path, name: bytes, depth: int) -> None:
    """A path of any length, made without naming it as a whole."""
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open(b"end", os.O_CREAT, dir_fd=here))
    os.close(here)


@pytest.mark.parametrize("name", [b"a" * 200, b"\xff" * 200])
def test_a_path_that_no_entry_has_room_for_is_reported_by_its_folder(tmp_path: Path, name: bytes) -> None:
    make_deep(tmp_path / "root", name, 20)
    (tmp_path / "root" / "z").touch()

    entries, failures = walk(tmp_path / "root")

    (failure,) = failures
    deepest = max((entry.path for entry in entries), key=len)
    assert (failure.path, failure.error, failure.errno) == (deepest, "name-too-long", None)
    assert MAX_PATH_BYTES - len(name) <= len(deepest) <= MAX_PATH_BYTES
    assert b"root/z" in [entry.path for entry in entries]


def test_a_folder_full_of_paths_too_long_is_reported_once(tmp_path: Path) -> None:
    make_deep(tmp_path / "root", b"a" * 251, 12)
    folder = os.open(tmp_path / "root", os.O_RDONLY)
    for _ in range(12):
        folder = os.open(b"a" * 251, os.O_RDONLY, dir_fd=folder)
    for number in range(5):
        os.mkdir(b"b" * 200 + b"%d" % number, dir_fd=folder)

    _, failures = walk(tmp_path / "root")

    assert [failure.message[-3:] for failure in failures] == [": 5"]


@pytest.mark.parametrize("byte", [b"a", b"\xff", b"\n", b'"', "é".encode(), "\u202e".encode(), b"\\"])
def test_every_listed_path_fits_an_entry_with_three_of_them(tmp_path: Path, byte: bytes) -> None:
    make_deep(tmp_path / "root", byte * (240 // len(byte)), 18)
    entries, _ = walk(tmp_path / "root")
    path = max((entry.path for entry in entries), key=len)
    failed = FileFailed(
        job=JobId(UUID(int=1)),
        run=1,
        path=path,
        source=RawPath(b"/" + byte * (999 // len(byte)) + b"/" + path),
        stage="read-back",
        error="read-back-differs",
        message="x" * 500,
        attempt=1,
        moved_to=RawPath(path + b".custody-bad-01234567"),
    )

    assert len(entry_state(failed, "2026-03-01T21:10:00.123456Z")) <= MAX_STATE_BYTES
