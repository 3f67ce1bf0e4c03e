"""What any destination must do."""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from custody.domain.errors import Busy, DestinationFailed, DestinationMissing, Refused
from custody.domain.ports import Standing
from custody.infrastructure.files.destination import open_destination
from custody.infrastructure.files.folder_destination import FolderDestination
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from tests.faults.faulty_calls import FaultyCalls
from tests.unit.files.engine_runs import ChangedCalls, refusing

LONG_AGO = 1_500_000_000_123_456_789


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def destination(root: Path) -> Iterator[FolderDestination]:
    opened = open_destination(LinuxFileCalls(), os.fsencode(root), create=False)
    yield opened
    opened.close()


def test_nothing_stands_where_nothing_is(destination: FolderDestination) -> None:
    assert destination.standing(b"file") is None
    assert destination.standing(b"no/such/folder/file") is None


def test_a_file_stands_with_size_and_time(root: Path, destination: FolderDestination) -> None:
    (root / "file").write_bytes(b"12345")
    os.utime(root / "file", ns=(0, LONG_AGO))

    assert destination.standing(b"file") == Standing(kind="file", size=5, mtime_ns=LONG_AGO)


def test_a_link_stands_with_its_target_and_is_not_followed(
    root: Path, destination: FolderDestination
) -> None:
    os.symlink(b"\xff nowhere", os.path.join(os.fsencode(root), b"link"))

    standing = destination.standing(b"link")

    assert standing is not None
    assert (standing.kind, standing.target) == ("link", b"\xff nowhere")


def test_a_folder_is_made_once(root: Path, destination: FolderDestination) -> None:
    assert destination.make_folder(b"case")
    assert destination.make_folder(b"case/clips \xff")
    assert not destination.make_folder(b"case")
    assert os.listdir(os.fsencode(root / "case")) == [b"clips \xff"]


def test_a_folder_does_not_replace_a_file(root: Path, destination: FolderDestination) -> None:
    (root / "case").write_bytes(b"evidence")

    with pytest.raises(Refused):
        destination.make_folder(b"case")
    assert (root / "case").read_bytes() == b"evidence"


def test_a_link_is_made_with_its_time(root: Path, destination: FolderDestination) -> None:
    destination.make_link(b"link", b"../\xff", LONG_AGO)

    assert os.readlink(os.fsencode(root / "link")) == b"../\xff"
    assert os.lstat(root / "link").st_mtime_ns == LONG_AGO


def test_a_link_may_be_made_again_but_replaces_nothing(root: Path, destination: FolderDestination) -> None:
    destination.make_link(b"link", b"target", LONG_AGO)
    destination.make_link(b"link", b"target", LONG_AGO)

    with pytest.raises(Refused):
        destination.make_link(b"link", b"another target", LONG_AGO)
    assert os.readlink(root / "link") == "target"


def test_an_equal_link_that_was_there_keeps_its_time(root: Path, destination: FolderDestination) -> None:
    os.symlink("target", root / "link")
    os.utime(root / "link", ns=(1, 1), follow_symlinks=False)

    destination.make_link(b"link", b"target", LONG_AGO)

    assert os.lstat(root / "link").st_mtime_ns == 1


@pytest.mark.parametrize("call", ["utime", "rename_noreplace"])
def test_a_link_that_a_killed_process_left_half_made_is_made_whole(root: Path, call: str) -> None:
    class Killed(BaseException):
        pass

    def kill(*given: object, **options: object) -> None:
        raise Killed

    calls = ChangedCalls(**{call: kill})
    destination = open_destination(calls, os.fsencode(root), create=False)
    with contextlib.suppress(Killed):
        destination.make_link(b"link", b"target", LONG_AGO)
    destination.close()
    assert len(os.listdir(root)) == 1

    destination = open_destination(LinuxFileCalls(), os.fsencode(root), create=False)
    destination.make_link(b"link", b"target", LONG_AGO)
    destination.close()

    assert os.listdir(root) == ["link"]
    assert os.lstat(root / "link").st_mtime_ns == LONG_AGO


@pytest.mark.parametrize(("code", "expected"), [(17, Refused), (5, DestinationFailed)])
def test_a_link_that_cannot_have_its_name_leaves_nothing_behind(
    root: Path, code: int, expected: type[Exception]
) -> None:
    calls = ChangedCalls(rename_noreplace=refusing(code))
    destination = open_destination(calls, os.fsencode(root), create=False)
    try:
        with pytest.raises(expected):
            destination.make_link(b"link", b"target", LONG_AGO)
    finally:
        destination.close()

    assert os.listdir(root) == []


def test_a_finished_folder_has_mode_and_time_without_special_bits(
    root: Path, destination: FolderDestination
) -> None:
    destination.make_folder(b"case")
    destination.finish_folder(b"case", mode=0o7750, mtime_ns=LONG_AGO)

    status = os.stat(root / "case")
    assert (status.st_mode & 0o7777, status.st_mtime_ns) == (0o750, LONG_AGO)


def test_our_temporary_file_is_removed(root: Path, destination: FolderDestination) -> None:
    (root / ".custody-0a0b0c0d.1.part").touch()

    assert destination.remove_temporary(b"file", b".custody-0a0b0c0d.1.part")
    assert not destination.remove_temporary(b"file", b".custody-0a0b0c0d.1.part")
    assert not destination.remove_temporary(b"no/such/file", b".custody-0a0b0c0d.1.part")
    assert os.listdir(root) == []


@pytest.mark.parametrize("name", [b"file", b"../.custody-1.part", b".custody-/../x.part", b""])
def test_nothing_but_a_temporary_file_of_ours_is_removed(
    root: Path, destination: FolderDestination, name: bytes
) -> None:
    (root / "file").touch()

    with pytest.raises(Refused):
        destination.remove_temporary(b"file", name)
    assert os.listdir(root) == ["file"]


def test_names_are_raw_bytes(root: Path, destination: FolderDestination) -> None:
    destination.make_folder(b"case")
    for name in (b"\xff", b"a\nb", b"z"):
        destination.make_folder(b"case/" + name)

    assert list(destination.names(b"case")) == [b"a\nb", b"z", b"\xff"]
    assert list(destination.names(b"")) == [b"case"]


@pytest.mark.parametrize("path", [b"", b"/etc", b"../x", b"a/../../x", b"a//b", b"./a", b"nul\0"])
def test_a_path_that_leads_out_is_refused(destination: FolderDestination, path: bytes) -> None:
    with pytest.raises(Refused):
        destination.make_folder(path)


@pytest.mark.parametrize("where", ["folder", "dangling"])
def test_no_link_in_a_path_is_followed(
    tmp_path: Path, root: Path, destination: FolderDestination, where: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.symlink(tmp_path / where, root / "link")

    with pytest.raises(Refused):
        destination.make_folder(b"link/inside")
    with pytest.raises(Refused):
        destination.finish_folder(b"link", mode=0o777, mtime_ns=0)
    assert os.listdir(tmp_path / "folder") == []


def test_an_exchanged_folder_leads_nowhere_else(
    tmp_path: Path, root: Path, destination: FolderDestination
) -> None:
    os.rename(root, tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", root)

    destination.make_folder(b"case")

    assert os.listdir(tmp_path / "elsewhere") == []
    assert os.listdir(tmp_path / "moved") == ["case"]


def test_a_name_too_long_is_refused_and_is_no_failure_of_the_disk(destination: FolderDestination) -> None:
    with pytest.raises(Refused):
        destination.make_folder(b"x" * 256)


def test_trouble_of_the_disk_is_a_failure_of_the_destination(root: Path) -> None:
    calls = FaultyCalls(kind="EROFS")
    destination = open_destination(calls, os.fsencode(root), create=False)
    calls.k, calls.persistent = len(calls.trace) + 1, True
    try:
        with pytest.raises(DestinationFailed):
            destination.make_folder(b"case")
    finally:
        destination.close()


def test_folders_made_together_share_one_flush(root: Path) -> None:
    calls = FaultyCalls()
    destination = open_destination(calls, os.fsencode(root), create=False)
    calls.trace.clear()
    with destination.flushing_together():
        for index in range(20):
            destination.make_folder(b"%d" % index)
        assert "syncfs" not in calls.trace
        assert "fsync" not in calls.trace
    destination.close()

    assert calls.trace.count("syncfs") + calls.trace.count("fsync") == 1


def test_a_failed_shared_flush_is_a_failure_of_the_destination(root: Path) -> None:
    class FailingFlush(FaultyCalls):
        def syncfs(self, fd: int) -> None:
            raise OSError(5, "Input/output error")

    destination = open_destination(FailingFlush(), os.fsencode(root), create=False)
    try:
        with pytest.raises(DestinationFailed), destination.flushing_together():
            destination.make_folder(b"case")
    finally:
        destination.close()


@pytest.mark.parametrize("error", [errno.EIO, errno.EPERM, errno.EINVAL])
def test_folders_that_cannot_be_flushed_are_a_failure_of_the_destination(root: Path, error: int) -> None:
    """Also where a name would be blamed for this error: there is none."""

    class FailingFlush(FaultyCalls):
        def filesystem_type(self, _fd: int) -> int:
            return 0  # none whose shared flush tells: each folder is flushed by itself

        def fsync(self, fd: int) -> None:
            raise OSError(error, os.strerror(error))

    destination = open_destination(FailingFlush(), os.fsencode(root), create=False)
    try:
        with pytest.raises(DestinationFailed), destination.flushing_together():
            destination.make_folder(b"case")
    finally:
        destination.close()


def test_room_is_what_the_file_system_says(root: Path, destination: FolderDestination) -> None:
    found = os.statvfs(root)

    assert abs(destination.room().free_bytes - found.f_bavail * found.f_frsize) < 1 << 30


def test_missing_folders_are_made_when_asked_for(tmp_path: Path) -> None:
    destination = open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "a" / "b"), create=True)
    destination.close()

    assert (tmp_path / "a" / "b").is_dir()


def test_a_missing_folder_is_refused_otherwise(tmp_path: Path) -> None:
    with pytest.raises(DestinationMissing):
        open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "a"), create=False)
    assert os.listdir(tmp_path) == []


def test_a_file_is_no_destination(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Refused):
            open_destination(LinuxFileCalls(), os.fsencode(path), create=True)


def test_a_link_given_by_a_person_is_resolved_once(tmp_path: Path, root: Path) -> None:
    os.symlink(root, tmp_path / "link")
    destination = open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "link"), create=False)
    destination.close()

    assert destination.path == os.fsencode(root)


def test_a_destination_held_by_another_process_is_busy(root: Path) -> None:
    program = (
        "import sys, time, os; from custody.infrastructure.files.destination import open_destination;"
        "from custody.infrastructure.files.linux_calls import LinuxFileCalls;"
        "held = open_destination(LinuxFileCalls(), os.fsencode(sys.argv[1]), create=False);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Busy):
            open_destination(LinuxFileCalls(), os.fsencode(root), create=False)
        other.communicate()

    open_destination(LinuxFileCalls(), os.fsencode(root), create=False).close()


@pytest.mark.parametrize(
    ("held", "wanted"),
    [("a", "a/b/c"), ("a/b/c", "a"), ("a", "a/new/newer"), ("a", "link/b"), ("a/b", "link")],
)
def test_two_destinations_of_which_one_lies_in_the_other_exclude_one_another(
    tmp_path: Path, held: str, wanted: str
) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    holder = open_destination(LinuxFileCalls(), os.fsencode(tmp_path / held), create=False)
    try:
        with pytest.raises(Busy):
            open_destination(LinuxFileCalls(), os.fsencode(tmp_path / wanted), create=True)
    finally:
        holder.close()

    assert not (tmp_path / "a/new").exists()
    open_destination(LinuxFileCalls(), os.fsencode(tmp_path / wanted), create=True).close()


def test_destinations_beside_one_another_are_had_at_once(tmp_path: Path) -> None:
    one = open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "one"), create=True)
    open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "two"), create=True).close()
    one.close()


@pytest.mark.root
def test_a_destination_below_a_bind_mount_of_another_is_excluded(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "mount").mkdir()
    bind = subprocess.run(
        ["mount", "--bind", tmp_path / "a", tmp_path / "mount"], capture_output=True, check=False
    )
    if bind.returncode:
        pytest.skip("bind mounts are not allowed here")
    try:
        holder = open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "a"), create=False)
        with pytest.raises(Busy):
            open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "mount/b"), create=False)
        holder.close()
    finally:
        subprocess.run(["umount", tmp_path / "mount"], check=True)


def refusing_above(folder: Path, call: str, code: int) -> ChangedCalls:
    above = os.stat(folder)

    def refuse(real: Any, *given: Any, **options: Any) -> Any:
        fd = given[0] if call == "flock" else options.get("dir_fd")
        listing = call == "flock" or given[0] == b"."
        if listing and isinstance(fd, int) and os.path.samestat(os.fstat(fd), above):
            raise OSError(code, os.strerror(code))
        return real(*given, **options)

    return ChangedCalls(**{call: refuse})


@pytest.mark.parametrize(("call", "code"), [("open", errno.EACCES), ("flock", errno.ENOLCK)])
def test_a_folder_above_that_cannot_be_locked_keeps_nobody_from_the_destination(
    tmp_path: Path, root: Path, call: str, code: int
) -> None:
    destination = open_destination(refusing_above(tmp_path, call, code), os.fsencode(root), create=False)

    assert destination.standing(b"nothing") is None
    destination.close()


@pytest.mark.parametrize(("call", "code"), [("open", errno.EIO), ("flock", errno.ENOMEM)])
def test_trouble_with_the_lock_of_a_folder_above_is_a_refusal(
    tmp_path: Path, root: Path, call: str, code: int
) -> None:
    with pytest.raises(Refused):
        open_destination(refusing_above(tmp_path, call, code), os.fsencode(root), create=False)


def test_a_destination_tells_whether_it_was_made(tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        destination = open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "new"), create=True)
        made.append(destination.made)
        destination.close()

    assert made == [True, False]


def test_no_descriptor_is_leaked_by_a_refusal(tmp_path: Path, destination: FolderDestination) -> None:
    before = os.listdir("/proc/self/fd")

    with pytest.raises(Busy):
        open_destination(LinuxFileCalls(), os.fsencode(tmp_path / "root"), create=False)
    assert os.listdir("/proc/self/fd") == before


def test_its_identity_is_that_of_the_folder_that_was_locked(
    root: Path, destination: FolderDestination
) -> None:
    locked = os.stat(root)
    root.rename(root.with_name("moved"))
    root.mkdir()

    assert destination.identity == (locked.st_dev, locked.st_ino)
