"""What a benchmark found, as values and as JSON; knows neither how it was measured nor how it is judged."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

SCHEMA: Final = "custody.bench-copy/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One contestant's way through one workload in one round; ``problem`` says why it does not count."""

    workload: str
    round: int
    contestant: str
    role: str
    files: int
    size_bytes: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    entries: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The machine's own limits for workload A in one round; ``hash_seconds`` is both passes on all cores."""

    round: int
    size_bytes: int
    write_seconds: float
    read_seconds: float
    hash_seconds: float

    @property
    def disk_seconds(self) -> float:
        return self.write_seconds + self.read_seconds


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything one call of the benchmark found, in the order of finding."""

    machine: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    limits: list[Limits] = field(default_factory=list)

    def runs_of(self, workload: str, round_number: int) -> list[Run]:
        return [run for run in self.runs if (run.workload, run.round) == (workload, round_number)]

    def rounds_of(self, workload: str) -> list[int]:
        return sorted({run.round for run in self.runs if run.workload == workload})


def save(results: Results, file: Path) -> None:
    """Write the results so that an interrupted benchmark keeps those of its last run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_text(json.dumps({"schema": SCHEMA, **asdict(results)}, indent=1) + "\n", "utf-8")
    unfinished.replace(file)


def load(files: Iterable[Path]) -> Results:
    """Read results that were saved, in several calls if need be: workloads add up, machine and settings too.

    Raises:
        ValueError: a file is not of this schema, or two files hold the same workload.
    """
    whole = Results()
    for file in files:
        document = json.loads(file.read_text("utf-8"))
        if document.pop("schema", None) != SCHEMA:
            raise ValueError(f"{file}: not {SCHEMA}")
        part = Results(
            machine=document["machine"],
            settings=document["settings"],
            missing=document["missing"],
            runs=[Run(**run) for run in document["runs"]],
            limits=[Limits(**limits) for limits in document["limits"]],
        )
        _add(whole, part, file)
    return whole


def _add(whole: Results, part: Results, file: Path) -> None:
    twice = {run.workload for run in whole.runs} & {run.workload for run in part.runs}
    if twice:
        raise ValueError(f"{file}: workload {', '.join(sorted(twice))} stands in two files")
    whole.machine |= part.machine
    whole.settings |= part.settings
    whole.missing = sorted({*whole.missing, *part.missing})
    whole.runs += part.runs
    whole.limits += part.limits
