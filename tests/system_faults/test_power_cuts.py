"""A power cut: the file system that holds ledger and destination is shut down without a last flush."""

import contextlib
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.integration.acquiring import tree
from tests.system_faults import mounting
from tests.system_faults.honesty import contents, entries, outcomes, require_honest
from tests.system_faults.running import SMALL_WINDOWS, copying, many_files, until_verified

pytestmark = [pytest.mark.fault, pytest.mark.system_fault("loop")]

FS_IOC_SHUTDOWN = 0x8004587D  # linux/fs.h
MOMENT_SECONDS = 0.05
WITHOUT_LOG = 2  # not even what the journal holds in memory is written
SIZE = 192 << 20

Entry = dict[str, object]


def cut_the_power(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, FS_IOC_SHUTDOWN, struct.pack("I", WITHOUT_LOG))
    finally:
        os.close(fd)


class Machine:
    """A disk that can be pulled out of a running machine and put into another."""

    def __init__(self, home: Path, stack: contextlib.ExitStack) -> None:
        self.image = mounting.make_image(home / "disk.img", SIZE, "mkfs.ext4", "-q", "-m", "0")
        self.folder = home / "disk"
        self.stack = stack
        self.start()

    def start(self) -> None:
        self.stack.enter_context(mounting.mounted("ext4", self.image, self.folder, "loop"))

    def cut(self, process: subprocess.Popen[bytes]) -> None:
        """Cut the power of disk and processor."""
        cut_the_power(self.folder)
        process.kill()
        process.communicate()
        self.stack.close()

    def check(self) -> None:
        checked = subprocess.run(["e2fsck", "-fn", self.image], check=False, capture_output=True)
        assert checked.returncode == 0, checked.stdout


def seen_while_it_stands_still(case: CommandLine, process: subprocess.Popen[bytes]) -> list[Entry]:
    process.send_signal(signal.SIGSTOP)
    try:
        return entries(case)
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("files", [1, 20, 75])
def test_everything_said_or_recorded_as_done_before_a_power_cut_is_there_after_it(
    tmp_path: Path, new_workspace: Path, files: int
) -> None:
    source = many_files(tmp_path / "source", files=300)
    with contextlib.ExitStack() as stack:
        machine = Machine(tmp_path, stack)
        shutil.copytree(new_workspace, machine.folder / "workspace")
        case, to = CommandLine(machine.folder), machine.folder / "to"
        os.sync()
        process = case.start(*copying(source, to), **SMALL_WINDOWS, cwd=tmp_path)
        said = set(until_verified(process, files))
        acknowledged = seen_while_it_stands_still(case, process)
        time.sleep(MOMENT_SECONDS)
        assert process.poll() is None, "the run was over before the power was cut"
        machine.cut(process)

        machine.start()
        after = entries(case)
        assert after[: len(acknowledged)] == acknowledged, "the ledger lost what it had acknowledged"
        evidence, copies = contents(source), contents(to / "source")
        for path in said | {path.decode() for path, one in outcomes(case).items() if one.verified}:
            assert copies.get(path.encode()) == evidence[path.encode()], f"{path} was said to be verified"
        assert all(evidence[path] == copy for path, copy in copies.items() if path in evidence)

        resumed = case("batch", "resume", "--json", cwd=tmp_path)
        require_honest(case, resumed, evidence, to)
        assert resumed.code == 0, resumed.err
        assert tree(to / "source") == tree(source)
        stack.close()
        machine.check()
