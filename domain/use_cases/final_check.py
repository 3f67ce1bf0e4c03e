"""The check of a whole job after its last file: sums, a second walk, and foreign entries.

Knows that one listing proves nothing about completeness: the sources are walked again and every difference is
recorded. Changes nothing at the source; at the destination it only looks.
"""

from collections.abc import Iterator, Sequence

from custody.domain.copying import Listed, ListedEntry, Walk
from custody.domain.events import CopyRefuted, InventoryChanged, InventoryTaken, Nanoseconds
from custody.domain.identifiers import Stream, TransferId, transfer_id
from custody.domain.paths import RawPath, join, name, parent
from custody.domain.rows import JobRow, TransferRow
from custody.domain.use_cases.foreign import job_folders, strangers
from custody.domain.use_cases.job_site import JobSite
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.listing import Listing
from custody.domain.use_cases.recovery import pages
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

GOOD_STATES = ("verified", "skipped", "recorded")
_KINDS = ("file", "directory", "link", "special")


class FinalCheck:
    """Looks at one job as a whole."""

    def __init__(
        self, workshop: Workshop, job: JobRow, site: JobSite, feed: LaneFeed, journal: Journal
    ) -> None:
        """Take the job and its site."""
        self._workshop = workshop
        self._job = job
        self._site = site
        self._feed = feed
        self._journal = journal

    def sums_agree(self, inventory: InventoryTaken) -> bool:
        """Tell whether every inventoried entry has an outcome and the bytes add up."""
        tallies = self._workshop.model.tallies(self._site.id, self._site.run)
        entries = sum(tally.count for tally in tallies)
        size = sum(tally.bytes for tally in tallies if tally.kind == "file")
        expected = inventory.files + inventory.directories + inventory.links + inventory.special
        return entries == expected and size == inventory.bytes

    def second_walk(self, sources: Sequence[RawPath], inventory: InventoryTaken, job_revision: int) -> int:
        """Walk the sources again and record what appeared, vanished or changed.

        Returns the number of InventoryChanged events recorded. Raises LaneLost or Interrupted.
        """
        listing = Listing()
        for _, entries in self._walk(sources):
            for entry in entries:
                listing.add(entry)
        if listing.digest == inventory.digest:
            return 0
        return self._record_changes(sources, job_revision)

    def _record_changes(self, sources: Sequence[RawPath], job_revision: int) -> int:
        seen: set[TransferId] = set()
        changes = 0
        for source, entries in self._walk(sources):
            ids = [transfer_id(self._site.id, entry.path) for entry in entries]
            rows = self._workshop.model.find(ids)
            seen.update(ids)
            for transfer, entry in zip(ids, entries, strict=True):
                change = _change(entry, rows.get(transfer), self._site.run)
                if change:
                    changes += 1
                    self._add(
                        job_revision + changes, change, entry.path, join(parent(source), entry.path), entry
                    )
        for kind in _KINDS:
            states = (*GOOD_STATES, "failed")
            for row in pages(self._workshop.model, self._site, *states, kind=kind):
                if row.id not in seen:
                    changes += 1
                    self._add(job_revision + changes, "vanished", row.path, row.source, None)
        self._journal.commit()
        return changes

    def _walk(self, sources: Sequence[RawPath]) -> Iterator[tuple[RawPath, Sequence[ListedEntry]]]:
        for source in sources:
            self._feed.submit(Walk(parent(source) or RawPath(b"/"), name(source)))
            for report in self._feed.reports():
                if isinstance(report, Listed):
                    yield source, report.entries

    def _add(
        self, revision: int, change: str, path: RawPath, source: RawPath, entry: ListedEntry | None
    ) -> None:
        self._journal.add(
            Stream("job", self._site.id),
            revision,
            InventoryChanged(
                run=self._site.run,
                change=change,
                path=path,
                source=source,
                size=entry.size if entry and entry.kind == "file" else None,
                mtime_ns=Nanoseconds(entry.mtime_ns) if entry else None,
            ),
        )

    def foreign_entries(self) -> int:
        """Record everything in the folders this ledger made that none of its jobs knows; returns how many."""
        found = 0
        for folder in job_folders(self._workshop.model, self._job):
            paths = [join(folder, entry) for entry in self._site.destination.names(folder)]
            destination = self._site.destination_path
            for path in strangers(self._workshop.model, self._site.id, destination, paths):
                found += 1
                stream = file_stream(transfer_id(self._site.id, path))
                message = "this entry lies in a folder that was made for the copy and no job put it there"
                self._journal.add(
                    stream,
                    self._workshop.reader.revision(stream) + 1,
                    CopyRefuted(path=path, finding="extra", message=message),
                )
        self._journal.commit()
        return found


def _change(entry: ListedEntry, row: TransferRow | None, run: int) -> str | None:
    if row is None or row.run != run:
        return "appeared"
    same_kind = row.kind in {entry.kind, "special"}
    if not same_kind or (entry.kind == "file" and (row.size, row.mtime_ns) != (entry.size, entry.mtime_ns)):
        return "changed"
    return None
