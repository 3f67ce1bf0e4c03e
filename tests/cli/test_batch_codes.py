"""The exit code that a run's result stands for."""

import pytest

from custody.cli.exit_codes import ExitCode
from custody.cli.render import batch_code
from custody.domain.identifiers import BatchId
from custody.domain.use_cases.workshop import BatchResult, Counts


def result(**facts: object) -> BatchResult:
    plain: dict[str, object] = {
        "batch": BatchId("0" * 64), "run": 1, "status": "incomplete", "jobs": (), "files": Counts(),
        "bytes": 0, "seconds": 0.0, "failures": (), "refuted": False,
    }  # fmt: skip
    return BatchResult(**(plain | facts))  # type: ignore[arg-type]  # facts are the test's


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [("busy", ExitCode.BUSY), ("refused", ExitCode.REFUSED), (None, ExitCode.INCOMPLETE)],
)
def test_what_alone_kept_a_job_from_beginning_gives_the_code(obstacle: str | None, code: ExitCode) -> None:
    assert batch_code(result(obstacle=obstacle)) is code


def test_a_refuted_copy_gives_the_code_of_an_incomplete_run() -> None:
    assert batch_code(result(refuted=True)) is ExitCode.REFUTED
