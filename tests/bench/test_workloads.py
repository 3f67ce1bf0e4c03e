from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.workloads import (
    GIB,
    KIB,
    MIB,
    Workload,
    contents,
    growing,
    make,
    mixed_files,
    single_file,
    small_files,
)


def test_the_single_file_has_8_gib() -> None:
    assert [file.size_bytes for file in single_file(1.0).files] == [8 * GIB]


def test_the_small_files_have_4_to_16_kib_in_nested_folders() -> None:
    files = small_files(1.0).files

    assert len({file.path for file in files}) == 20_000
    assert all(4 * KIB <= file.size_bytes <= 16 * KIB for file in files)
    assert len({Path(file.path).parent for file in files}) == 200
    assert len({Path(file.path).parents[1] for file in files}) == 10


def test_the_mixed_files_span_1_kib_to_500_mib_and_are_about_6_gib() -> None:
    workload = mixed_files(1.0)
    sizes = [file.size_bytes for file in workload.files]

    assert len(sizes) == 2_000
    assert min(sizes) == KIB
    assert 300 * MIB < max(sizes) <= 500 * MIB
    assert workload.size_bytes == pytest.approx(6 * GIB, rel=0.05)


def test_growth_goes_from_2_000_to_200_000_files() -> None:
    assert [len(workload.files) for workload in growing(1.0)] == [2_000, 20_000, 200_000]


@pytest.mark.parametrize("maker", [single_file, small_files, mixed_files])
def test_a_tenth_of_a_workload_has_about_a_tenth_of_its_bytes(maker: Callable[[float], Workload]) -> None:
    assert maker(0.1).size_bytes == pytest.approx(maker(1.0).size_bytes / 10, rel=0.15)


def test_a_workload_is_made_once_and_is_the_same_everywhere(tmp_path: Path) -> None:
    workload = small_files(0.0005)
    first = make(workload, tmp_path / "one")
    (first / "mark").touch()

    assert (make(workload, tmp_path / "one") / "mark").exists()
    second = make(workload, tmp_path / "two")
    assert {file.path: (first / file.path).read_bytes() for file in workload.files} == {
        file.path: (second / file.path).read_bytes() for file in workload.files
    }
    assert all((first / file.path).stat().st_size == file.size_bytes for file in workload.files)


def test_no_two_files_share_their_bytes() -> None:
    assert b"".join(contents(0, 4096)) != b"".join(contents(1, 4096))
