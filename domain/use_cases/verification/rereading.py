"""Reading copies again through the lane, two windows under way, each copy to an answer of its own.

Knows that one copy that hangs or kills the lane says nothing about those behind it: they are asked for again;
and with which event each answer is recorded, where the pass is to be.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.copying.reports import Advanced, Done, Failed, ReadBack
from custody.domain.events import CopyRefuted, CopyReverified
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.lane_feed import MAX_UNDER_WAY, LaneFeed, LaneLost
from custody.domain.use_cases.transfers import Journal, file_stream


@dataclass(frozen=True, slots=True)
class Unread:
    """A copy without an answer. ``suspected``: the lane was lost on this very copy, not on another one."""

    transfer: TransferId
    message: str
    suspected: bool


Answer = Advanced | ReadBack | Failed | Unread | Done


class Rereading:
    """Requests to read copies again, and exactly one ReadBack, Failed or Unread for each of them."""

    def __init__(self, feed: LaneFeed) -> None:
        """Begin with nothing under way."""
        self._feed = feed
        self._open: dict[TransferId, CopyItem] = {}

    def read(self, windows: Iterable[Sequence[CopyItem]]) -> Iterator[Answer]:
        """Yield what is heard of the copies; Done after each window, a good moment to record.

        Raises Interrupted when a stop was asked for, Halted when no lane will work.
        """
        for window in windows:
            self._open.update((item.transfer, item) for item in window)
            self._feed.submit(Window(tuple(window)))
            yield from self._answers(leave=MAX_UNDER_WAY - 1)
        yield from self._answers(leave=0)

    def _answers(self, *, leave: int) -> Iterator[Answer]:
        while True:
            try:
                yield from self._heard(leave)
            except LaneLost as lost:
                unread = self._given_up(lost)
            else:
                return
            yield from unread
            if self._open:
                self._feed.submit(Window(tuple(self._open.values())))

    def _heard(self, leave: int) -> Iterator[Answer]:
        for report in self._feed.reports(leave=leave):
            match report:
                case ReadBack() | Failed():
                    del self._open[report.transfer]
                    yield report
                case Advanced() | Done():
                    yield report
                case _:
                    continue

    def _given_up(self, lost: LaneLost) -> list[Unread]:
        """Give up the copy on which the lane was lost; all that were under way when that is not known."""
        reason = "did not answer in time" if lost.stalled else "the reading process died"
        suspect = None if lost.suspect is None else self._open.pop(lost.suspect, None)
        if suspect is not None:
            return [Unread(suspect.transfer, reason, suspected=True)]
        unread = [Unread(transfer, reason, suspected=False) for transfer in self._open]
        self._open.clear()
        return unread


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


def record_unread(journal: Journal, row: TransferRow, unread: Unread) -> None:
    """Record a copy on which the lane was lost; nothing is said of one that was merely under way with it."""
    if unread.suspected:
        message = f"the copy was not read again: {unread.message}"
        event = CopyRefuted(path=row.path, finding="unreadable", message=message)
        journal.add(file_stream(row.id), row.revision + 1, event)
