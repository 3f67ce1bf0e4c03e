"""From what a batch file says to the plan: its title, its limit, its jobs, and where two of them collide.

Knows neither TOML nor CSV: a reader hands over a draft with the place of each job in its file.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from custody.domain.copying.plan import NEVER_STOP, JobPlan, Plan, shared_landings
from custody.domain.instructions.draft import (
    DEFAULTS,
    BadInstruction,
    Draft,
    DraftJob,
    JobValues,
    Mistake,
    Mistakes,
    given,
    unknown_key,
)
from custody.domain.instructions.jobs import JOB_KEYS, compile_job, text
from custody.domain.paths import RawPath, printable

BATCH_KEYS: Final = frozenset({"name", "stop_when_failed_over"})
_BATCH: Final = "[batch]"

__all__ = ["JOB_KEYS", "BadInstruction", "Draft", "DraftJob", "Mistake", "compile_plan"]


def compile_plan(file_name: str, draft: Draft, *, folder: RawPath) -> Plan:
    """Return the plan of a draft; raises BadInstruction with every mistake found."""
    found = Mistakes(draft.mistakes)
    if not draft.jobs and not found:
        found.add(file_name, "has no job")
    for key in sorted(draft.batch.keys() - BATCH_KEYS):
        found.at(_BATCH, key, unknown_key(key, _BATCH, BATCH_KEYS))
    title = text(found, _BATCH, "name", given(draft.batch.get("name")), file_name)
    limit = _limit(found, draft.batch.get("stop_when_failed_over", 1))
    for key in sorted(draft.defaults.keys() - JOB_KEYS):
        found.at(DEFAULTS, key, unknown_key(key, "a job", JOB_KEYS))
    jobs = [(item.where, _job(found, draft, item, folder)) for item in draft.jobs]
    good = [(where, job) for where, job in jobs if job is not None]
    _find_collisions(found, good)
    if found:
        raise BadInstruction(file_name, found.listed())
    return Plan(name=title, stop_when_failed_over_permille=limit, jobs=tuple(job for _, job in good))


def _job(found: Mistakes, draft: Draft, item: DraftJob, folder: RawPath) -> JobPlan | None:
    before = len(found)
    for key in sorted(item.values.keys() - JOB_KEYS):
        found.at(item.where, key, unknown_key(key, "a job", JOB_KEYS))
    job = compile_job(found, JobValues(item, draft.defaults), folder)
    return job if len(found) == before else None


def _find_collisions(found: Mistakes, jobs: Sequence[tuple[str, JobPlan]]) -> None:
    """Name every place where two sources would land, with the jobs that bring them there."""
    for landing, first, where in shared_landings(jobs):
        other = "another source of this job" if first == where else f"a source of {first}"
        found.at(where, "sources", f"one would land where {other} does: {printable(landing)}")


def _limit(found: Mistakes, value: object) -> int:
    share = _share(value)
    if share is None:
        found.at(_BATCH, "stop_when_failed_over", "is not a number from 0 to 1")
        return NEVER_STOP
    return int(share * NEVER_STOP)


def _share(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        share = Decimal(value if isinstance(value, int) else str(value))
    except InvalidOperation:
        return None
    return share if share.is_finite() and 0 <= share <= 1 else None
