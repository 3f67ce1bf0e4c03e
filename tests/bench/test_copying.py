import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.bench.copying", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_small_benchmark_runs_to_its_verdicts_and_leaves_no_copies(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    run = bench(
        *("B", "--scale", "0.001", "--rounds", "1", "--only", "sync"),
        *("--work", str(tmp_path / "work"), "--json", str(found)),
    )

    runs = {one["contestant"]: one for one in json.loads(found.read_text())["runs"]}
    assert runs["custody"]["problem"] == ""
    assert runs["custody"]["entries"] >= 4 * 20
    assert runs["custody"]["wall_seconds"] > 0
    assert runs["custody"]["peak_bytes"] > 10_000_000
    assert "B: time to the fastest verifying peer" in run.stdout
    assert not (tmp_path / "work/destination").exists()
    assert "| custody |" in bench("--markdown", str(found)).stdout


def test_help_names_every_workload() -> None:
    assert "{A,B,C,growth,all}" in bench("--help").stdout
