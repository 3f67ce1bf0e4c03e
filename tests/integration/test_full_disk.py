import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error

SMALL = "1m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.root
def test_a_disk_without_room_is_refused_before_anything_is_written(
    case: CommandLine, small_disk: Path
) -> None:
    (case.home / "source").mkdir()
    (case.home / "source" / "large").write_bytes(bytes(3_000_000))

    ended = case("copy", str(case.home / "source"), "--to", str(small_disk), "--case", "1")

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert "not enough space" in ended.err
    assert os.listdir(small_disk) == []


@pytest.mark.root
def test_a_ledger_whose_disk_is_full_halts_and_loses_nothing(custody: CommandLine, small_disk: Path) -> None:
    workspace = str(small_disk / "workspace")
    assert custody("init", workspace, "--examiner", "A", "--no-passphrase").code == 0
    source = custody.home / "source"
    source.mkdir()
    for number in range(3000):
        (source / f"file {number:04d} with a long name that fills the ledger").write_bytes(b"x")
    (custody.home / "copies").mkdir()

    ended = custody("copy", str(source), "--to", str(custody.home / "copies"), "--case", "1", "-w", workspace)

    assert ended.code == 20, ended.err
    assert is_three_line_error(ended, "ledger-failed")
    assert len(list(source.iterdir())) == 3000
    assert custody("audit", "-w", workspace, "-q").code in {0, 4}
