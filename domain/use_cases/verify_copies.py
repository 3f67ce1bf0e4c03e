"""Re-reading copies against the ledger: changed, missing, extra, unreadable; each pass is recorded.

Knows which copies this ledger proved. Touches none of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from custody.domain.copying import Advanced, Failed, ReadBack, Window
from custody.domain.errors import CustodyError, DestinationFailed, NotFound, Refused
from custody.domain.events import CopyRefuted
from custody.domain.identifiers import JobId, TransferId, transfer_id
from custody.domain.paths import RawPath, join
from custody.domain.ports import Destination, ReadModel
from custody.domain.rows import JobRow, TransferRow
from custody.domain.use_cases.final_pass import read_back_item, record_refuted, record_reverified
from custody.domain.use_cases.foreign import job_folders, strangers
from custody.domain.use_cases.lane_feed import MAX_UNDER_WAY, LaneFeed, LaneLost
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

WINDOW_FILES: Final = 500
EVERYWHERE: Final = RawPath(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be verified: everything below a folder, narrowed to a batch or a job when one is named."""

    folder: RawPath = EVERYWHERE
    batch: str | None = None
    job: JobId | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A copy that is not as recorded; ``path`` is absolute."""

    path: RawPath
    message: str


@dataclass(slots=True, kw_only=True)
class VerifyResult:
    """What a pass over the copies found."""

    checked: int = 0
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


def resolve_scope(text: str | None, path: RawPath | None, model: ReadModel) -> Scope:
    """Read what a person named: a job's UUID, a batch id or its beginning, else an absolute path.

    Raises NotFound when nothing of this ledger has that name.
    """
    if text is None:
        return Scope()
    job = _job_named(text, model)
    if job is not None:
        return Scope(batch=job.batch, job=job.id)
    batch = model.batch(text)
    if batch is not None:
        return Scope(batch=batch.batch)
    if path is not None and model.proved_within(path, limit=1):
        return Scope(folder=path)
    raise NotFound(
        f"this ledger has no copy, batch or job named {text!r}",
        done="nothing was read",
        hint="'custody batch list' shows the batches; a path must be that of a copy or its folder",
    )


def _job_named(text: str, model: ReadModel) -> JobRow | None:
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    return next(
        (job for batch in model.batches() for job in model.jobs(batch.batch) if job.id == wanted), None
    )


def verify(workshop: Workshop, scope: Scope, *, record: bool) -> VerifyResult:
    """Read every copy in scope again and compare it with what was recorded.

    With ``record`` each result becomes an event. Raises Interrupted after a request to stop.
    """
    began_at = workshop.clock.monotonic()
    pass_ = _Pass(workshop, record=record)
    jobs = {job.id: job for batch in workshop.model.batches() for job in workshop.model.jobs(batch.batch)}
    wanted = {
        key for key, job in jobs.items() if scope.batch in {None, job.batch} and scope.job in {None, key}
    }
    pass_.read_copies(scope.folder, jobs, wanted)
    for key in sorted(wanted, key=lambda job: job.bytes):
        pass_.look_for_extras(jobs[key], scope.folder)
    pass_.result.seconds = workshop.clock.monotonic() - began_at
    return pass_.result


class _Pass:
    """One pass under way."""

    def __init__(self, workshop: Workshop, *, record: bool) -> None:
        self._workshop = workshop
        self._feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, workshop.settings)
        self._journal = Journal(workshop.ledger) if record else None
        self._rows: dict[TransferId, tuple[TransferRow, RawPath]] = {}
        self.result = VerifyResult()

    def read_copies(self, folder: RawPath, jobs: dict[JobId, JobRow], wanted: set[JobId]) -> None:
        rows = (row for row in _proved(self._workshop.model, folder) if row.job in wanted)
        for window in _windows(rows):
            self._workshop.progress.plan(files=len(window), size=sum(row.size for row in window))
            for row in window:
                self._rows[row.id] = (row, join(jobs[row.job].destination, row.path))
            self._read(Window(tuple(read_back_item(row, jobs[row.job].destination) for row in window)))
        self._listen(leave=0)

    def _read(self, window: Window) -> None:
        self._feed.submit(window)
        self._listen(leave=MAX_UNDER_WAY - 1)

    def _listen(self, *, leave: int) -> None:
        try:
            for report in self._feed.reports(leave=leave):
                match report:
                    case Advanced(transfer, phase, size):
                        row, copy = self._rows.get(transfer, (None, b""))
                        self._workshop.progress.advance(copy, phase, size, row.size if row else 0)
                    case ReadBack():
                        self._take_good(report)
                    case Failed():
                        self._take_bad(report)
                    case _:
                        continue
        except LaneLost as lost:
            self._take_lost(lost)
        finally:
            if self._journal is not None:
                self._journal.commit()

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
        found = {"missing": self.result.missing, "unreadable": self.result.unreadable}
        found.get(report.error, self.result.changed if report.differs else self.result.unreadable).append(
            Problem(copy, report.message)
        )
        if self._journal is not None:
            record_refuted(self._journal, row, report)
        self._workshop.progress.finished(copy, "failed", report.message)

    def _take_lost(self, lost: LaneLost) -> None:
        """Everything that was under way could not be looked at, and is said to be so."""
        reason = "did not answer in time" if lost.stalled else "the reading process died"
        for row, copy in self._rows.values():
            self.result.checked += 1
            self.result.unreadable.append(Problem(copy, reason))
            if self._journal is not None:
                event = CopyRefuted(path=row.path, finding="unreadable", message=reason)
                self._journal.add(file_stream(row.id), row.revision + 1, event)
        self._rows.clear()

    def look_for_extras(self, job: JobRow, folder: RawPath) -> None:
        try:
            destination = self._workshop.open_destination(job.destination, create=False)
        except CustodyError:
            # Every copy of this job was just reported missing or unreadable; there is nothing to list.
            return
        try:
            for path in job_folders(self._workshop.model, job):
                names = self._names(job, destination, path)
                for extra in strangers(
                    self._workshop.model, self._workshop.reader, job.id, job.destination, names
                ):
                    self._take_extra(job, folder, extra)
        finally:
            destination.close()
            if self._journal is not None:
                self._journal.commit()

    def _names(self, job: JobRow, destination: Destination, path: RawPath) -> list[RawPath]:
        try:
            if destination.standing(path) is None:
                return []  # every copy in it was just reported missing
            return [join(path, entry) for entry in destination.names(path)]
        except (DestinationFailed, Refused) as error:
            self.result.unreadable.append(Problem(join(job.destination, path), error.what))
            return []

    def _take_extra(self, job: JobRow, folder: RawPath, path: RawPath) -> None:
        copy = join(job.destination, path)
        if folder and not (copy == folder or copy.startswith(folder + b"/")):
            return
        message = "no job of this ledger put it there"
        self.result.extra.append(Problem(copy, message))
        if self._journal is not None:
            stream = file_stream(transfer_id(job.id, path))
            revision = self._workshop.reader.revision(stream) + 1
            self._journal.add(stream, revision, CopyRefuted(path=path, finding="extra", message=message))


def _proved(model: ReadModel, folder: RawPath) -> Iterator[TransferRow]:
    after = -1
    while page := model.proved_within(folder, after=after):
        after = page[-1][0]
        yield from (row for _, row in page)


def _windows(rows: Iterator[TransferRow]) -> Iterator[Sequence[TransferRow]]:
    window: list[TransferRow] = []
    for row in rows:
        window.append(row)
        if len(window) >= WINDOW_FILES:
            yield window
            window = []
    if window:
        yield window
