"""The two exhaustive loops over the whole pipeline: every errno at every call, and death at every call."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.faulty_calls import FaultyCalls
from tests.faults.pipeline import make_source, work, wrongs

ROOT = Path(__file__).parents[2]


@pytest.mark.fault
@pytest.mark.parametrize(
    "kind", ["EIO", "ENOSPC", "EROFS", "EACCES", "EINTR", "EMFILE", "short", "eof", "flip"]
)
def test_whatever_call_fails_the_next_run_ends_with_identical_trees(tmp_path: Path, kind: str) -> None:
    make_source(tmp_path / "template")
    found: list[str] = []
    k = 0
    while True:
        k += 1
        place = tmp_path / f"point-{k}"
        shutil.copytree(tmp_path / "template", place, symlinks=True)
        calls = FaultyCalls(k, kind, filesystem=None)
        ended = work(place, calls)
        if len(calls.trace) < k:
            break
        found += [f"call {k} ({calls.trace[k - 1]}), ended {ended}: {wrong}" for wrong in wrongs(place)]
        shutil.rmtree(place)
    print(f"{kind}: {k - 1} fault points, {len(found)} wrong")
    assert k > 100
    assert found == []


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["kill-before", "kill-after"])
def test_a_death_at_any_call_is_only_a_pause(tmp_path: Path, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.pipeline", str(tmp_path), kind],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
