"""One attempt at one file: what the lane is asked to do, and the events that say how it ended.

Knows when a copy is claimed as ours: only if its copying was begun in this run. Records nothing.
"""

from dataclasses import dataclass

from custody.domain.copying import CopyItem, Failed, Operation, ReadBack, Side, Stage
from custody.domain.errors import Refused
from custody.domain.events import Event, FileFailed, FileSkipped, FileVerified, Nanoseconds
from custody.domain.rows import TransferRow
from custody.domain.use_cases.job_site import JobSite, copy_item


@dataclass(slots=True)
class Flight:
    """A file on its way through the lane. ``ours``: FileCopying was recorded for it in this run."""

    row: TransferRow
    item: CopyItem
    attempt: int
    ours: bool
    flushed: bool = False


def prepared(row: TransferRow, site: JobSite) -> Flight:
    """Return the attempt that the row's state and its place at the destination ask for.

    Raises Refused for a path that the destination does not take, DestinationFailed.
    """
    if row.state == "fsynced":
        return Flight(
            row, copy_item(row, site, Operation.READ_BACK, b""), row.attempt, ours=True, flushed=True
        )
    attempt = row.attempt + 1
    if site.destination.standing(row.path) is not None:
        item = copy_item(row, site, Operation.ADOPT, b"")
        return Flight(row, item, attempt, ours=row.temporary is not None)
    temporary = f".custody-{row.id.hex[:16]}.{attempt}.part".encode()
    return Flight(row, copy_item(row, site, Operation.COPY, temporary), attempt, ours=True)


def refusal(row: TransferRow, refused: Refused) -> Failed:
    """Return the failure of a file whose path the destination does not take."""
    return Failed(
        transfer=row.id,
        stage=Stage.PUBLISH,
        side=Side.DESTINATION,
        error="unsafe-path",
        message=refused.what,
    )


def loss(flight: Flight, *, stalled: bool, stall_timeout_seconds: float) -> Failed:
    """Return the failure of the file on which a lane was lost; one that hangs is not tried again."""
    error, message = (
        ("stalled", f"no progress for {stall_timeout_seconds:g} s; given up")
        if stalled
        else ("lane-died", "the copying process died while it worked on this file")
    )
    return Failed(
        transfer=flight.row.id,
        stage=Stage.READ_BACK if flight.flushed else Stage.READ,
        side=Side.SOURCE,
        error=error,
        message=message,
        transient=not stalled,
    )


def proof(flight: Flight, report: ReadBack, site: JobSite) -> Event:
    """Return what is proved: our copy is verified, an equal file of others is skipped."""
    row = flight.row
    if flight.ours:
        return FileVerified(path=row.path, size=report.size, digests=report.digests, read_back=report.method)
    return FileSkipped(
        job=site.id,
        run=site.run,
        path=row.path,
        source=row.source,
        size=report.size,
        mtime_ns=Nanoseconds(row.mtime_ns),
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
        message=report.message,
        attempt=attempt,
        moved_to=report.moved_to,
    )
