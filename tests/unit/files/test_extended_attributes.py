"""Extended attributes of a file: kept where they can be, told where they cannot."""

import errno
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Flushed, Unkept
from custody.domain.identifiers import transfer_id
from custody.domain.paths import RawPath
from custody.infrastructure.files.extended_attributes import keep_attributes
from tests.fakes.workbench import LEDGER
from tests.unit.files.engine_runs import ChangedCalls, copy, of_kind, refusing

ACL = b"system.posix_acl_access"


def acl(user: int, named: int, group: int, mask: int) -> bytes:
    """Return an access list in which user 1000 has rights of its own (linux/posix_acl_xattr.h)."""
    nobody = 0xFFFFFFFF
    entries = [(1, user, nobody), (2, named, 1000), (4, group, nobody), (16, mask, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def with_attributes(path: Path, **values: bytes) -> Path:
    path.write_bytes(b"evidence")
    try:
        for name, value in values.items():
            os.setxattr(path, "user." + name, value)
    except OSError:
        pytest.skip("this file system keeps no attributes")
    return path


def copied(folder: Path, calls: ChangedCalls | None = None) -> Flushed:
    """Copy ``folder/source/file`` to ``folder/copy/file``."""
    (folder / "copy").mkdir()
    status = os.stat(folder / "source/file")
    item = CopyItem(
        transfer=transfer_id(LEDGER, b"file"),  # type: ignore[arg-type]  # any UUID
        operation=Operation.COPY,
        source_root=RawPath(os.fsencode(folder / "source")),
        destination=RawPath(os.fsencode(folder / "copy")),
        path=RawPath(b"file"),
        temporary=b".custody-1.part",
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        mode=status.st_mode & 0o7777,
        device=status.st_dev,
        inode=status.st_ino,
        algorithms=("sha256",),
    )
    (flushed,) = of_kind(Flushed, copy(item, calls=calls))
    return flushed


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return with_attributes(tmp_path / "source/file", comment=b"\0raw\xff", empty=b"")


def test_attributes_stand_at_the_copy_byte_for_byte(tmp_path: Path, source: Path) -> None:
    assert copied(tmp_path).unkept is None
    copy_of = tmp_path / "copy/file"
    found = {name: os.getxattr(copy_of, name) for name in os.listxattr(copy_of) if name.startswith("user.")}
    assert found == {"user.comment": b"\0raw\xff", "user.empty": b""}


def test_an_access_list_stands_at_the_copy_and_its_mode_is_that_of_the_source(
    tmp_path: Path, source: Path
) -> None:
    try:
        os.setxattr(source, ACL, acl(6, 4, 0, 4))
    except OSError:
        pytest.skip("this file system keeps no access lists")
    assert copied(tmp_path).unkept is None
    assert os.getxattr(tmp_path / "copy/file", ACL) == acl(6, 4, 0, 4)
    assert os.stat(tmp_path / "copy/file").st_mode == os.stat(source).st_mode


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.ENOSPC, errno.EPERM])
def test_what_the_destination_does_not_take_is_told_and_the_file_is_copied(
    tmp_path: Path, source: Path, code: int
) -> None:
    unkept = copied(tmp_path, ChangedCalls(setxattr=refusing(code))).unkept
    assert unkept == Unkept((b"user.comment", b"user.empty"), os.strerror(code))
    assert (tmp_path / "copy/file").read_bytes() == b"evidence"


def test_one_refused_attribute_does_not_stop_the_others(tmp_path: Path, source: Path) -> None:
    def refuse_one(real: Any, fd: int, name: bytes, value: bytes) -> None:
        if name == b"user.comment":
            raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
        real(fd, name, value)

    unkept = copied(tmp_path, ChangedCalls(setxattr=refuse_one)).unkept
    assert unkept == Unkept((b"user.comment",), "Argument list too long")
    assert "user.empty" in os.listxattr(tmp_path / "copy/file")


def test_what_cannot_be_read_at_the_source_is_told(tmp_path: Path, source: Path) -> None:
    unkept = copied(tmp_path, ChangedCalls(getxattr=refusing(errno.EIO))).unkept
    reason = "it could not be read: Input/output error"
    assert unkept == Unkept((b"user.comment", b"user.empty"), reason)


def test_attributes_that_cannot_be_listed_are_told(tmp_path: Path, source: Path) -> None:
    unkept = copied(tmp_path, ChangedCalls(listxattr=refusing(errno.EIO))).unkept
    assert unkept == Unkept((), "they could not be listed: Input/output error")


def test_a_file_system_without_attributes_has_none_to_lose(tmp_path: Path, source: Path) -> None:
    assert copied(tmp_path, ChangedCalls(listxattr=refusing(errno.EOPNOTSUPP))).unkept is None


def test_a_failing_disk_is_no_lost_attribute(source: Path) -> None:
    fd = os.open(source, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="Input/output error"):
            keep_attributes(ChangedCalls(setxattr=refusing(errno.EIO)), fd, fd)  # type: ignore[arg-type]
    finally:
        os.close(fd)


@pytest.mark.parametrize("name", [b"security.selinux", b"security.ima", b"trusted.overlay.opaque"])
def test_labels_of_the_machine_are_neither_carried_nor_listed(name: bytes) -> None:
    calls = ChangedCalls(listxattr=lambda real, fd: [name], getxattr=refusing(errno.EIO))
    assert keep_attributes(calls, 0, 0) is None  # type: ignore[arg-type]
