"""What a run came to, read from the read model: results by job, and the files that failed."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from custody.domain.ports import ReadModel
from custody.domain.rows import JobRow, TransferRow
from custody.domain.use_cases.tally import tally
from custody.domain.use_cases.workshop import Failure, JobResult

MAX_FAILURES_LISTED: Final = 10_000  # the ledger has them all; a result must fit in memory
_ENTRY_KINDS: Final = ("file", "directory", "link")


def job_results(model: ReadModel, jobs: Sequence[JobRow], run: int) -> tuple[JobResult, ...]:
    """Return the result of each job in a run."""
    results = []
    for job in jobs:
        sums = tally(model.tallies(job.id, run))
        results.append(
            JobResult(
                index=job.index,
                name=job.name,
                state=job.state if job.run == run else "queued",
                destination=job.destination,
                files=sums.counts,
                bytes=sums.verified_bytes,
            )
        )
    return tuple(results)


def failures_of(model: ReadModel, jobs: Sequence[JobRow], run: int) -> tuple[Failure, ...]:
    """Return the entries that failed in a run, the first ten thousand."""
    return tuple(islice((failure_of(row) for row in _failed(model, jobs, run)), MAX_FAILURES_LISTED))


def _failed(model: ReadModel, jobs: Sequence[JobRow], run: int) -> Iterator[TransferRow]:
    for job in jobs:
        for kind in _ENTRY_KINDS:
            after = -1
            while rows := model.transfers(job.id, states=("failed",), kind=kind, after=after):
                after = rows[-1].ordinal
                yield from (row for row in rows if row.run == run)


def failure_of(row: TransferRow) -> Failure:
    """Return what is known of a failed entry."""
    return Failure(
        path=row.path,
        source=row.source,
        stage=row.stage or "",
        error=row.error or "",
        errno=row.errno,
        message=row.message or "",
        attempt=row.attempt,
        failed_at=row.failed_at or "",
    )
