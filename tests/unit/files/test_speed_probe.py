"""The look at how fast sources are read: as long as granted, nothing told of what cannot be read."""

import itertools
import os
from pathlib import Path
from uuid import UUID

from custody.domain.copying import CopyItem, Operation
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath
from custody.infrastructure.files.folders import Folders
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from custody.infrastructure.files.speed_probe import PROBE_SECONDS, probe
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
