"""The rows of a job as one stream, in whatever run they were last seen, and which of them others replaced.

Knows that several jobs may have put the same copy in its place. Reads no file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from custody.domain.copying.plan import JobPlan, Plan
from custody.domain.errors import MalformedData
from custody.domain.identifiers import JobId, LedgerId, TransferId, job_id, transfer_id
from custody.domain.paths import RawPath, is_within, join
from custody.domain.ports import ReadModel
from custody.domain.projections.rows import JobRow, TransferRow

FILE_STATES: Final = ("queued", "copying", "fsynced", "verified", "qualified", "failed", "skipped")
_IN_PLACE: Final = frozenset({"recorded", "verified", "qualified", "skipped"})
_PAGE: Final = 1000
_MAKE_ANEW: Final = "run 'custody audit', then 'custody rebuild'"

Age = Callable[[TransferRow], int]


def all_jobs(model: ReadModel) -> list[JobRow]:
    """Return every job of the ledger."""
    return [job for batch in model.batches() for job in model.jobs(batch.batch)]


def planned(plan: Plan, job: JobRow, ledger: LedgerId) -> JobPlan:
    """Return what was planned of a job. Its id follows from its place in the plan; the row could be anyone's.

    Raises MalformedData when the plan has no such job.
    """
    if not 0 <= job.index < len(plan.jobs) or job.id != job_id(ledger, plan.id, job.index):
        raise MalformedData("a read model places a job where the plan has another one", hint=_MAKE_ANEW)
    return plan.jobs[job.index]


def job_of(row: TransferRow, jobs: Mapping[JobId, JobRow]) -> JobRow:
    """Return the job of an entry. Raises MalformedData for an entry of none of the ledger's jobs."""
    job = jobs.get(row.job)
    if job is None:
        raise MalformedData("a read model has a file that belongs to no job of a batch", hint=_MAKE_ANEW)
    return job


def row_pages(
    model: ReadModel, job: JobId, states: Iterable[str], kind: str = "file"
) -> Iterator[Sequence[TransferRow]]:
    """Yield a job's entries in these states, page by page, in the order of their ordinals."""
    after, wanted = -1, tuple(states)
    while rows := model.transfers(job, states=wanted, kind=kind, after=after, limit=_PAGE):
        after = rows[-1].ordinal
        yield rows


def rows_of(
    model: ReadModel, job: JobId, states: Iterable[str], *, kind: str = "file", run: int | None = None
) -> Iterator[TransferRow]:
    """Yield a job's entries in these states in the order of work, only those of one run when it is given."""
    for rows in row_pages(model, job, states, kind):
        yield from (row for row in rows if run in {None, row.run})


def proved_rows(model: ReadModel, folder: RawPath) -> Iterator[TransferRow]:
    """Yield the proved files whose copy is ``folder`` or below it, each copy once, as it was proved last."""
    after = -1
    while page := model.proved_within(folder, after=after):
        after = page[-1][0]
        yield from (row for _, row in page)


def proved_rows_of(model: ReadModel, jobs: Sequence[JobRow], folder: RawPath) -> Iterator[TransferRow]:
    """Yield what these jobs proved below ``folder``, each copy once, as the last of these jobs proved it.

    What jobs that were not asked for proved at the same place since takes nothing away.
    """
    for job in jobs:
        for page in row_pages(model, job.id, FILE_STATES):
            rows = [row for row in page if row.proved is not None and _in_scope(job, row, folder)]
            replaced = replaced_rows(model, job, rows, jobs, proof_age)
            yield from (row for row in rows if row.id not in replaced)


def _in_scope(job: JobRow, row: TransferRow, folder: RawPath) -> bool:
    return is_within(join(job.destination, row.path), folder)


def proof_age(row: TransferRow) -> int:
    """Return the position of the entry that proved a copy; -1 when none did."""
    return -1 if row.proved is None else row.proved


def placed_age(row: TransferRow) -> int:
    """Return the position at which an entry last came to stand in its place; -1 when it did not."""
    return row.ordinal if row.state in _IN_PLACE and row.kind != "special" else -1


def replaced_rows(
    model: ReadModel, job: JobRow, rows: Sequence[TransferRow], others: Sequence[JobRow], age: Age
) -> frozenset[TransferId]:
    """Return which of a job's rows another of the jobs has a younger row for, at the same absolute place.

    ``age`` gives a position of the ledger; -1 for a row that put nothing there. Of two of the same age the
    one with the greater id counts, so that exactly one is left.
    """
    rivals: dict[TransferId, TransferRow] = {}
    for other in others:
        if other.id == job.id:
            continue
        for row in rows:
            below = path_below(join(job.destination, row.path), other.destination)
            if below is not None:
                rivals[transfer_id(other.id, below)] = row
    found = model.find(list(rivals))
    pairs = [(rivals[rival.id], rival) for rival in found.values() if age(rival) >= 0]
    return frozenset(own.id for own, rival in pairs if (age(own), own.id) < (age(rival), rival.id))


def path_below(copy: RawPath, destination: RawPath) -> RawPath | None:
    """Return the path of a copy below a destination; None when it does not lie there."""
    folder = destination.rstrip(b"/") + b"/"
    return RawPath(copy.removeprefix(folder)) if copy.startswith(folder) else None
