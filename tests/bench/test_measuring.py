import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A process of its own: measuring reaps every child there is, also those of the test runner.
MEASURE = """
import json, pathlib, sys
from tests.bench.measuring import adopt_orphans, measure
adopt_orphans()
code, cost = measure(sys.argv[2:], {"PATH": "/usr/bin:/bin"}, pathlib.Path(sys.argv[1]))
print(json.dumps([code, cost.wall_seconds, cost.cpu_seconds, cost.peak_bytes]))
"""
HUNGRY = "block = b'x' * 80_000_000; import time; time.sleep(1.5)"
BUSY = "import time\nwhile time.process_time() < 0.4: pass"


def measured(tmp_path: Path, *command: str) -> tuple[int, float, float, int]:
    line = [sys.executable, "-c", MEASURE, str(tmp_path / "log"), *command]
    run = subprocess.run(line, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    code, wall, cpu, peak = json.loads(run.stdout)
    return code, wall, cpu, peak


def test_the_exit_code_and_the_output_are_kept(tmp_path: Path) -> None:
    assert measured(tmp_path, "sh", "-c", "echo said; exit 7")[0] == 7
    assert (tmp_path / "log").read_text() == "said\n"


def test_memory_adds_up_over_all_processes(tmp_path: Path) -> None:
    both = f'"{sys.executable}" -c "{HUNGRY}" & "{sys.executable}" -c "{HUNGRY}"; wait'

    assert measured(tmp_path, "sh", "-c", both)[3] > 160_000_000


@pytest.mark.parametrize("line", ["{busy}; true", "({busy} &)"], ids=["a child's", "an orphan's"])
def test_processor_time_of_every_process_counts(tmp_path: Path, line: str) -> None:
    script = line.format(busy=f'"{sys.executable}" -c "{BUSY}"')

    assert measured(tmp_path, "sh", "-c", script)[2] >= 0.4


def test_wall_time_is_that_of_the_whole_command(tmp_path: Path) -> None:
    assert measured(tmp_path, "sleep", "0.3")[1] >= 0.3
