import os
import subprocess
from pathlib import Path

import pytest

from custody.domain.errors import Refused
from custody.domain.paths import RawPath
from custody.infrastructure.files import mount_table
from custody.infrastructure.files.inspector import FileInspector
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from tests.unit.files.engine_runs import ChangedCalls, refusing

inspector = FileInspector(LinuxFileCalls())


def raw(path: Path) -> RawPath:
    return RawPath(os.fsencode(path))


def test_what_stands_somewhere_is_said_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"123")
    (tmp_path / "link").symlink_to("file")

    kinds = {}
    for name in ("file", "link", "nothing", "file/below"):
        standing = inspector.standing(raw(tmp_path / name))
        kinds[name] = standing and standing.kind

    assert kinds == {"file": "file", "link": "link", "nothing": None, "file/below": None}


def test_what_cannot_be_looked_at_is_refused(tmp_path: Path) -> None:
    blind = FileInspector(ChangedCalls(stat=refusing(13), realpath=refusing(5), statvfs=refusing(5)))

    with pytest.raises(Refused):
        blind.standing(raw(tmp_path))
    with pytest.raises(Refused):
        blind.contains(raw(tmp_path), raw(tmp_path))
    with pytest.raises(Refused):
        blind.room(raw(tmp_path))
    assert "cannot be looked at" in (blind.obstacle(raw(tmp_path)) or "")


def test_a_path_that_cannot_be_resolved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        FileInspector(ChangedCalls(realpath=refusing(5))).contains(raw(tmp_path), raw(tmp_path))


@pytest.mark.parametrize("path", [".", "new", "new/newer"])
def test_nothing_speaks_against_a_folder_that_is_there_or_can_be_made(tmp_path: Path, path: str) -> None:
    assert inspector.obstacle(raw(tmp_path / path)) is None


@pytest.mark.parametrize(("path", "says"), [("file", "is not a folder"), ("file/new", "lies below a file")])
def test_a_file_is_an_obstacle(tmp_path: Path, path: str, says: str) -> None:
    (tmp_path / "file").touch()

    assert (inspector.obstacle(raw(tmp_path / path)) or "").startswith(says)


def test_missing_rights_are_an_obstacle(tmp_path: Path) -> None:
    forbidden = FileInspector(ChangedCalls(access=lambda real, path, mode: False))

    assert (forbidden.obstacle(raw(tmp_path)) or "").startswith("cannot be written")


@pytest.mark.root
def test_a_bind_mount_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "source" / "deep").mkdir(parents=True)
    (tmp_path / "mount").mkdir()
    bind = subprocess.run(
        ["mount", "--bind", tmp_path / "source", tmp_path / "mount"], capture_output=True, check=False
    )
    if bind.returncode:
        pytest.skip("bind mounts are not allowed here")
    try:
        assert inspector.contains(raw(tmp_path / "source"), raw(tmp_path / "mount" / "deep" / "new"))
        assert inspector.contains(raw(tmp_path / "mount"), raw(tmp_path / "source"))
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path / "mount"], check=True)
        assert (
            inspector.obstacle(raw(tmp_path / "mount")) == "lies on a file system that is mounted read-only"
        )
    finally:
        subprocess.run(["umount", tmp_path / "mount"], check=True)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("a", "a", True),
        ("a", "a/b/new/newer", True),
        ("a", "link/new", True),
        ("link", "a/b", True),
        ("a/b", "a", False),
        ("a", "ab", False),
        ("nothing", "a", False),
    ],
)
def test_containment_is_of_folders_not_of_names(
    tmp_path: Path, outer: str, inner: str, expected: bool
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "ab").mkdir()
    (tmp_path / "link").symlink_to("a/b" if outer != "link" else "a")

    assert inspector.contains(raw(tmp_path / outer), raw(tmp_path / inner)) is expected


def test_room_is_that_of_the_file_system_that_would_hold_the_folder(tmp_path: Path) -> None:
    device, room = inspector.room(raw(tmp_path / "new" / "newer"))

    assert device == os.stat(tmp_path).st_dev
    assert room.free_bytes > 0


def table(*mounts: str) -> bytes:
    lines = (f"{number} 1 {mount} rw - ext4 /dev/sda rw" for number, mount in enumerate(mounts, 30))
    return "\n".join(lines).encode() + b"\nnonsense\n"


@pytest.mark.parametrize(
    ("shown", "at", "outer", "inner", "expected"),
    [
        ("source/deep", "bound", "source", "bound/new", True),
        ("source", "bound", "source/deep", "bound/new", False),
        ("source", "bound", "source/deep", "bound/deep/new", True),
        ("other", "source/deep", "source", "other/new", True),
        ("other", "source/deep", "source", "bound", False),
        ("source/deep", "other/here", "source", "other", True),
        ("source/deep", "other/h\\040re", "source", "other", True),
        ("source", "source/deep", "source/deep", "source", False),
    ],
)
def test_a_mount_of_a_folder_in_the_other_is_seen_through(
    tmp_path: Path, shown: str, at: str, outer: str, inner: str, *, expected: bool
) -> None:
    (tmp_path / "source" / "deep").mkdir(parents=True)
    mounts = table("8:1 / / rw", f"8:1 {tmp_path}/{shown} {tmp_path}/{at} rw", "8:2 / /boot rw")
    looking = FileInspector(LinuxFileCalls(), lambda: mounts)

    assert looking.contains(raw(tmp_path / outer), raw(tmp_path / inner)) is expected


def test_without_a_table_of_mounts_folders_are_compared_alone(tmp_path: Path) -> None:
    looking = FileInspector(LinuxFileCalls(), lambda: b"")

    assert looking.contains(raw(tmp_path), raw(tmp_path / "new"))
    assert not looking.contains(raw(tmp_path / "new"), raw(tmp_path))


def test_the_lineage_of_a_folder_is_itself_and_all_that_hold_it(tmp_path: Path) -> None:
    lineage = inspector.lineage(raw(tmp_path / "new" / "newer"))

    for folder in (tmp_path, *tmp_path.parents):
        status = folder.stat()
        assert (status.st_dev, status.st_ino) in lineage


def test_a_table_of_mounts_that_cannot_be_read_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount_table, "MOUNTS", tmp_path / "nothing")

    assert mount_table.read_mounts() == b""
