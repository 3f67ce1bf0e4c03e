"""Which job of a batch a report is asked for."""

from uuid import UUID

import pytest

from custody.cli.reporting import _named_job
from custody.domain.errors import NotFound, UsageError
from custody.domain.identifiers import JobId, Stream
from custody.domain.paths import RawPath
from custody.domain.projections.rows import BatchRow, JobRow

BATCH = BatchRow(
    stream=Stream("batch", UUID(int=9)), batch="b" * 64, name="", state="completed", run=1, revision=1,
    queued_at="", jobs=3,
)  # fmt: skip


def jobs(*names: str) -> list[JobRow]:
    return [
        JobRow(
            id=JobId(UUID(int=index)), batch=BATCH.batch, index=index, name=name, case_number="1",
            exhibit=None, destination=RawPath(b"/o"), state="completed", run=1, inventoried_run=1, revision=1,
        )
        for index, name in enumerate(names)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "index"), [("2", 1), ("Phone", 1), (str(UUID(int=2)), 2), ("1", 0), ("cam", 2)]
)
def test_a_job_is_meant_by_id_then_number_then_name(text: str, index: int) -> None:
    assert _named_job(BATCH, jobs("2", "Phone", "cam"), text).index == index


def test_a_name_that_several_jobs_have_is_a_usage_mistake() -> None:
    with pytest.raises(UsageError, match="2 jobs of the batch are called 'cam'"):
        _named_job(BATCH, jobs("cam", "cam"), "cam")


def test_a_job_that_is_unknown_is_not_found() -> None:
    with pytest.raises(NotFound, match="no job '7'"):
        _named_job(BATCH, jobs("cam"), "7")
