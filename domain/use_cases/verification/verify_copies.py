"""Re-reading copies against the ledger: changed, missing, extra, unreadable; each pass is recorded.

Knows which copies this ledger proved, and which links and folders it made. Touches none of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Advanced, Failed, ReadBack
from custody.domain.errors import Busy, CustodyError, DestinationMissing
from custody.domain.events import CopyRefuted
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath, is_within, join
from custody.domain.ports import Destination
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.foreign import made_destination, record_extra
from custody.domain.use_cases.job_rows import all_jobs, job_of, proved_rows, proved_rows_of
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.verification.rereading import (
    Rereading,
    Unread,
    read_back_item,
    record_refuted,
    record_reverified,
    record_unread,
)
from custody.domain.use_cases.verification.standing_entries import MADE, Finding, StandingEntries
from custody.domain.use_cases.verification.verify_scope import Scope, resolve_scope
from custody.domain.use_cases.workshop import Workshop

__all__ = ["Problem", "Scope", "VerifyResult", "resolve_scope", "verify"]

WINDOW_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """A copy that is not as recorded; ``path`` is absolute."""

    path: RawPath
    message: str


@dataclass(slots=True, kw_only=True)
class VerifyResult:
    """What a pass over the copies found."""

    checked: int = 0  # copies looked at, those that are gone or gave no answer among them
    bytes: int = 0
    seconds: float = 0.0
    changed: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)
    extra: list[Problem] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)

    @property
    def refuted(self) -> bool:
        """Tell whether a difference was found."""
        return bool(self.changed or self.missing or self.extra)


def verify(workshop: Workshop, scope: Scope, *, record: bool) -> VerifyResult:
    """Read every copy in scope again, look at its folders and links, and compare with what was recorded.

    With ``record`` each result becomes an event. Raises Busy, before anything is read, when another process
    works on a destination; Interrupted after a request to stop; Halted when no lane will work.
    """
    began_at = workshop.clock.monotonic()
    pass_ = _Pass(workshop, scope, record=record)
    pass_.require_free()
    pass_.read_copies()
    pass_.look_at_entries()
    pass_.result.seconds = workshop.clock.monotonic() - began_at
    return pass_.result


class _Pass:
    """One pass under way."""

    def __init__(self, workshop: Workshop, scope: Scope, *, record: bool) -> None:
        self._workshop = workshop
        self._scope = scope
        self._wanted = {job.id: job for job in all_jobs(workshop.model) if scope.includes(job)}
        self._journal = Journal(workshop.ledger) if record else None
        self._rows: dict[TransferId, tuple[TransferRow, RawPath]] = {}
        self._listed: set[RawPath] = set()
        self.result = VerifyResult()

    def require_free(self) -> None:
        for place in {job.destination for job in self._jobs_with_entries()}:
            try:
                self._workshop.open_destination(place, create=False).close()
            except Busy:
                raise
            except CustodyError:
                continue  # what it means is said when its entries are looked at

    def _jobs_with_entries(self) -> list[JobRow]:
        """Return the jobs in scope that made folders, their destination among them, or links."""
        model = self._workshop.model
        return [
            job
            for job in sorted(self._wanted.values(), key=lambda job: job.id.bytes)
            if self._scope.may_reach(job.destination)
            and (
                made_destination(self._workshop.reader, job.id)
                or any(
                    model.transfers(job.id, states=MADE, kind=kind, limit=1) for kind in ("directory", "link")
                )
            )
        ]

    def read_copies(self) -> None:
        workshop = self._workshop
        feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, workshop.settings)
        try:
            for answer in Rereading(feed).read(self._windows()):
                match answer:
                    case Advanced():
                        self._take_progress(answer)
                    case ReadBack():
                        self._take_good(answer)
                    case Failed():
                        self._take_bad(answer)
                    case Unread():
                        self._take_unread(answer)
                    case _:  # Done
                        self._commit()
        finally:
            self._commit()

    def _windows(self) -> Iterator[Sequence[CopyItem]]:
        for window in _windows(self._proved()):
            self._workshop.progress.plan(files=len(window), size=sum(row.size for row in window))
            for row in window:
                self._rows[row.id] = (row, join(job_of(row, self._wanted).destination, row.path))
            yield [read_back_item(row, self._wanted[row.job].destination) for row in window]

    def _proved(self) -> Iterator[TransferRow]:
        model, scope = self._workshop.model, self._scope
        if scope.batch is None and scope.job is None:
            return proved_rows(model, scope.folder)
        return proved_rows_of(model, list(self._wanted.values()), scope.folder)

    def _take_progress(self, report: Advanced) -> None:
        row, copy = self._rows.get(report.transfer, (None, b""))
        self._workshop.progress.advance(copy, report.phase, report.size, row.size if row else 0)

    def _take_good(self, report: ReadBack) -> None:
        row, copy = self._rows.pop(report.transfer)
        self.result.checked += 1
        self.result.bytes += report.size
        if self._journal is not None:
            record_reverified(self._journal, row, report)
        self._workshop.progress.finished(copy, "verified")

    def _take_bad(self, report: Failed) -> None:
        row, copy = self._rows.pop(report.transfer)
        self.result.checked += 1
        finding = report.error if report.error == "missing" else "changed" if report.differs else "unreadable"
        self._list(finding, copy, report.message)
        if self._journal is not None:
            record_refuted(self._journal, row, report)
        self._workshop.progress.finished(copy, "failed", report.message)

    def _take_unread(self, unread: Unread) -> None:
        row, copy = self._rows.pop(unread.transfer)
        self.result.checked += 1
        self._list("unreadable", copy, unread.message)
        if self._journal is not None:
            record_unread(self._journal, row, unread)
        self._workshop.progress.finished(copy, "failed", unread.message)

    def look_at_entries(self) -> None:
        try:
            for job in self._jobs_with_entries():
                self._look_at_job(job)
                self._commit()
        finally:
            self._commit()

    def _look_at_job(self, job: JobRow) -> None:
        try:
            destination = self._workshop.open_destination(job.destination, create=False)
        except DestinationMissing:
            self._look_at(job, None)
        except CustodyError as error:
            self._list("unreadable", job.destination, error.what)
        else:
            with closing(destination):
                self._look_at(job, destination)

    def _look_at(self, job: JobRow, destination: Destination | None) -> None:
        jobs = list(self._wanted.values())
        for finding in StandingEntries(self._workshop, job, destination, jobs).findings():
            copy = join(job.destination, finding.path) if finding.path else job.destination
            if is_within(copy, self._scope.folder):
                self._take_finding(job, finding, copy)

    def _take_finding(self, job: JobRow, finding: Finding, copy: RawPath) -> None:
        if copy not in self._listed:  # several jobs may have made the same folder
            self._listed.add(copy)
            self._list(finding.finding, copy, finding.message)
        if self._journal is None:
            return
        if finding.finding == "extra":
            record_extra(self._journal, self._workshop.reader, job.id, finding.path, finding.message)
        elif finding.row is not None:
            event = CopyRefuted(path=finding.path, finding=finding.finding, message=finding.message)
            self._journal.add(file_stream(finding.row.id), finding.row.revision + 1, event)

    def _list(self, finding: str, copy: RawPath, message: str) -> None:
        lists = {
            "changed": self.result.changed,
            "missing": self.result.missing,
            "extra": self.result.extra,
            "unreadable": self.result.unreadable,
        }
        lists[finding].append(Problem(copy, message))

    def _commit(self) -> None:
        if self._journal is not None:
            self._journal.commit()


def _windows(rows: Iterator[TransferRow]) -> Iterator[Sequence[TransferRow]]:
    window: list[TransferRow] = []
    for row in rows:
        window.append(row)
        if len(window) >= WINDOW_FILES:
            yield window
            window = []
    if window:
        yield window
