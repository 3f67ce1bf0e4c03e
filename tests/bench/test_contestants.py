import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.contestants import CONTESTANTS, Contestant, Role, entered
from tests.bench.racing import Course, missing_file
from tests.bench.workloads import Workload, make, mixed_files, small_files

PEERS = [one for one in CONTESTANTS if one.role is Role.PEER]
NOBODY_ELSE: frozenset[str] = frozenset()
Stage = Callable[[int], int]


@pytest.fixture
def workload() -> Workload:
    return small_files(0.0005)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    # CUSTODY_BENCH_TOOLS: a folder with peers that are not on the PATH
    tools = os.environ.get("CUSTODY_BENCH_TOOLS", "/nonexistent")
    return Course(
        folder=tmp_path, custody=Path("custody"), search_path=f"{tools}/bin:{tools}:{os.environ['PATH']}",
        warm_source=False, cached_read_back=False,
    )  # fmt: skip


@pytest.fixture
def source(course: Course, workload: Workload) -> Path:
    return make(workload, course.folder / "data")


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest, course: Course) -> Contestant:
    chosen: Contestant = request.param
    if program := course.missing(chosen):
        pytest.skip(f"{program} is not installed")
    return chosen


@pytest.fixture
def stage(course: Course, source: Path, peer: Contestant) -> Stage:
    course.prepare(source, peer)

    def run(number: int) -> int:
        script, environment = peer.stage_scripts()[number], course.environment(source, peer)
        return subprocess.run(
            ["/bin/sh", "-c", script], env=environment, capture_output=True, check=False
        ).returncode

    return run


def test_a_peer_finds_its_copy_sound(
    course: Course, source: Path, peer: Contestant, stage: Stage, workload: Workload
) -> None:
    assert [stage(0), stage(1)] == [0, 0]
    assert missing_file(workload, course.copy(source, peer)) == ""


def test_a_peer_notices_one_flipped_bit(course: Course, source: Path, peer: Contestant, stage: Stage) -> None:
    assert stage(0) == 0
    damaged = course.copy(source, peer) / "000/00/000003.bin"
    times, content = damaged.stat(), bytearray(damaged.read_bytes())
    content[100] ^= 1
    damaged.write_bytes(content)
    os.utime(damaged, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert stage(1) != 0


def test_a_peer_leaves_the_source_as_it_was(
    course: Course, source: Path, peer: Contestant, stage: Stage
) -> None:
    before = sorted(source.rglob("*"))
    assert [stage(0), stage(1)] == [0, 0]
    course.clear(source, peer)

    assert sorted(source.rglob("*")) == before


def test_each_round_starts_with_another_contestant() -> None:
    first, second = entered("A", NOBODY_ELSE, 0), entered("A", NOBODY_ELSE, 1)

    assert set(first) == set(second) == {one for one in CONTESTANTS if "A" in one.kinds}
    assert second == first[1:] + first[:1]


def test_only_custody_runs_the_growth() -> None:
    assert [one.role for one in entered("growth", NOBODY_ELSE, 0)] == [Role.US]


def test_only_those_asked_for_run_beside_custody() -> None:
    assert [one.name for one in entered("B", frozenset({"rsync"}), 0)] == ["custody", "rsync, rsync -c"]


def test_a_file_that_is_missing_or_short_in_the_copy_is_named(tmp_path: Path) -> None:
    workload = mixed_files(0.001)
    made = make(workload, tmp_path)
    assert missing_file(workload, made) == ""

    os.truncate(made / workload.files[0].path, 1)
    assert missing_file(workload, made) == f"{workload.files[0].path} has another size in the copy"

    (made / workload.files[0].path).unlink()
    assert missing_file(workload, made) == f"{workload.files[0].path} is missing in the copy"


def test_what_is_kept_lies_aside_until_the_end(course: Course, source: Path) -> None:
    us = next(one for one in CONTESTANTS if one.role is Role.US)
    for number in range(2):
        course.destination.mkdir(exist_ok=True)
        (course.destination / f"copy {number}").write_bytes(b"x")
        course.clear(source, us, keep=True)

    assert not course.destination.exists()
    assert sorted(path.name for path in course.left.rglob("copy *")) == ["copy 0", "copy 1"]
    course.end()
    assert not course.left.exists()
