"""Long runs of zeros in what is read, and files that are nothing else."""

import os

import pytest

from custody.domain.copying.reports import StretchList
from custody.infrastructure.files.stretches import LONG_RUN_BYTES, MAX_RUNS_LISTED, PAGE_BYTES, ZeroRuns

NOISE = bytes(range(1, 256)) * 17  # no page of it begins with a zero, nor is it whole pages
PAGE = (b"\x01" + bytes(PAGE_BYTES - 1)) * 2  # begins with something, zeros else


def runs(*chunks: bytes) -> StretchList | None:
    watching = ZeroRuns()
    for chunk in chunks:
        watching.take(memoryview(chunk))
    assert watching.found() == watching.found()
    return watching.found()


@pytest.mark.parametrize("content", [b"", b"\0", bytes(511), NOISE, PAGE, bytes(PAGE_BYTES) + NOISE])
def test_ordinary_content_has_none(content: bytes) -> None:
    assert runs(content) is None


@pytest.mark.parametrize("size", [512, 700, PAGE_BYTES, PAGE_BYTES + 1, 3 * LONG_RUN_BYTES + 5])
def test_a_file_of_nothing_but_zeros_is_one_run_whatever_its_size(size: int) -> None:
    assert runs(bytes(size)) == StretchList(((0, size),), 1, size)
    assert runs(*(bytes(min(512, size - at)) for at in range(0, size, 512))) == runs(bytes(size))


def test_one_other_byte_anywhere_makes_a_small_file_an_ordinary_one() -> None:
    for at in (0, 1, 4095, 4096, 9999):
        content = bytearray(10_000)
        content[at] = 1
        assert runs(bytes(content)) is None


def test_a_long_run_is_found_where_it_lies_over_the_edges_of_what_is_read_at_once() -> None:
    page = os.urandom(PAGE_BYTES - 1) + b"\x07"
    content = page + bytes(LONG_RUN_BYTES) + page + bytes(LONG_RUN_BYTES - PAGE_BYTES) + page
    expected = StretchList(((PAGE_BYTES, LONG_RUN_BYTES),), 1, LONG_RUN_BYTES)
    assert runs(content) == expected
    assert runs(content[: 9 * PAGE_BYTES], content[9 * PAGE_BYTES :]) == expected


def test_a_run_is_cut_by_a_page_that_only_begins_with_zeros() -> None:
    page = bytes(PAGE_BYTES - 1) + b"\x07"
    half = bytes(LONG_RUN_BYTES // 2)
    assert runs(b"\x01" * PAGE_BYTES + half + page + half) is None


def test_of_many_runs_the_first_are_listed_and_all_are_counted() -> None:
    piece = b"\x01" * PAGE_BYTES + bytes(LONG_RUN_BYTES)
    found = runs(*[piece] * (MAX_RUNS_LISTED + 2))
    assert found is not None
    assert (len(found.stretches), found.count) == (MAX_RUNS_LISTED, MAX_RUNS_LISTED + 2)
    assert found.bytes == (MAX_RUNS_LISTED + 2) * LONG_RUN_BYTES
