"""The two exhaustive loops over the whole pipeline: every errno at every call, and death at every call."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.faulty_calls import EXT4, FaultyCalls
from tests.faults.pipeline import make_source, work, wrongs

ROOT = Path(__file__).parents[2]
LEAST = {"short": 5, "eof": 5, "flip": 2}  # what only reads and writes meet; any call may meet an errno


@pytest.mark.fault
@pytest.mark.parametrize(
    "kind", ["EIO", "ENOSPC", "EROFS", "EACCES", "EINTR", "EMFILE", "short", "eof", "flip"]
)
def test_whatever_call_fails_the_next_run_ends_with_identical_trees(quick_folder: Path, kind: str) -> None:
    make_source(quick_folder / "template")
    found: list[str] = []
    k = 0
    while True:
        k += 1
        place = quick_folder / f"point-{k}"
        shutil.copytree(quick_folder / "template", place, symlinks=True)
        calls = FaultyCalls(k, kind, filesystem=EXT4)
        ended = work(place, calls)
        if not calls.met:
            break
        found += [f"call {k} ({calls.met}), ended {ended}: {wrong}" for wrong in wrongs(place)]
        shutil.rmtree(place)
    print(f"{kind}: {k - 1} fault points, {len(found)} wrong")
    assert k > LEAST.get(kind, 100)
    assert found == []


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["kill-before", "kill-after"])
def test_a_death_at_any_call_is_only_a_pause(quick_folder: Path, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.pipeline", str(quick_folder), kind],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
