"""Extended attributes and access lists of a job's folders, which a lane carries over from their sources.

Knows that only folders that this ledger made get them, and that what is lost is recorded once in a run. Sets
no mode and no time: that comes after, since an access list changes the mode.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.copying.reports import Kept, Unkept
from custody.domain.events import MetadataLost
from custody.domain.identifiers import TransferId
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.acquisition.flights import metadata_lost
from custody.domain.use_cases.acquisition.job_site import JobSite, copy_item
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

_NOT_ANSWERED = Unkept((), "the folder did not answer")


class FolderAttributes:
    """Keeps the attributes of one job's folders."""

    def __init__(self, workshop: Workshop, site: JobSite, feed: LaneFeed, journal: Journal) -> None:
        """Take the job's site."""
        self._workshop = workshop
        self._site = site
        self._feed = feed
        self._journal = journal
        self.unkept: set[TransferId] = set()  # folders made here that lack attributes of their source

    def keep(self, folders: Iterable[TransferRow]) -> None:
        """Give folders the attributes of their sources; a lane that is lost on the way loses those of some.

        Raises Interrupted, Halted, LedgerFailed.
        """
        left = iter(folders)
        while rows := list(islice(left, self._workshop.settings.window_files)):
            for row, unkept in self._kept(rows):
                if unkept is not None:
                    self._lose(row, unkept)
            self._journal.commit()

    def _kept(self, rows: list[TransferRow]) -> Iterator[tuple[TransferRow, Unkept | None]]:
        waiting = {row.id: row for row in rows}
        self._feed.submit(Window(tuple(self._item(row) for row in rows)))
        try:
            for report in self._feed.reports():
                if isinstance(report, Kept):
                    yield waiting.pop(report.transfer), report.unkept
        except LaneLost:
            yield from ((row, _NOT_ANSWERED) for row in waiting.values())

    def _item(self, row: TransferRow) -> CopyItem:
        return copy_item(row, self._site, Operation.KEEP_ATTRIBUTES, b"")

    def _lose(self, row: TransferRow, unkept: Unkept) -> None:
        self.unkept.add(row.id)
        stream = file_stream(row.id)
        history = self._workshop.reader.history(stream)
        event = metadata_lost(row.path, unkept, self._site)
        if not any(isinstance(one.event, MetadataLost) and one.event == event for one in history):
            self._journal.add(stream, row.revision + 1, event)
