"""Rows of the read models name jobs and plans; what somebody put there does not make another job of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from custody.domain.errors import MalformedData
from custody.domain.identifiers import job_id
from custody.domain.use_cases.job_rows import job_of, planned
from tests.unit.event_store.sample_ledger import BATCH, JOB, LEDGER

PLAN: Any = SimpleNamespace(id=BATCH, jobs=("first", "second"))


def row(index: int, job: object = None) -> Any:
    return SimpleNamespace(index=index, id=job or job_id(LEDGER, BATCH, index))


@pytest.mark.parametrize(("index", "job"), [(0, "first"), (1, "second")])
def test_a_job_is_done_as_its_place_in_the_plan_says(index: int, job: str) -> None:
    assert planned(PLAN, row(index), LEDGER) == job


@pytest.mark.parametrize("wrong", [row(-1), row(2), row(1, JOB)])
def test_a_job_that_is_not_of_its_place_in_the_plan_is_not_done(wrong: Any) -> None:
    with pytest.raises(MalformedData, match="where the plan has another one"):
        planned(PLAN, wrong, LEDGER)


def test_an_entry_belongs_to_a_job_of_a_batch() -> None:
    entry: Any = SimpleNamespace(job=JOB)
    job: Any = row(0)
    assert job_of(entry, {JOB: job}) is job
    with pytest.raises(MalformedData, match="belongs to no job"):
        job_of(entry, {})
