"""Re-verification at the end of a batch, of a sample or of all.

Counterfeit media destroy earlier files later, which a read-back right after each file cannot see. Knows that
a copy that could not be looked at is not refuted by that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Done, Failed, ReadBack, Stage
from custody.domain.identifiers import TransferId
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.batches.batch_results import MAX_FAILURES_LISTED
from custody.domain.use_cases.job_rows import rows_of
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.verification.rereading import (
    Rereading,
    Unread,
    read_back_item,
    record_refuted,
    record_reverified,
    record_unread,
)
from custody.domain.use_cases.workshop import Failure, Workshop

_WINDOW_FILES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleResult:
    """How many copies were found different, how many could not be looked at, and the first of both."""

    refuted: int
    unreadable: int
    failures: tuple[Failure, ...]


def reverify_sample(workshop: Workshop, jobs: Sequence[JobRow], run: int, journal: Journal) -> SampleResult:
    """Read copies of this run again and record each result.

    Raises Interrupted after a request to stop, Halted when no lane will work; what was read until then is
    recorded.
    """
    return _Sample(workshop, run, journal).read(jobs)


class _Sample:
    """One re-verification under way."""

    def __init__(self, workshop: Workshop, run: int, journal: Journal) -> None:
        self._workshop = workshop
        self._run = run
        self._journal = journal
        self._rows: dict[TransferId, TransferRow] = {}
        self._refuted = 0
        self._unreadable = 0
        self._failures: list[Failure] = []

    def read(self, jobs: Sequence[JobRow]) -> SampleResult:
        workshop = self._workshop
        feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, workshop.settings)
        try:
            for answer in Rereading(feed).read(self._windows(jobs)):
                match answer:
                    case ReadBack():
                        record_reverified(self._journal, self._rows.pop(answer.transfer), answer)
                    case Failed():
                        self._take_failed(self._rows.pop(answer.transfer), answer)
                    case Unread():
                        self._take_unread(self._rows.pop(answer.transfer), answer)
                    case Done():
                        self._journal.commit()
                    case _:
                        continue
        finally:
            self._journal.commit()
        return SampleResult(
            refuted=self._refuted, unreadable=self._unreadable, failures=tuple(self._failures)
        )

    def _windows(self, jobs: Sequence[JobRow]) -> Iterator[list[CopyItem]]:
        for job in jobs:
            window: list[CopyItem] = []
            for row in self._chosen(job):
                self._rows[row.id] = row
                window.append(read_back_item(row, job.destination))
                if len(window) >= _WINDOW_FILES:
                    yield window
                    window = []
            if window:
                yield window

    def _chosen(self, job: JobRow) -> Iterator[TransferRow]:
        """Yield all verified files of the job, or evenly spread ones: the read model is asked for each."""
        model, settings = self._workshop.model, self._workshop.settings
        total = sum(item.count for item in model.tallies(job.id, self._run) if item.state == "verified")
        if settings.final_pass:
            yield from rows_of(model, job.id, ("verified",), run=self._run)
        elif settings.sample_files:
            step = max(1, total // settings.sample_files)
            yield from model.sample(job.id, run=self._run, state="verified", step=step)

    def _take_failed(self, row: TransferRow, report: Failed) -> None:
        record_refuted(self._journal, row, report)
        self._refuted += report.differs
        self._unreadable += not report.differs
        self._list(row, report.error, report.message, report.errno)

    def _take_unread(self, row: TransferRow, unread: Unread) -> None:
        record_unread(self._journal, row, unread)
        self._unreadable += 1
        self._list(row, "unreadable", f"the copy was not read again: {unread.message}", None)

    def _list(self, row: TransferRow, error: str, message: str, errno: int | None) -> None:
        if len(self._failures) >= MAX_FAILURES_LISTED:
            return
        now = self._workshop.clock.now().astimezone(UTC).isoformat(timespec="microseconds")
        self._failures.append(
            Failure(
                path=row.path,
                source=row.source,
                stage=Stage.FINAL_CHECK.value,
                error=error,
                errno=errno,
                message=message,
                attempt=row.attempt,
                failed_at=now.removesuffix("+00:00") + "Z",
            )
        )
