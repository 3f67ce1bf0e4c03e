import errno
import os
from pathlib import Path
from typing import Any

import pytest

from custody.domain.errors import Refused
from custody.infrastructure.files.new_file import new_file
from tests.unit.files.engine_runs import ChangedCalls, refusing


def write(path: Path, calls: ChangedCalls) -> None:
    with new_file(path, calls) as stream:  # type: ignore[arg-type]
        stream.write(b"whole")


# Without hard links: FAT and exFAT. Without a renaming that replaces nothing: NFS.
@pytest.mark.parametrize("missing", ["link", "rename_noreplace"])
def test_a_document_is_made_where_the_file_system_lacks_a_call(tmp_path: Path, missing: str) -> None:
    write(tmp_path / "report.pdf", ChangedCalls(**{missing: refusing(errno.EPERM)}))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"report.pdf": b"whole"}


@pytest.mark.parametrize("missing", ["link", "rename_noreplace"])
def test_what_appeared_meanwhile_is_not_replaced(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "report.pdf"
    calls = ChangedCalls(**{missing: refusing(errno.EPERM)})

    def meanwhile() -> None:
        with new_file(path, calls) as stream:  # type: ignore[arg-type]
            stream.write(b"new")
            path.write_bytes(b"of somebody else")

    with pytest.raises(Refused, match=r"already: .*report\.pdf"):
        meanwhile()

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "report.pdf": b"of somebody else"
    }


def test_a_name_that_cannot_be_made_durable_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    def flush(real: Any, fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(Refused, match=r"report\.pdf: Input/output error"):
        write(tmp_path / "report.pdf", ChangedCalls(fsync=flush))

    assert list(tmp_path.iterdir()) == []


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), new_file(tmp_path / "report.pdf"):
        raise KeyError

    assert list(tmp_path.iterdir()) == []


def test_a_name_whose_draft_cannot_be_removed_is_taken_back(tmp_path: Path) -> None:
    def no_rename(real: Any, old: bytes, new: bytes, **named: Any) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    def unlink(real: Any, name: bytes, **named: Any) -> None:
        if name.startswith(b".custody-"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(name, **named)

    with pytest.raises(Refused, match="Input/output error") as refused:
        write(tmp_path / "report.pdf", ChangedCalls(rename_noreplace=no_rename, unlink=unlink))

    assert refused.value.done == "Nothing was left under that name."
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_stays_though_it_is_not_durable_is_said_to_stay(tmp_path: Path) -> None:
    def broken(real: Any, *given: Any, **named: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(Refused) as refused:
        write(tmp_path / "report.pdf", ChangedCalls(fsync=broken, unlink=broken))

    assert "remove it" in str(refused.value.done)
    assert (tmp_path / "report.pdf").exists()


def test_a_file_that_the_block_finds_in_its_way_is_not_the_one_to_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(Refused, match="cannot be written"),
        new_file(tmp_path / "report.pdf"),
    ):
        tmp_path.mkdir()

    assert list(tmp_path.iterdir()) == []
