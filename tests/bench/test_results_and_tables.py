import json
from pathlib import Path

import pytest

from tests.bench.contestants import CONTESTANTS, Role
from tests.bench.results import Results, load, save
from tests.bench.sample_results import limits, run
from tests.bench.tables import growth_table, markdown, round_table, verdict_table
from tests.bench.targets import verdicts

RESULTS = Results(
    machine={"processor": "2 cores"},
    settings={"scale": "1"},
    missing=["rclone copy, check"],
    runs=[
        *(run(one.role, 1_000.0, name=one.name, number=number) for one in CONTESTANTS for number in range(3)),
        run(Role.PEER, 1.0, name="broken", problem="exit 1: " + "x" * 200),
        *(run(Role.US, files / 1_000, workload="growth", files=files) for files in (2_000, 200_000)),
    ],
    limits=[limits(disk=900.0, hashing=500.0)],
)


def test_results_survive_saving(tmp_path: Path) -> None:
    save(RESULTS, tmp_path / "out.json")

    assert load([tmp_path / "out.json"]) == RESULTS


def test_a_workload_in_two_files_is_refused(tmp_path: Path) -> None:
    save(RESULTS, tmp_path / "out.json")

    with pytest.raises(ValueError, match="stands in two files"):
        load([tmp_path / "out.json", tmp_path / "out.json"])


def test_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text(json.dumps({"schema": "other/1"}))

    with pytest.raises(ValueError, match="not custody"):
        load([tmp_path / "out.json"])


def test_tables_fit_80_columns() -> None:
    lines = [
        *round_table(RESULTS.runs_of("A", 0), RESULTS.limits[0]),
        *growth_table(RESULTS.runs_of("growth", 0)),
        *verdict_table(verdicts(RESULTS)),
    ]

    assert [line for line in lines if len(line) > 80] == []


def test_a_round_names_what_went_wrong_instead_of_a_time() -> None:
    line = next(line for line in round_table(RESULTS.runs_of("A", 0), None) if line.startswith("broken"))

    assert "failed: exit 1" in line


def test_the_ratio_is_ours_to_the_other() -> None:
    rows = list(round_table([run(Role.US, 4.0), run(Role.PEER, 10.0)], None))

    assert rows[-1].endswith(" 0.40")


def test_markdown_shows_medians_limits_growth_targets_and_who_was_missing() -> None:
    runs = [run(Role.US, wall, number=number) for number, wall in enumerate((9.0, 2.0, 4.0))]
    text = "\n".join(markdown(Results(runs=runs, limits=[limits(disk=3, hashing=2)], missing=["rsync"])))

    assert "| us | 4.00 | 9.00 2.00 4.00 | 2.00 | 100 | 1.00 |" in text
    assert "| limit: disk, write + read-back | 3.00 |" in text
    assert "not installed, so not measured: rsync" in text
    assert "| A: time to the slower of disk and hashing | 1.25 | 3.00, -, - | MISSED, " in text


def test_markdown_rows_have_the_columns_of_their_heading() -> None:
    columns = 0
    for line in markdown(RESULTS):
        if not line.startswith("|"):
            columns = 0
            continue
        columns = columns or line.count("|")
        assert line.count("|") == columns, line
