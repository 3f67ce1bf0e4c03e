"""One attempt at one file: what the lane is asked to do, and the events that say how it ended.

Knows when a copy is claimed as ours: only if the ledger says that this job published it. Records nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Failed, Flushed, ReadBack, Side, Stage, StretchList, Unkept
from custody.domain.entries.entry import Recorded
from custody.domain.errors import Refused
from custody.domain.events import (
    Event,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileSkipped,
    FileVerified,
    MetadataLost,
    Nanoseconds,
)
from custody.domain.paths import RawPath, escape_text, printable
from custody.domain.ports import LedgerReader
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.acquisition.job_site import JobSite, copy_item
from custody.domain.use_cases.acquisition.own_copies import Publication, is_unproved, publication
from custody.domain.use_cases.acquisition.prefixes import kept_prefix
from custody.domain.use_cases.transfers import file_stream

MAX_MESSAGE_CHARS: Final = 600  # of a failure; paths and this must fit into one entry
MAX_REASON_CHARS: Final = 500  # of what a dying lane said
MAX_ATTRIBUTES_LISTED: Final = 16  # names of 255 bytes, all escapes, and a path fit into one entry
STALLED: Final = "stalled"  # the error of a file on which a lane hung
_STRANGER: Final = Publication(ours=False, announced=False)


@dataclass(slots=True)
class Flight:
    """A file on its way through the lane.

    ``ours``: what will be proved is a copy that this job makes or published. ``found``: it stands already,
    and the ledger has yet to say so.
    """

    row: TransferRow
    item: CopyItem
    attempt: int
    ours: bool
    flushed: bool = False
    found: bool = False
    unreadable: StretchList | None = None

    def beginning(self) -> FileCopying:
        """Return the event that must be durable before the lane may write."""
        kept = self.item.resume_at
        return FileCopying(
            attempt=self.attempt,
            temporary=RawPath(self.item.temporary),
            resumed_at=None if kept is None else kept.size,
        )


def flushed(flight: Flight, report: Flushed) -> FileFsynced:
    """Return the event that claims a copy of ours as durable."""
    lost, zeros = report.unreadable, report.zeros
    return FileFsynced(
        attempt=flight.attempt,
        size=report.size,
        digests=report.digests,
        source_readings=report.source_readings if report.source_readings > 1 else None,
        unreadable=lost.stretches if lost else None,
        unreadable_count=lost.count if lost else None,
        unreadable_bytes=lost.bytes if lost else None,
        zeros=zeros.stretches if zeros else None,
        zeros_count=zeros.count if zeros else None,
        zeros_bytes=zeros.bytes if zeros else None,
    )


def metadata_lost(path: RawPath, unkept: Unkept, site: JobSite) -> MetadataLost:
    """Return the event that lists what a copy could not keep of its source's attributes."""
    return MetadataLost(
        run=site.run,
        path=path,
        attributes=tuple(printable(name) for name in unkept.names[:MAX_ATTRIBUTES_LISTED]),
        count=len(unkept.names),
        reason=escape_text(unkept.reason),
    )


def prepared(row: TransferRow, site: JobSite, reader: LedgerReader) -> Flight:
    """Return the attempt that the row's state and its place at the destination ask for.

    Raises Refused for a path that the destination does not take, DestinationFailed.
    """
    if row.state == "fsynced":
        history = list(reader.history(file_stream(row.id)))
        item = copy_item(row, site, Operation.READ_BACK, b"")
        item = replace(item, set_aside=is_unproved(history))
        lost = _unreadable(history) if site.salvage else None
        return Flight(row, item, row.attempt, ours=True, flushed=True, unreadable=lost)
    attempt = row.attempt + 1
    if site.destination.standing(row.path) is not None:
        item = copy_item(row, site, Operation.ADOPT, b"")
        standing = _publication(row, reader)
        # A stranger's file is compared with the whole source or not at all.
        item = replace(item, salvage=site.salvage and standing.ours)
        return Flight(row, item, attempt, ours=standing.ours, found=standing.ours and not standing.announced)
    if row.temporary and (mark := kept_prefix(reader.history(file_stream(row.id)), site.algorithms)):
        return Flight(row, copy_item(row, site, Operation.COPY, row.temporary, mark), attempt, ours=True)
    temporary = f".custody-{row.id.hex[:16]}.{attempt}.part".encode()
    return Flight(row, copy_item(row, site, Operation.COPY, temporary), attempt, ours=True)


def _publication(row: TransferRow, reader: LedgerReader) -> Publication:
    if row.temporary is None and row.stage is None:
        return _STRANGER  # queued, and nothing was done about it yet: spares a look at its history
    return publication(reader.history(file_stream(row.id)))


def _unreadable(history: Iterable[Recorded]) -> StretchList | None:
    """Return what the flush of an interrupted file said of its source."""
    flushes = [one.event for one in history if isinstance(one.event, FileFsynced)]
    last = flushes[-1]
    if last.unreadable is None:
        return None
    return StretchList(last.unreadable, last.unreadable_count or 0, last.unreadable_bytes or 0)


def refusal(row: TransferRow, refused: Refused) -> Failed:
    """Return the failure of a file whose path the destination does not take."""
    return Failed(
        transfer=row.id,
        stage=Stage.PUBLISH,
        side=Side.DESTINATION,
        error="unsafe-path",
        message=refused.what,
    )


def loss(flight: Flight, *, stalled: bool, stall_timeout_seconds: float, reason: str = "") -> Failed:
    """Return the failure of the file on which a lane was lost; one that hangs is not tried again."""
    error, message = (
        (STALLED, f"no progress for {stall_timeout_seconds:g} s; given up")
        if stalled
        else ("lane-died", "the copying process died while it worked on this file" + last_words(reason))
    )
    return Failed(
        transfer=flight.row.id,
        stage=Stage.READ_BACK if flight.flushed else Stage.READ,
        side=Side.SOURCE,
        error=error,
        message=message,
        transient=not stalled,
    )


def last_words(reason: str) -> str:
    """Return what a lane said as it died, to go behind a sentence: its end, where the cause stands."""
    return f": {escape_text(reason.strip())[-MAX_REASON_CHARS:]}" if reason.strip() else ""


def proof(flight: Flight, report: ReadBack, site: JobSite) -> Event:
    """Return what is proved: our copy is verified or qualified, an equal file of others is skipped."""
    row, lost = flight.row, flight.unreadable
    if flight.ours and lost is not None:
        return FileQualified(
            path=row.path,
            size=report.size,
            digests=report.digests,
            read_back=report.method,
            unreadable=lost.stretches,
            unreadable_count=lost.count,
            unreadable_bytes=lost.bytes,
        )
    if flight.ours:
        return FileVerified(path=row.path, size=report.size, digests=report.digests, read_back=report.method)
    return FileSkipped(
        job=site.id,
        run=site.run,
        path=row.path,
        source=row.source,
        size=report.size,
        mtime_ns=Nanoseconds(row.mtime_ns),
        ctime_ns=Nanoseconds(row.ctime_ns),
        reason="already-present",
        digests=report.digests,
        read_back=report.method,
    )


def failure(row: TransferRow, attempt: int, report: Failed, site: JobSite) -> FileFailed:
    """Return the event of a failed attempt."""
    return FileFailed(
        job=site.id,
        run=site.run,
        path=row.path,
        source=row.source,
        stage=report.stage.value,
        error=report.error,
        errno=report.errno,
        offset=report.offset,
        message=report.message[:MAX_MESSAGE_CHARS],
        attempt=attempt,
        moved_to=report.moved_to,
    )
