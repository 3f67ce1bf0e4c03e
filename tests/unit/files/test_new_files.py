"""A folder or ZIP of documents stands whole under its name, or nothing does."""

import errno
import hashlib
import zipfile
from pathlib import Path

import pytest

from custody.domain.errors import Refused
from custody.infrastructure.files.new_files import new_files
from tests.fakes.faulty_calls import FaultyCalls

CONTENT = {"a.txt": b"a" * 3_000_000, "b/c.txt": b"c", "b/d/e.txt": b"", "f.txt": b"f"}
ALONE = {"filesystem_type"}  # where it is not known, each file and folder is flushed by itself


def write(path: Path, calls: FaultyCalls | None = None) -> dict[str, str]:
    with new_files(path, calls or FaultyCalls()) as files:  # type: ignore[arg-type]
        for name, content in CONTENT.items():
            with files.file(name) as stream:
                for at in range(0, len(content), 1_000_000):
                    stream.write(content[at : at + 1_000_000])
        return dict(files.sums)


def standing(path: Path) -> dict[str, bytes]:
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    found = [file for file in path.rglob("*") if file.is_file()]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in found}


@pytest.mark.parametrize("name", ["bundle", "bundle.zip", "bundle.ZIP"])
def test_everything_stands_with_its_sums(tmp_path: Path, name: str) -> None:
    sums = write(tmp_path / name)

    assert standing(tmp_path / name) == CONTENT
    assert sums == {file: hashlib.sha256(content).hexdigest() for file, content in CONTENT.items()}
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_whichever_call_fails_all_or_nothing_stands(tmp_path: Path, name: str, alone: bool) -> None:
    refused = 0
    for number in range(200):
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        left = [number]

        def trouble(call: str, _: bytes, left: list[int] = left) -> int | None:
            if alone and call in ALONE:
                return errno.EIO
            left[0] -= 1
            return errno.EIO if left[0] == -1 else None

        try:
            write(path, FaultyCalls(trouble))
        except Refused:
            refused += 1
            assert list(path.parent.iterdir()) == []
        else:
            assert standing(path) == CONTENT
            if left[0] >= 0:
                break
    else:
        pytest.fail("the calls never ended")
    assert refused >= (3 if name.endswith(".zip") else 5)


def test_every_file_is_flushed_where_the_file_system_does_not_tell_of_all_errors(tmp_path: Path) -> None:
    calls: list[str] = []

    def trouble(call: str, _: bytes) -> int | None:
        calls.append(call)
        return errno.EIO if call in ALONE else None

    write(tmp_path / "bundle", FaultyCalls(trouble))

    assert calls.count("fsync") >= len(CONTENT) + 3  # three folders, and the one above
    assert "syncfs" not in calls


def test_a_folder_is_made_where_the_file_system_cannot_rename_without_replacing(tmp_path: Path) -> None:
    write(
        tmp_path / "bundle", FaultyCalls(lambda call, _: errno.EINVAL if call == "rename_noreplace" else None)
    )

    assert standing(tmp_path / "bundle") == CONTENT


@pytest.mark.parametrize("refuse", [False, True])
def test_what_appeared_meanwhile_is_not_replaced(tmp_path: Path, refuse: bool) -> None:
    path = tmp_path / "bundle"
    calls = FaultyCalls(lambda call, _: errno.EINVAL if refuse and call == "rename_noreplace" else None)

    def meanwhile() -> None:
        with new_files(path, calls) as files:  # type: ignore[arg-type]
            with files.file("a") as stream:
                stream.write(b"a")
            path.mkdir()
            (path / "mine").write_bytes(b"mine")

    with pytest.raises(Refused):
        meanwhile()
    assert standing(path) == {"mine": b"mine"}
    assert [one.name for one in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_block_that_fails_leaves_nothing(tmp_path: Path, name: str) -> None:
    def fail() -> None:
        with new_files(tmp_path / name) as files, files.file("a") as stream:
            stream.write(b"a")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_nowhere_is_something(tmp_path: Path) -> None:
    (tmp_path / "bundle").symlink_to("nowhere")
    with pytest.raises(Refused, match="already"):
        write(tmp_path / "bundle")
