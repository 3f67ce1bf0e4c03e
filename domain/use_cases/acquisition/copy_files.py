"""The copying of one job's files: windows to the lane, its reports into the ledger.

Knows the order of claims: FileCopying is durable before the lane may write; every other event is recorded
after the lane has said that it is true. Knows nothing of inventories, retries or batches.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from custody.domain.copying.orders import Operation, Window
from custody.domain.copying.reports import Advanced, Failed, Flushed, Marked, ReadBack, Report, Side
from custody.domain.errors import DestinationFailed, Refused
from custody.domain.events import Event, FileProgressed, FileResumed, FileSkipped
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath, beside, printable
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.acquisition.flights import (
    Flight,
    failure,
    flushed,
    loss,
    metadata_lost,
    prepared,
    proof,
    refusal,
)
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.own_copies import PUBLISHED
from custody.domain.use_cases.acquisition.stuck_files import StuckFiles
from custody.domain.use_cases.lane_feed import MAX_UNDER_WAY, Interrupted, LaneFeed, LaneLost
from custody.domain.use_cases.threshold import MayGoOn
from custody.domain.use_cases.transfers import Journal, TransferRevisions, file_stream
from custody.domain.use_cases.workshop import Workshop

# The destination itself is done for: no other file of the job would fare better.
HALTING_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENODEV})
MAX_DESTINATION_EIO: Final = 1


class FileCopier:
    """Works through files of one job; what becomes of each is in the ledger when it returns."""

    def __init__(self, workshop: Workshop, site: JobSite, feed: LaneFeed, journal: Journal) -> None:
        """Begin with nothing in flight."""
        self._workshop = workshop
        self._site = site
        self._feed = feed
        self._journal = journal
        self._stuck_files = StuckFiles(workshop, site)
        self._revisions = TransferRevisions()
        self._flights: dict[TransferId, Flight] = {}
        self._destination_eio = 0
        self._tries: dict[TransferId, int] = {}  # in this process: crashes must not use up the retries
        self.retryable: list[TransferId] = []
        self.halted: str | None = None
        self.tried = 0
        self.failed = 0
        self.unkept: set[TransferId] = set()  # files whose copy lacks attributes of its source

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

    def work_through_waiting(self, *, may_go_on: MayGoOn) -> bool:
        """Try those files again that wait for it; what this did not come to waits on. As ``work_through``."""
        chosen, self.retryable = self.retryable, []
        whole = self.work_through(self._still_failed(chosen), may_go_on=may_go_on)
        done = set(self.retryable)
        left = [transfer for transfer in chosen if transfer in self._tries and transfer not in done]
        self.retryable += [row.id for row in self._still_failed(left)]
        return whole

    def _still_failed(self, transfers: Sequence[TransferId]) -> list[TransferRow]:
        rows = self._workshop.model.find(transfers)
        return [rows[transfer] for transfer in transfers if rows[transfer].state == "failed"]

    def _windows(self, rows: Iterable[TransferRow]) -> Iterator[list[Flight]]:
        settings = self._workshop.settings
        window: list[Flight] = []
        size = 0
        for row in rows:
            if row.state == "failed" and row.temporary:
                self._remove_temporary(row.path, row.temporary)
                if self.halted:
                    return
            try:
                flight = prepared(row, self._site, self._workshop.reader)
            except Refused as refused:
                self._revisions.begin([row])
                self._take_failed(row, row.attempt + 1, refusal(row, refused))
                continue
            if window and (len(window) >= settings.window_files or size + row.size > settings.window_bytes):
                yield window
                window, size = [], 0
            window.append(flight)
            size += row.size
        if window:
            yield window

    def _launch(self, window: list[Flight]) -> None:
        self._revisions.begin([flight.row for flight in window])
        for flight in window:
            self._flights[flight.row.id] = flight
            if flight.found:
                self._record(flight.row.id, FileResumed(run=self._site.run, found=PUBLISHED))
            if flight.item.operation is Operation.COPY:
                self._record(flight.row.id, flight.beginning())
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
                # The last bytes of a phase are told when their file may have landed already.
                flight = self._flights.get(transfer)
                path, of = (flight.row.path, flight.row.size) if flight else (b"", 0)
                self._workshop.progress.advance(path, phase, size, of)
            case Marked():
                self._take_marked(self._flights[report.transfer], report)
            case Flushed():
                self._take_flushed(self._flights[report.transfer], report)
            case ReadBack():
                self._take_read_back(self._flights.pop(report.transfer), report)
            case Failed():
                flight = self._flights.pop(report.transfer)
                self._take_failed(flight.row, flight.attempt, report)
            case _:
                return

    def _take_marked(self, flight: Flight, report: Marked) -> None:
        event = FileProgressed(attempt=flight.attempt, size=report.size, digests=report.digests)
        self._record(report.transfer, event)
        self._journal.commit()  # of use only if it outlives what comes next

    def _take_flushed(self, flight: Flight, report: Flushed) -> None:
        flight.flushed, flight.unreadable = True, report.unreadable
        if report.unkept is not None:
            self.unkept.add(report.transfer)
            self._record(report.transfer, metadata_lost(flight.row.path, report.unkept, self._site))
        if flight.ours:
            self._record(report.transfer, flushed(flight, report))

    def _take_read_back(self, flight: Flight, report: ReadBack) -> None:
        event = proof(flight, report, self._site)
        self._end(flight.row.id, event)
        self._tries.pop(flight.row.id, None)
        skipped = isinstance(event, FileSkipped)
        self.tried += not skipped
        outcome = "skipped" if skipped else "qualified" if flight.unreadable else "verified"
        self._workshop.progress.finished(flight.row.path, outcome)

    def _take_failed(self, row: TransferRow, attempt: int, report: Failed) -> None:
        self._end(row.id, failure(row, attempt, report, self._site))
        tries = self._tries.pop(row.id, 0) + 1
        if report.transient and tries <= self._workshop.settings.retries:
            self._tries[row.id] = tries
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
        timeout = self._workshop.settings.stall_timeout_seconds
        report = loss(flight, stalled=lost.stalled, stall_timeout_seconds=timeout, reason=lost.reason)
        self._take_failed(flight.row, flight.attempt, report)
        if flight.item.temporary:
            self._remove_lost(flight, stalled=lost.stalled)

    def _remove_lost(self, flight: Flight, *, stalled: bool) -> None:
        """Remove what a lost lane left, unless its last call still holds that: it would hold us too."""
        path, temporary = flight.row.path, flight.item.temporary
        self._journal.commit()
        if stalled and self._stuck_files.is_stuck(flight.row.id, path, temporary):
            shown = printable(beside(path, temporary))
            self._workshop.progress.note(f"{shown} does not answer and was left; a later run removes it")
        else:
            self._remove_temporary(path, temporary)

    def _remove_temporary(self, path: RawPath, temporary: bytes) -> None:
        try:
            self._site.destination.remove_temporary(path, temporary)
        except Refused:
            return  # its folder is no folder any more, and the file has failed
        except DestinationFailed as error:
            self.halted = error.what

    def _record(self, transfer: TransferId, event: Event) -> None:
        self._journal.add(file_stream(transfer), self._revisions.next(transfer), event)

    def _end(self, transfer: TransferId, event: Event) -> None:
        self._record(transfer, event)
        self._revisions.end(transfer)
