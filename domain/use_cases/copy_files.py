"""The copying of one job's files: windows to the lane, its reports into the ledger.

Knows the order of claims: FileCopying is durable before the lane may write; every other event is recorded
after the lane has said that it is true. Knows nothing of inventories, retries or batches.
"""

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from custody.domain.copying import (
    Advanced,
    CopyItem,
    Failed,
    Flushed,
    Operation,
    ReadBack,
    Report,
    Side,
    Stage,
    Window,
)
from custody.domain.errors import DestinationFailed
from custody.domain.events import (
    Event,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileSkipped,
    FileVerified,
    Nanoseconds,
)
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath
from custody.domain.rows import TransferRow
from custody.domain.use_cases.job_site import JobSite, copy_item
from custody.domain.use_cases.lane_feed import MAX_UNDER_WAY, Interrupted, LaneFeed, LaneLost
from custody.domain.use_cases.threshold import MayGoOn
from custody.domain.use_cases.transfers import Journal, TransferRevisions, file_stream
from custody.domain.use_cases.workshop import Workshop

# The destination itself is done for: no other file of the job would fare better.
HALTING_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENODEV})
MAX_DESTINATION_EIO: Final = 1


@dataclass(slots=True)
class _Flight:
    row: TransferRow
    item: CopyItem
    attempt: int


class FileCopier:
    """Works through files of one job; what becomes of each is in the ledger when it returns."""

    def __init__(self, workshop: Workshop, site: JobSite, feed: LaneFeed, journal: Journal) -> None:
        """Begin with nothing in flight."""
        self._workshop = workshop
        self._site = site
        self._feed = feed
        self._journal = journal
        self._revisions = TransferRevisions()
        self._flights: dict[TransferId, _Flight] = {}
        self._destination_eio = 0
        self.retryable: list[TransferId] = []
        self.halted: str | None = None
        self.tried = 0
        self.failed = 0

    def work_through(self, rows: Iterable[TransferRow], *, may_go_on: MayGoOn) -> bool:
        """Copy, adopt or read back each row, as its state asks.

        Returns False when the lane was lost on the way: rows it had in flight are open and must be looked up
        again. Raises Interrupted after a request to stop, with everything that became true recorded.
        """
        try:
            for window in self._windows(rows):
                self._listen(leave=MAX_UNDER_WAY - 1)
                if self.halted or self._feed.stopping or not may_go_on(self.tried, self.failed):
                    break
                self._launch(window)
            self._listen(leave=0)
        except LaneLost as lost:
            self._give_up_suspect(lost)
            return False
        finally:
            self._flights.clear()
            self._journal.commit()
        if self._feed.stopping:
            raise Interrupted(self._workshop.stop.requested() or "SIGTERM")
        return True

    def _windows(self, rows: Iterable[TransferRow]) -> Iterator[list[_Flight]]:
        window: list[_Flight] = []
        size = 0
        for row in rows:
            flight = self._flight(row)
            if window and (
                len(window) >= self._workshop.settings.window_files
                or size + row.size > self._workshop.settings.window_bytes
            ):
                yield window
                window, size = [], 0
            window.append(flight)
            size += row.size
        if window:
            yield window

    def _flight(self, row: TransferRow) -> _Flight:
        operation, attempt = self._operation(row), row.attempt
        temporary = b""
        if operation is Operation.COPY:
            attempt += 1
            temporary = f".custody-{row.id.hex[:16]}.{attempt}.part".encode()
        item = copy_item(row, self._site, operation, temporary)
        return _Flight(row, item, attempt)

    def _operation(self, row: TransferRow) -> Operation:
        if row.state == "fsynced":
            return Operation.READ_BACK
        return Operation.COPY if self._site.destination.standing(row.path) is None else Operation.ADOPT

    def _launch(self, window: list[_Flight]) -> None:
        self._revisions.begin([flight.row for flight in window])
        for flight in window:
            self._flights[flight.row.id] = flight
            if flight.item.operation is Operation.COPY:
                self._record(
                    flight.row.id,
                    FileCopying(attempt=flight.attempt, temporary=RawPath(flight.item.temporary)),
                )
        self._journal.commit()  # durable before the lane may write the first byte
        self._feed.submit(Window(tuple(flight.item for flight in window)))

    def _listen(self, *, leave: int) -> None:
        for report in self._feed.reports(leave=leave):
            if report is None:
                self._journal.commit()
            else:
                self._take(report)

    def _take(self, report: Report) -> None:
        match report:
            case Advanced(transfer, phase, size):
                if transfer in self._flights:
                    self._workshop.progress.advance(self._flights[transfer].row.path, phase, size)
            case Flushed():
                self._take_flushed(self._flights[report.transfer], report)
            case ReadBack():
                self._take_read_back(self._flights.pop(report.transfer), report)
            case Failed():
                self._take_failed(self._flights.pop(report.transfer), report)
            case _:
                return

    def _take_flushed(self, flight: _Flight, report: Flushed) -> None:
        # An equal file that was there before this ledger began on it is skipped, not claimed as copied.
        if flight.item.operation is Operation.COPY or flight.attempt:
            self._record(
                report.transfer, FileFsynced(attempt=flight.attempt, size=report.size, digests=report.digests)
            )

    def _take_read_back(self, flight: _Flight, report: ReadBack) -> None:
        row = flight.row
        if flight.item.operation is Operation.ADOPT and not flight.attempt:
            outcome = "skipped"
            self._end(
                row.id,
                FileSkipped(
                    job=self._site.id,
                    run=self._site.run,
                    path=row.path,
                    source=row.source,
                    size=report.size,
                    mtime_ns=Nanoseconds(row.mtime_ns),
                    reason="already-present",
                    digests=report.digests,
                    read_back=report.method,
                ),
            )
        else:
            outcome = "verified"
            self.tried += 1
            self._end(
                row.id,
                FileVerified(
                    path=row.path, size=report.size, digests=report.digests, read_back=report.method
                ),
            )
        self._workshop.progress.finished(row.path, outcome)

    def _take_failed(self, flight: _Flight, report: Failed) -> None:
        row = flight.row
        self._end(
            row.id,
            FileFailed(
                job=self._site.id,
                run=self._site.run,
                path=row.path,
                source=row.source,
                stage=report.stage.value,
                error=report.error,
                errno=report.errno,
                offset=report.offset,
                message=report.message,
                attempt=max(flight.attempt, 1),
                moved_to=report.moved_to,
            ),
        )
        if report.transient and flight.attempt <= self._workshop.settings.retries:
            self.retryable.append(row.id)
        else:
            self.tried += 1
            self.failed += 1
        if report.side is Side.DESTINATION:
            self._judge_destination(report)
        self._workshop.progress.finished(row.path, "failed", report.message)

    def _judge_destination(self, report: Failed) -> None:
        self._destination_eio += report.errno == errno.EIO
        if report.errno in HALTING_ERRNOS or self._destination_eio > MAX_DESTINATION_EIO:
            self.halted = report.message

    def _give_up_suspect(self, lost: LaneLost) -> None:
        flight = self._flights.pop(lost.suspect, None) if lost.suspect else None
        if flight is None:
            return
        error, message = (
            ("stalled", f"no progress for {self._workshop.settings.stall_timeout_seconds:g} s; given up")
            if lost.stalled
            else ("lane-died", "the copying process died while it worked on this file")
        )
        stage = Stage.READ_BACK if flight.item.operation is Operation.READ_BACK else Stage.READ
        self._take_failed(
            flight,
            Failed(
                transfer=flight.row.id,
                stage=stage,
                side=Side.SOURCE,
                error=error,
                message=message,
                transient=not lost.stalled,
            ),
        )
        if flight.item.temporary:
            self._remove_temporary(flight)

    def _remove_temporary(self, flight: _Flight) -> None:
        try:
            self._site.destination.remove_temporary(flight.row.path, flight.item.temporary)
        except DestinationFailed as error:
            self.halted = error.what

    def _record(self, transfer: TransferId, event: Event) -> None:
        self._journal.add(file_stream(transfer), self._revisions.next(transfer), event)

    def _end(self, transfer: TransferId, event: Event) -> None:
        self._record(transfer, event)
        self._revisions.end(transfer)
