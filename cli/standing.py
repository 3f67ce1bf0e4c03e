"""A batch as the ledger has it at this moment, told as the result of a run is told.

Knows the answers of commands that work no more: there is nothing left to do, or the person did not wait.
"""

from collections.abc import Callable
from dataclasses import replace

from custody.cli.adapters import reading_ledger
from custody.cli.empty_results import EMPTY_RESULTS
from custody.cli.exit_codes import ExitCode
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.render import SHORT_ID, batch_answer, batch_fields, resume_command
from custody.domain.errors import CustodyError
from custody.domain.identifiers import BatchId
from custody.domain.ports import ReadModel
from custody.domain.projections.rows import BatchRow
from custody.domain.use_cases.batches.batch_results import failures_of, job_results
from custody.domain.use_cases.workshop import BatchResult, Counts
from custody.infrastructure.system import SystemClock

_ABANDONED = "ABANDONED"


def nothing_left(model: ReadModel, row: BatchRow, what: str) -> Answer:
    """Return the answer where a batch is complete: nothing is written, its last run's result is told."""
    return Answer(
        verdict=f"OK  nothing to {what}: batch {row.batch[:SHORT_ID]} is complete",
        lines=(f"  {row.name}, run {row.run}; nothing was written",),
        status="completed",
        fields=batch_fields(_standing(model, row, "completed")),
    )


def abandoned_run(run: Invocation, batch: str) -> Callable[[ExitCode], Answer]:
    """Return what tells, when a person does not wait for the pause, what is recorded and how to go on."""
    clock = SystemClock()
    begun_at = clock.monotonic()

    def told(code: ExitCode) -> Answer:
        try:
            with reading_ledger(run) as view:
                row = view.model.batch(batch)
                if row is None:
                    return abandoned_before(run)(code)
                seconds = clock.monotonic() - begun_at
                return _abandoned(_standing(view.model, row, "paused", seconds), code)
        except CustodyError:
            return _untold(run, batch, code)

    return told


def abandoned_before(run: Invocation) -> Callable[[ExitCode], Answer]:
    """Return what tells that a person stopped a command before it recorded anything."""

    def told(code: ExitCode) -> Answer:
        return Answer(
            code=code,
            verdict=f"{_ABANDONED}  nothing of it was recorded",
            lines=("  give the same command again",),
            fields={**EMPTY_RESULTS.get(run.command, {}), "abandoned": True},
        )

    return told


def _untold(run: Invocation, batch: str, code: ExitCode) -> Answer:
    return Answer(
        code=code,
        verdict=f"{_ABANDONED}  what was recorded is safe",
        lines=(f"  go on with: {resume_command(batch)}",),
        fields={**EMPTY_RESULTS.get(run.command, {}), "batch": batch, "abandoned": True},
    )


def _abandoned(result: BatchResult, code: ExitCode) -> Answer:
    answer = batch_answer(result)
    return replace(
        answer,
        code=code,
        verdict=f"{_ABANDONED}  {answer.verdict.partition('  ')[2]}",
        fields={**answer.fields, "abandoned": True},
    )


def _standing(model: ReadModel, row: BatchRow, status: str, seconds: float = 0.0) -> BatchResult:
    rows = model.jobs(row.batch)
    jobs = job_results(model, rows, row.run)
    failures = failures_of(model, rows, row.run)
    return BatchResult(
        batch=BatchId(row.batch),
        run=row.run,
        status=status,
        jobs=jobs,
        files=sum((job.files for job in jobs), Counts()),
        bytes=sum(job.bytes for job in jobs),
        seconds=seconds,
        failures=failures.listed,
        failures_not_listed=failures.count - len(failures.listed),
        refuted=failures.refuted,
    )
