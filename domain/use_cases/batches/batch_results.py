"""What a run came to, read from the read model: results by job, and the files that failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from custody.domain.copying.failure_words import is_refuting
from custody.domain.ports import ReadModel
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.job_rows import rows_of
from custody.domain.use_cases.tally import tally
from custody.domain.use_cases.workshop import Failure, JobResult

MAX_FAILURES_LISTED: Final = 10_000  # the ledger has them all; a result must fit in memory
_ENTRY_KINDS: Final = ("file", "directory", "link")


def job_results(
    model: ReadModel, jobs: Sequence[JobRow], run: int, reasons: Mapping[int, str] = MappingProxyType({})
) -> tuple[JobResult, ...]:
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
                reason=reasons.get(job.index),
            )
        )
    return tuple(results)


@dataclass(frozen=True, slots=True)
class Failures:
    """The entries that failed in a run, the first ten thousand, their number, and what all of them say."""

    listed: tuple[Failure, ...]
    count: int
    refuted: bool


def failures_of(model: ReadModel, jobs: Sequence[JobRow], run: int) -> Failures:
    """Go through all entries that failed in a run; memory holds the listed ones."""
    listed: list[Failure] = []
    count, refuted = 0, False
    for row in _failed(model, jobs, run):
        count += 1
        refuted = refuted or is_refuting(row.stage, row.error)
        if count <= MAX_FAILURES_LISTED:
            listed.append(failure_of(row))
    return Failures(tuple(listed), count, refuted)


def _failed(model: ReadModel, jobs: Sequence[JobRow], run: int) -> Iterator[TransferRow]:
    for job in jobs:
        for kind in _ENTRY_KINDS:
            yield from rows_of(model, job.id, ("failed",), kind=kind, run=run)


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
