"""Made-up runs for the tests of judging and of tables."""

from tests.bench.contestants import Role
from tests.bench.results import Limits, Run


def run(
    role: Role,
    wall: float,
    *,
    name: str = "",
    workload: str = "A",
    number: int = 0,
    files: int = 1,
    peak: int = 100_000_000,
    problem: str = "",
) -> Run:
    return Run(
        workload=workload, round=number, contestant=name or role.value, role=role, files=files,
        size_bytes=1_000, wall_seconds=wall, cpu_seconds=wall / 2, peak_bytes=peak, problem=problem,
    )  # fmt: skip


def limits(*, disk: float, hashing: float, number: int = 0) -> Limits:
    return Limits(
        round=number, size_bytes=1_000, write_seconds=disk / 2, read_seconds=disk / 2, hash_seconds=hashing
    )
