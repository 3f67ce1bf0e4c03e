"""What a ZIP says of its own list of files, before that list is read into memory."""

import struct
from pathlib import Path

import pytest

from custody.domain.errors import MalformedData
from custody.infrastructure.bundles.bundle_files import opened_bundle

LONG = (64 << 20) + 1
SHORT = 10

# APPNOTE.TXT 4.3.14, 4.3.15, 4.3.16
RECORD = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
END = struct.Struct("<4s4H2LH")


def record(directory: int) -> bytes:
    return RECORD.pack(b"PK\x06\x06", RECORD.size - 12, 45, 45, 0, 0, 1, 1, directory, 0)


def locator(offset: int) -> bytes:
    return LOCATOR.pack(b"PK\x06\x07", 0, offset, 1)


def end(directory: int) -> bytes:
    return END.pack(b"PK\x05\x06", 0, 0, 1, 1, directory, 0, 0)


@pytest.mark.parametrize(
    "tail",
    [
        end(LONG),
        record(LONG) + locator(LONG) + end(0xFFFFFFFF),
        record(LONG) + locator(LONG) + end(SHORT),  # what the older record says does not count then
        record(LONG) + locator(0) + end(SHORT),  # nor where the locator points: readers look before it
        record(LONG) + record(SHORT) + locator(LONG) + end(SHORT),  # … but some follow it
    ],
    ids=["older record", "both", "newer record", "newer record elsewhere", "two newer records"],
)
def test_a_long_list_of_files_is_refused_before_it_is_read(tmp_path: Path, tail: bytes) -> None:
    bundle = tmp_path / "hostile.zip"
    with bundle.open("wb") as file:
        file.seek(LONG)
        file.write(tail)

    with pytest.raises(MalformedData, match="its list of files is too long"), opened_bundle(bundle):
        pass


def test_a_locator_that_points_out_of_the_file_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "hostile.zip"
    for offset in (2**62, 2**63, 2**64 - 1):
        bundle.write_bytes(record(SHORT) + locator(offset) + end(0xFFFFFFFF))
        with pytest.raises(MalformedData), opened_bundle(bundle):
            pass
