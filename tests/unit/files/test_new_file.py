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
