import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import crash_loop, evidence

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.fault
@pytest.mark.slow
def test_a_killed_copy_leaves_nothing_torn_and_can_be_taken_up_again(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.crash_loop", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    print(ended.stdout)

    assert ended.returncode == 0, ended.stderr
    found = re.fullmatch(r"(\d+) fault points, 0 false good", ended.stdout.strip())
    assert found is not None
    assert int(found[1]) > 600


def test_the_loop_would_see_a_torn_file(tmp_path: Path) -> None:
    destination = evidence.make_destination(tmp_path / "destination")
    (destination / "case" / "clips" / "cam01.mov").write_bytes(evidence.FILES[b"case/clips/cam01.mov"][:-1])

    assert crash_loop.after_death(destination) == ["torn: b'case/clips/cam01.mov'"]


def test_the_loop_would_see_a_child_that_was_not_killed(tmp_path: Path) -> None:
    source = evidence.make_source(tmp_path / "source")
    destination = evidence.make_destination(tmp_path / "destination")
    os.chmod(source, 0o700)

    assert not crash_loop.die_at(
        crash_loop.FaultyCalls(10**6, "kill-before"),
        evidence.items_for(source, destination),
        crash_loop.ROUTES["shared flush"],
        tmp_path / "told",
    )
