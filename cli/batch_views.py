"""Batches as people look at them: the list, how far one is, what one was asked to do.

Knows the read model's rows; changes nothing.
"""

from collections.abc import Iterable

from custody.cli.output import Answer
from custody.cli.render import SHORT_ID, counts_fields, counts_text, limited, resume_command
from custody.cli.wording import counted, size_text
from custody.domain.paths import printable, to_json
from custody.domain.ports import LedgerReader, ReadModel
from custody.domain.projections.rows import BatchRow, JobRow
from custody.domain.use_cases.batch_names import named_batch, named_or_last_batch
from custody.domain.use_cases.batches.batch_results import failures_of
from custody.domain.use_cases.batches.queue_batch import plan_of
from custody.domain.use_cases.tally import tally
from custody.domain.use_cases.workshop import Counts
from custody.infrastructure.event_store.lock_holder import LockHolder


def list_answer(model: ReadModel) -> Answer:
    """Return all batches, the one queued last first."""
    rows = model.batches()
    lines = [
        f"  {row.batch[:SHORT_ID]}  {row.state:<10}  run {row.run}  {row.queued_at[:19]}Z  "
        f"{counted(row.jobs, 'job')}  {row.name}"
        for row in rows
    ]
    return Answer(
        verdict=f"{counted(len(rows), 'batch', 'batches')}",
        lines=lines,
        fields={"batches": [_batch_fields(row) for row in rows]},
    )


def status_answer(model: ReadModel, batch: str | None, holder: LockHolder | None) -> Answer:
    """Return how far a batch is, by default the last; ``holder`` is the process that writes the ledger.

    Raises NotFound, UsageError.
    """
    row = named_or_last_batch(model, batch)
    jobs = model.jobs(row.batch)
    sums = [tally(model.tallies(job.id, row.run)) for job in jobs]
    counts = sum((one.counts for one in sums), Counts())
    size = sum(one.verified_bytes for one in sums)
    running = row.state == "running" and holder is not None
    word = "INTERRUPTED" if row.state == "running" and not running else row.state.upper()
    return Answer(
        verdict=f"{word}  batch {row.batch[:SHORT_ID]}, run {row.run}: "
        f"{counts_text(counts)}, {size_text(size)}",
        lines=[
            *(
                f"  {job.index + 1}  {job.state:<10}  {job.name}: {counts_text(one.counts)}"
                for job, one in zip(jobs, sums, strict=True)
            ),
            *_how_it_goes_on(row, holder, running=running),
        ],
        fields={
            **_batch_fields(row),
            "files": counts_fields(counts),
            "bytes": size,
            "job_states": [_job_fields(job) for job in jobs],
            "held_by": None if holder is None else {"pid": holder.pid, "host": holder.host},
        },
    )


def _how_it_goes_on(row: BatchRow, holder: LockHolder | None, *, running: bool) -> Iterable[str]:
    where = "" if holder is None else f"by {_process(holder)} on {holder.host}"
    if running:
        yield f"  it is being worked on {where}"
    elif row.state != "completed":
        if holder is not None:
            yield f"  the ledger is in use {where}; wait for it"
        elif row.state == "running":
            yield "  no process of this machine works on it"
        yield f"  go on with: {resume_command(row.batch)}"


def _process(holder: LockHolder) -> str:
    return "a process" if holder.pid is None else f"process {holder.pid}"


def show_answer(reader: LedgerReader, model: ReadModel, batch: str) -> Answer:
    """Return a batch's plan, jobs and failures. Raises NotFound, UsageError."""
    row = named_batch(model, batch)
    plan = plan_of(reader, row)
    jobs = model.jobs(row.batch)
    failures = failures_of(model, jobs, row.run)
    not_listed = failures.count - len(failures.listed)
    lines = [f"  batch {row.batch}", f"  queued at {row.queued_at}, run {row.run}"]
    for job, asked in zip(jobs, plan.jobs, strict=False):
        lines += [
            f"  {job.index + 1}  {job.state:<10}  {job.name}, case {job.case_number}"
            + (f", exhibit {job.exhibit}" if job.exhibit else ""),
            *(f"     from {printable(source)}" for source in asked.sources),
            f"     to   {printable(job.destination)}  ({', '.join(asked.algorithms)})",
        ]
    failed = [f"  failed {printable(failure.path)}: {failure.message}" for failure in failures.listed]
    lines += limited(failed, further=not_listed)
    return Answer(
        verdict=f"{row.state.upper()}  {row.name}",
        lines=lines,
        fields={
            **_batch_fields(row),
            "plan": plan.to_bytes().decode(),
            "job_states": [_job_fields(job) for job in jobs],
            "failures": [{**to_json("path", one.path), "message": one.message} for one in failures.listed],
            "failures_not_listed": not_listed,
        },
    )


def _batch_fields(row: BatchRow) -> dict[str, object]:
    return {
        "batch": row.batch,
        "name": row.name,
        "state": row.state,
        "run": row.run,
        "queued_at": row.queued_at,
        "jobs": row.jobs,
    }


def _job_fields(job: JobRow) -> dict[str, object]:
    return {
        "id": str(job.id),
        "index": job.index,
        "name": job.name,
        "state": job.state,
        "case_number": job.case_number,
        "exhibit": job.exhibit,
        **to_json("destination", job.destination),
    }
