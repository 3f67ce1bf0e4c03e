"""The look at how fast sources are read: as long as granted, nothing told of what cannot be read."""

import errno
import itertools
import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath
from custody.infrastructure.files.folders import Folders
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from custody.infrastructure.files.speed_probe import BLOCKS_A_FLUSH, PROBE_SECONDS, probe, probe_writing
from custody.infrastructure.files.streaming import BUFFER_BYTES, AlignedBuffer

TICK = PROBE_SECONDS / 10


def item(folder: Path, name: str) -> CopyItem:
    status = (folder / name).stat()
    return CopyItem(
        transfer=TransferId(UUID(int=1)),
        operation=Operation.PROBE,
        source_root=RawPath(os.fsencode(folder)),
        destination=RawPath(b""),
        path=RawPath(name.encode()),
        temporary=b"",
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        mode=0o644,
        device=status.st_dev,
        inode=status.st_ino,
        algorithms=(),
    )


def probed_sizes(*items: CopyItem) -> list[int]:
    folders, buffer, ticks = Folders(LinuxFileCalls()), AlignedBuffer(), itertools.count()
    try:
        return [one.size for one in probe(folders, items, buffer, lambda: next(ticks) * TICK)]
    finally:
        folders.forget()
        buffer.close()


def test_a_file_is_read_to_its_end_or_until_its_share_of_the_time_is_over(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(bytes(1234))
    with (tmp_path / "large").open("wb") as file:
        file.truncate(100 * BUFFER_BYTES)
    small, large = item(tmp_path, "small"), item(tmp_path, "large")
    alone = probed_sizes(large)
    first, second = probed_sizes(large, small)

    assert alone[0] % BUFFER_BYTES == 0
    assert 0 < first < alone[0] < 100 * BUFFER_BYTES
    assert second == 1234


def test_of_a_file_that_cannot_be_read_nothing_was_read(tmp_path: Path) -> None:
    (tmp_path / "gone").touch()
    gone = item(tmp_path, "gone")
    (tmp_path / "gone").unlink()

    assert probed_sizes(gone) == [0]


def written(calls: LinuxFileCalls, *folders: bytes, size: int = 1 << 40) -> list[int]:
    items = [
        replace(
            item(Path(__file__).parent, Path(__file__).name),
            operation=Operation.PROBE_WRITING,
            destination=RawPath(folder),
            size=size,
        )
        for folder in folders
    ]
    ticks = itertools.count()
    return [one.size for one in probe_writing(calls, items, lambda: next(ticks) * TICK)]


def test_writing_leaves_nothing_at_the_destination_not_even_a_new_time(tmp_path: Path) -> None:
    before = tmp_path.stat()

    (size,) = written(LinuxFileCalls(), os.fsencode(tmp_path / "not" / "made" / "yet"))

    assert size > 0
    assert size % (BLOCKS_A_FLUSH * BUFFER_BYTES) == 0
    assert list(tmp_path.iterdir()) == []
    after = tmp_path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)


def test_no_more_is_written_than_was_granted(tmp_path: Path) -> None:
    assert written(LinuxFileCalls(), os.fsencode(tmp_path), size=12_345) == [12_345]


def test_destinations_share_the_time(tmp_path: Path) -> None:
    (alone,) = written(LinuxFileCalls(), os.fsencode(tmp_path))
    first, second = written(LinuxFileCalls(), *[os.fsencode(tmp_path)] * 2)

    assert 0 < first == second < alone


class NothingNameless(LinuxFileCalls):
    """A file system without files that have no name, or a full one."""

    def __init__(self, call: str, number: int) -> None:
        super().__init__()
        self.call, self.number = call, number

    def open(self, path: bytes, flags: int, mode: int = 0o600, /, *, dir_fd: int | None = None) -> int:
        if self.call == "open" and flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(self.number, "no")
        return super().open(path, flags, mode, dir_fd=dir_fd)

    def fdatasync(self, fd: int, /) -> None:
        if self.call == "fdatasync":
            raise OSError(self.number, "no")
        super().fdatasync(fd)


@pytest.mark.parametrize(
    ("call", "number"), [("open", errno.EOPNOTSUPP), ("open", errno.EROFS), ("fdatasync", errno.ENOSPC)]
)
def test_a_destination_that_takes_no_nameless_file_is_not_measured(
    tmp_path: Path, call: str, number: int
) -> None:
    opened = len(os.listdir("/proc/self/fd"))

    assert written(NothingNameless(call, number), os.fsencode(tmp_path)) == [0]
    assert len(os.listdir("/proc/self/fd")) == opened
