"""Re-verification at the end of a batch, of a sample or of all.

Counterfeit media destroy earlier files later, which a read-back right after each file cannot see.
"""

from collections.abc import Iterator, Sequence

from custody.domain.copying import CopyItem, Failed, Operation, ReadBack, Window
from custody.domain.events import CopyRefuted, CopyReverified
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath
from custody.domain.rows import JobRow, TransferRow
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

_WINDOW_FILES = 200


def reverify_sample(workshop: Workshop, jobs: Sequence[JobRow], run: int, journal: Journal) -> int:
    """Read copies of this run again and record each result; returns how many were refuted.

    Raises Interrupted after a request to stop.
    """
    feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, workshop.settings)
    refuted = 0
    for job in jobs:
        window: list[tuple[TransferRow, CopyItem]] = []
        for row in _chosen(workshop, job, run):
            window.append((row, read_back_item(row, job.destination)))
            if len(window) >= _WINDOW_FILES:
                refuted += _work(feed, window, journal)
                window = []
        refuted += _work(feed, window, journal)
    return refuted


def _chosen(workshop: Workshop, job: JobRow, run: int) -> Iterator[TransferRow]:
    """Yield all verified files of the job, or evenly spread ones: the read model is asked for each."""
    sample = workshop.settings.sample_files
    total = sum(item.count for item in workshop.model.tallies(job.id, run) if item.state == "verified")
    if not (workshop.settings.final_pass or sample):
        return
    step = 1 if workshop.settings.final_pass else max(1, total // sample)
    after, seen = -1, 0
    while rows := workshop.model.transfers(job.id, states=("verified",), after=after):
        after = rows[-1].ordinal
        for row in rows:
            if row.run == run and seen % step == 0:
                yield row
            seen += row.run == run


def read_back_item(row: TransferRow, destination: RawPath) -> CopyItem:
    """Return the request to read a proved copy again; it will not be touched."""
    digests = row.digests or {}
    return CopyItem(
        transfer=row.id,
        operation=Operation.READ_BACK,
        source_root=RawPath(b""),
        destination=destination,
        path=row.path,
        temporary=b"",
        size=row.size if row.copy_size is None else row.copy_size,
        mtime_ns=row.mtime_ns,
        atime_ns=row.atime_ns,
        mode=row.mode,
        device=row.device,
        inode=row.inode,
        algorithms=tuple(sorted(digests)),
        expected=digests,
    )


def _work(feed: LaneFeed, window: list[tuple[TransferRow, CopyItem]], journal: Journal) -> int:
    if not window:
        return 0
    rows = {row.id: row for row, _ in window}
    refuted = 0
    feed.submit(Window(tuple(item for _, item in window)))
    try:
        for report in feed.reports():
            match report:
                case ReadBack():
                    record_reverified(journal, rows.pop(report.transfer), report)
                case Failed():
                    record_refuted(journal, rows.pop(report.transfer), report)
                    refuted += 1
                case _:
                    continue
    except LaneLost as lost:
        refuted += _record_unread(journal, rows, lost)
    journal.commit()
    return refuted


def _record_unread(journal: Journal, rows: dict[TransferId, TransferRow], lost: LaneLost) -> int:
    """What could not be read again is said, never passed over."""
    reason = "no progress; given up" if lost.stalled else "the copying process died"
    for row in rows.values():
        journal.add(
            file_stream(row.id),
            row.revision + 1,
            CopyRefuted(
                path=row.path, finding="unreadable", message=f"the copy was not read again: {reason}"
            ),
        )
    return len(rows)


def record_reverified(journal: Journal, row: TransferRow, report: ReadBack) -> None:
    """Record that a copy was found as it was."""
    event = CopyReverified(path=row.path, size=report.size, digests=report.digests, read_back=report.method)
    journal.add(file_stream(row.id), row.revision + 1, event)


def record_refuted(journal: Journal, row: TransferRow, report: Failed) -> None:
    """Record that a copy is changed, missing or unreadable."""
    event = CopyRefuted(
        path=row.path,
        finding=report.error,
        message=report.message,
        size=report.found_size,
        digests=report.found_digests,
        errno=report.errno,
    )
    journal.add(file_stream(row.id), row.revision + 1, event)
