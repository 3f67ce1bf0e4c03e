"""A ledger on a disk without room: nobody dies, readers read, a run halts and goes on once there is room.

The blocks of the file system are smaller than a page: there SQLite's shared memory has holes, and one who
writes to one on a full disk is killed by SIGBUS.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended, is_three_line_error

DISK_BYTES = 24 << 20
BLOCK_BYTES = 1024
READING = (("batch", "list"), ("batch", "status"), ("log", "tail"), ("audit",))

pytestmark = [pytest.mark.system_fault("loop"), pytest.mark.fault, pytest.mark.slow]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    folder.mkdir()
    for command in (
        ["mkfs.ext4", "-q", "-b", str(BLOCK_BYTES), "-m", "0", image],
        ["mount", "-o", "loop", image, folder],
    ):
        subprocess.run(command, check=True, capture_output=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def custody(tmp_path: Path, disk: Path) -> CommandLine:
    """A workspace on that disk with one copied file; source and copies lie elsewhere."""
    command_line = CommandLine(tmp_path)
    (tmp_path / "workspace").symlink_to(disk / "workspace")
    made = command_line("init", str(disk / "workspace"), "--examiner", "A", "--no-passphrase")
    assert made.code == 0, made.err
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").write_bytes(b"evidence")
    (tmp_path / "copies").mkdir()
    assert copied(command_line, "one").code == 0
    return command_line


def copied(custody: CommandLine, source: str) -> Ended:
    return custody("copy", str(custody.home / source), "--to", str(custody.home / "copies"), "--case", "1")


def fill(disk: Path, *, but_blocks: int = 0) -> None:
    """Fill the disk to its last block, then give back some blocks."""
    spare = disk / "spare"
    if but_blocks:
        spare.write_bytes(b"x" * (but_blocks * BLOCK_BYTES))
        os.sync()
    with (disk / "filling").open("ab", buffering=0) as filling:
        try:
            while True:
                filling.write(bytes(BLOCK_BYTES))
        except OSError:
            os.fsync(filling.fileno())
    spare.unlink(missing_ok=True)
    os.sync()


@pytest.mark.parametrize("blocks", [0, 9, 40])
def test_commands_that_read_read_on_a_full_disk(custody: CommandLine, disk: Path, blocks: int) -> None:
    fill(disk, but_blocks=blocks)

    codes = {words: custody(*words).code for words in READING}

    assert codes == dict.fromkeys(READING, 0)


@pytest.mark.parametrize("blocks", [0, 40, 330])
def test_a_writer_on_a_full_disk_halts_with_three_lines_and_nobody_loses_anything(
    custody: CommandLine, disk: Path, blocks: int
) -> None:
    (custody.home / "more").mkdir()
    for number in range(1500):
        (custody.home / "more" / f"file {number:04d} with a long name").write_bytes(b"%d" % number)
    fill(disk, but_blocks=blocks)

    halted = copied(custody, "more")

    assert halted.code == 20, halted.err
    assert is_three_line_error(halted, "ledger-failed")
    assert custody("audit").code == 0
    (disk / "filling").unlink()
    assert copied(custody, "more").code == 0
    assert custody("audit").code == 0
    assert custody("verify").code == 0
