"""Real file systems with their real limits: ext4 that fills up or breaks, memory, bind mounts."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error
from tests.integration.acquiring import make_source, tree
from tests.system_faults import mounting
from tests.system_faults.honesty import contents, require_honest
from tests.system_faults.running import (
    ONE_TRY,
    SMALL_WINDOWS,
    copying,
    ending,
    many_files,
    until_verified,
)

pytestmark = pytest.mark.fault

MIB = 1 << 20
Mounts = contextlib.ExitStack


def ext4(case: CommandLine, mounts: Mounts, *make: str, size: int = 48 * MIB, options: str = "loop") -> Path:
    image = mounting.make_image(case.home / "disk", size, "mkfs.ext4", "-q", *make)
    return mounts.enter_context(mounting.mounted("ext4", image, case.home / "to", options))


def use_up_bytes(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(64 * 1024))


def use_up_inodes(folder: Path) -> None:
    (folder / "filler").mkdir()
    with contextlib.suppress(OSError):
        for number in range(1_000_000):
            (folder / "filler" / str(number)).touch()


@pytest.mark.system_fault("loop")
@pytest.mark.parametrize(
    ("use_up", "make"), [(use_up_bytes, ("-m", "0")), (use_up_inodes, ("-N", "2000", "-m", "0"))]
)
def test_a_disk_that_fills_up_under_way_halts_the_run_which_goes_on_when_there_is_room(
    case: CommandLine, mounts: Mounts, use_up: object, make: tuple[str, ...]
) -> None:
    source = many_files(case.home / "source", files=400)
    to = ext4(case, mounts, *make)
    process = case.start(*copying(source, to), **SMALL_WINDOWS, **ONE_TRY)
    until_verified(process)
    use_up(to)
    ended = ending(process)

    said = require_honest(case, ended, contents(source), to)
    assert ended.code == 20, ended.err
    assert {one.error for one in said.values() if not one.verified} == {"no-space"}
    subprocess.run(["rm", "-rf", to / "filler"], check=True)
    resumed = case("batch", "retry", ended.result["batch"], "--json")
    require_honest(case, resumed, contents(source), to, met_a_fault=False)
    assert resumed.code == 0, resumed.err
    assert tree(to / "source") == tree(source)


@pytest.mark.system_fault("loop")
def test_a_disk_that_becomes_read_only_under_way_halts_the_run(case: CommandLine, mounts: Mounts) -> None:
    source = many_files(case.home / "source", files=400)
    to = ext4(case, mounts, options="loop,errors=remount-ro")
    switch = Path("/sys/fs/ext4", Path(device_of(to)).name, "trigger_fs_error")
    process = case.start(*copying(source, to), **SMALL_WINDOWS, **ONE_TRY)
    until_verified(process)
    switch.write_text("1")
    ended = ending(process)

    said = require_honest(case, ended, contents(source), to)
    assert ended.code == 20, ended.err
    assert {one.error for one in said.values() if not one.verified} <= {"read-only", "io-error"}


def device_of(folder: Path) -> str:
    found = subprocess.run(["findmnt", "-no", "SOURCE", folder], check=True, capture_output=True, text=True)
    return found.stdout.strip()


@pytest.mark.system_fault("mount")
def test_a_copy_in_memory_is_said_to_have_been_read_from_the_cache(case: CommandLine, mounts: Mounts) -> None:
    source = make_source(case.home / "source")
    to = mounts.enter_context(mounting.mounted("tmpfs", "tmpfs", case.home / "to"))
    ended = case(*copying(source, to))

    said = require_honest(case, ended, contents(source), to)
    assert ended.code == 0
    assert {outcome.data["read_back"] for outcome in said.values()} == {"cached"}


@pytest.mark.system_fault("mount")
@pytest.mark.parametrize(
    ("shown", "copied", "to"),
    [
        (".", "source", "bound/deep/to"),
        (".", "bound/deep", "source"),
        (".", "bound", "source/deep"),
        ("deep", "source", "bound/to"),
    ],
)
def test_a_bind_mount_does_not_hide_that_one_lies_in_the_other(
    case: CommandLine, mounts: Mounts, shown: str, copied: str, to: str
) -> None:
    source = make_source(case.home / "source")
    mounts.enter_context(mounting.mounted("", source / shown, case.home / "bound", "bind"))
    before = tree(source)
    ended = case(*copying(case.home / copied, case.home / to))

    assert ended.code == 6, ended.err
    assert is_three_line_error(ended, "refused")
    assert tree(source) == before
    print("1 fault point, 0 false good")


@pytest.mark.system_fault("loop")
def test_what_stands_there_already_is_kept_on_a_full_disk_too(case: CommandLine, mounts: Mounts) -> None:
    source = many_files(case.home / "source", files=4)
    to = ext4(case, mounts, "-m", "0")
    (to / "source").mkdir()
    (to / "source" / "part0").write_bytes(b"of somebody else")
    use_up_bytes(to)
    ended = case(*copying(source, to))

    assert ended.code == 6
    assert (to / "source" / "part0").read_bytes() == b"of somebody else"
    assert sorted(os.listdir(to)) == ["filler", "lost+found", "source"]
    print("1 fault point, 0 false good")
