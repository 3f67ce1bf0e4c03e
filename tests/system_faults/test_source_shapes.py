"""Sources of every shape a file system allows: sizes, depths, names and kinds."""

import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error
from tests.integration.acquiring import tree
from tests.system_faults.honesty import contents, outcomes, require_honest
from tests.system_faults.running import ONE_TRY, Under, copying

pytestmark = pytest.mark.fault

TIB = 1 << 40
LARGE = 5 * (1 << 30) + 3
NAMES = [
    *(b"two\nlines", b"\x1b[31mred", b"-rf", b"--help", b" ", b"caf\xe9", b"\xff\xfe", b"x" * 255),
    *("caf\u00e9".encode(), "cafe\u0301".encode(), "\u202egpj.exe".encode()),
    *(b"a\\b", b"*", b"$(id)", b"%s", b"CON"),
]


def test_a_sparse_file_of_a_tebibyte_is_refused_at_once_for_lack_of_room(case: CommandLine) -> None:
    source = case.home / "source"
    source.mkdir()
    with (source / "huge").open("wb") as file:
        file.truncate(TIB)
    if os.statvfs(case.home).f_bavail * os.statvfs(case.home).f_frsize > TIB:
        pytest.skip("there is room for a tebibyte here")
    ended = case(*copying(source, case.home / "to"))

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert "not enough space" in ended.err
    assert not (case.home / "to").exists()
    print("1 fault point, 0 false good")


def test_holes_are_copied_as_the_zeros_they_stand_for(case: CommandLine) -> None:
    source = case.home / "source"
    source.mkdir()
    with (source / "sparse").open("wb") as file:
        file.seek(8_000_000)
        file.write(b"island")
        file.truncate(16_000_001)
    ended = case(*copying(source, case.home / "to"))

    said = require_honest(case, ended, contents(source), case.home / "to")
    assert ended.code == 0
    assert said[b"source/sparse"].verified


@pytest.mark.slow
def test_a_file_beyond_every_limit_of_32_bits_is_copied_whole(case: CommandLine) -> None:
    source = case.home / "source"
    source.mkdir()
    with (source / "large").open("wb") as file:
        for at in (0, (1 << 31) - 1, 1 << 32, LARGE - 3):
            file.seek(at)
            file.write(b"end")
    try:
        ended = case(*copying(source, case.home / "to"))

        assert ended.code == 0, ended.err
        copy = case.home / "to" / "source" / "large"
        assert copy.stat().st_size == LARGE
        with copy.open("rb") as file:
            for at in (0, (1 << 31) - 1, 1 << 32, LARGE - 3):
                file.seek(at)
                assert file.read(3) == b"end"
        assert outcomes(case)[b"source/large"].data["size"] == LARGE
        print("1 fault point, 0 false good")
    finally:
        for folder in (source, case.home / "to" / "source"):
            (folder / "large").unlink(missing_ok=True)


def test_a_file_of_proc_that_claims_to_be_empty_is_not_verified_as_empty(case: CommandLine) -> None:
    ended = case(*copying(Path("/proc/version"), case.home / "to"), **ONE_TRY)

    said = outcomes(case)
    assert ended.code == 3
    assert said[b"version"].error == "grew"
    assert not (case.home / "to" / "version").exists()
    assert case("audit").code == 0
    print("1 fault point, 0 false good")


def test_names_of_every_kind_are_copied_byte_for_byte(case: CommandLine) -> None:
    source = case.home / "source"
    source.mkdir()
    for name in NAMES:
        with open(os.path.join(os.fsencode(source), name), "wb") as file:
            file.write(name)
    ended = case(*copying(source, case.home / "to"))

    require_honest(case, ended, contents(source), case.home / "to")
    assert ended.code == 0
    assert sorted(os.listdir(os.fsencode(case.home / "to" / "source"))) == sorted(NAMES)
    assert "\x1b" not in ended.out + ended.err
    assert "\u202e" not in ended.out + ended.err


@pytest.mark.system_fault("root")
def test_what_is_no_file_is_listed_and_never_opened(case: CommandLine) -> None:
    source = case.home / "source"
    source.mkdir()
    (source / "file").write_bytes(b"content")
    os.link(source / "file", source / "second name")
    (source / "link").symlink_to("/etc/passwd")
    (source / "broken").symlink_to("nowhere")
    os.mkfifo(source / "fifo")
    os.mknod(source / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 0))
    os.mknod(source / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(source / "socket"))
    ended = case(*copying(source, case.home / "to"))

    copy = case.home / "to" / "source"
    require_honest(case, ended, contents(source), case.home / "to")
    assert ended.code == 0
    assert ended.result["files"]["special"] == 4
    assert sorted(os.listdir(copy)) == ["broken", "file", "link", "second name"]
    assert os.readlink(copy / "link") == "/etc/passwd"
    assert (copy / "file").stat().st_nlink == 1


def chain(folder: Path, names: list[bytes]) -> None:
    """Make folders in one another and a file in the last, deeper than any path may be long."""
    fd = os.open(folder, os.O_RDONLY)
    for name in names:
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    file = os.open(b"file", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=fd)
    os.write(file, b"deep down")
    os.close(file)
    os.close(fd)


def content_below(folder: Path, names: list[bytes]) -> bytes:
    fd = os.open(folder, os.O_RDONLY)
    for name in names:
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    file = os.open(b"file", os.O_RDONLY, dir_fd=fd)
    content = os.read(file, 100)
    os.close(file)
    os.close(fd)
    return content


@pytest.fixture
def cleared(case: CommandLine) -> Iterator[None]:
    """Remove what is too deep for whoever clears the folder of a test."""
    yield
    subprocess.run(["rm", "-rf", *(case.home / name for name in ("in", "to", "source"))], check=True)


@pytest.mark.usefixtures("cleared")
@pytest.mark.parametrize(
    ("names", "under"),
    [([b"d"] * 1000, []), ([b"n" * 200] * 14, ["r" * 200] * 8)],
    ids=["a thousand deep", "beyond PATH_MAX"],
)
def test_a_deep_tree_is_copied(case: CommandLine, names: list[bytes], under: list[str]) -> None:
    folder = case.home.joinpath("in", *under)
    (folder / "source").mkdir(parents=True)
    to = case.home.joinpath("to", *under)
    to.mkdir(parents=True)
    chain(folder / "source", names)
    ended = case(*copying(folder / "source", to))

    said = outcomes(case)
    assert ended.code == 0, ended.err
    assert content_below(to / "source", names) == b"deep down"
    assert said[b"/".join((b"source", *names, b"file"))].verified
    assert case("audit").code == 0
    print("1 fault point, 0 false good")


@pytest.mark.usefixtures("cleared")
def test_a_path_that_no_entry_has_room_for_fails_by_its_folder(case: CommandLine) -> None:
    (case.home / "source").mkdir()
    chain(case.home / "source", [b"n" * 200] * 20)
    ended = case(*copying(case.home / "source", case.home / "to"))

    assert ended.code == 3
    assert [failure["error"] for failure in ended.result["failures"]] == ["name-too-long"]
    assert case("audit").code == 0
    print("1 fault point, 0 false good")


@pytest.mark.system_fault("setpriv")
def test_what_may_not_be_read_fails_and_the_rest_of_the_tree_is_copied(
    case: CommandLine, evidence: Path
) -> None:
    before = contents(evidence)
    (evidence / "m" / "victim").chmod(0)
    (evidence / "closed").mkdir()
    (evidence / "closed" / "hidden").write_bytes(b"never seen")
    (evidence / "closed").chmod(0)
    dropped = "-dac_override,-dac_read_search"
    tool = ("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}")
    ended = Under(case.home, tool)(*copying(evidence, case.home / "to"), **ONE_TRY)

    said = require_honest(case, ended, before, case.home / "to")
    assert ended.code == 3
    failed = {path for path, outcome in said.items() if not outcome.verified}
    assert failed == {b"source/closed", b"source/m/victim"}
    assert {said[path].error for path in failed} == {"permission-denied"}
    assert tree(case.home / "to" / "source" / "z").keys() == {b"after"}
