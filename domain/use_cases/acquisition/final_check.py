"""The check of a whole job after its last file: sums, a second walk, and foreign entries.

Knows that one listing proves nothing about completeness: the sources are walked again and every difference is
recorded. Changes nothing at the source; at the destination it only looks.
"""

from collections.abc import Callable, Iterator, Sequence

from custody.domain.copying.failure_words import GONE
from custody.domain.copying.orders import Walk
from custody.domain.copying.reports import Listed, ListedEntry, ListingFailed, Stage
from custody.domain.events import InventoryChanged, InventoryTaken, Nanoseconds
from custody.domain.identifiers import TransferId, transfer_id
from custody.domain.paths import RawPath, join, name, parent, with_parents
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.listing import Listing
from custody.domain.use_cases.foreign import Neighbourhood, job_folders, listed, record_extra
from custody.domain.use_cases.job_rows import rows_of
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.workshop import Workshop

GOOD_STATES = ("verified", "qualified", "skipped", "recorded")
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
        self._unlisted: set[RawPath] = set()

    @property
    def unlisted(self) -> int:
        """How many folders the second walk could not list: nothing is said of what they hold."""
        return len(self._unlisted)

    def sums_agree(self, inventory: InventoryTaken) -> bool:
        """Tell whether every inventoried entry has an outcome and the bytes add up."""
        tallies = self._workshop.model.tallies(self._site.id, self._site.run)
        entries = sum(tally.count for tally in tallies)
        size = sum(tally.bytes for tally in tallies if tally.kind == "file")
        expected = inventory.files + inventory.directories + inventory.links + inventory.special
        return entries == expected and size == inventory.bytes

    def second_walk(
        self, sources: Sequence[RawPath], inventory: InventoryTaken, note: Callable[[InventoryChanged], None]
    ) -> int:
        """Walk the sources again and ``note`` every difference; returns how many there were.

        Raises LaneLost or Interrupted.
        """
        listing = Listing()
        for _, entries in self._walk(sources):
            for entry in entries:
                listing.add(entry)
        if listing.digest == inventory.digest:
            return 0
        count = 0
        for change in self._changes(sources):
            count += 1
            note(change)
        if not (count or self._unlisted):
            # It was changed back meanwhile, or in something that no row holds: still a difference.
            count = 1
            note(self._changed("changed", RawPath(name(sources[0])), sources[0], None))
        self._journal.commit()
        return count

    def _changes(self, sources: Sequence[RawPath]) -> Iterator[InventoryChanged]:
        seen: set[TransferId] = set()
        for source, entries in self._walk(sources):
            ids = [transfer_id(self._site.id, entry.path) for entry in entries]
            rows = self._workshop.model.find(ids)
            seen.update(ids)
            for transfer, entry in zip(ids, entries, strict=True):
                change = _change(entry, rows.get(transfer), self._site.run)
                if change:
                    yield self._changed(change, entry.path, join(parent(source), entry.path), entry)
        for kind in _KINDS:
            states = (*GOOD_STATES, "failed")
            for row in rows_of(self._workshop.model, self._site.id, states, kind=kind, run=self._site.run):
                if row.id not in seen and self._unlisted.isdisjoint(with_parents(row.path)):
                    yield self._changed("vanished", row.path, row.source, None)

    def _walk(self, sources: Sequence[RawPath]) -> Iterator[tuple[RawPath, Sequence[ListedEntry]]]:
        for source in sources:
            self._feed.submit(Walk(parent(source) or RawPath(b"/"), name(source)))
            for report in self._feed.reports():
                if isinstance(report, Listed):
                    yield source, report.entries
                elif isinstance(report, ListingFailed) and report.error not in GONE:
                    self._unlisted.add(report.path)

    def _changed(
        self, change: str, path: RawPath, source: RawPath, entry: ListedEntry | None
    ) -> InventoryChanged:
        return InventoryChanged(
            run=self._site.run,
            change=change,
            path=path,
            source=source,
            size=entry.size if entry and entry.kind == "file" else None,
            mtime_ns=Nanoseconds(entry.mtime_ns) if entry else None,
        )

    def foreign_entries(self) -> int:
        """Record everything in the folders this ledger made that none of its jobs knows; returns how many."""
        found = 0
        workshop = self._workshop
        neighbourhood = Neighbourhood(workshop.model, workshop.reader, self._job.destination)
        message = "this entry lies in a folder that was made for the copy and no job put it there"
        for folder in job_folders(self._workshop.model, self._workshop.reader, self._job):
            for path in neighbourhood.strangers(listed(self._site.destination, folder)):
                found += 1
                record_extra(self._journal, self._workshop.reader, self._site.id, path, message)
        self._journal.commit()
        return found


def _change(entry: ListedEntry, row: TransferRow | None, run: int) -> str | None:
    if row is None or row.run != run:
        return "appeared"
    if row.state == "failed" and row.stage == Stage.INVENTORY.value:
        return None  # what it was is not known
    kind = entry.kind if entry.kind in _KINDS else "special"
    facts = [(row.kind, kind)]
    if kind != "special":
        facts.append((str(row.mtime_ns), str(entry.mtime_ns)))
    if kind == "file":
        facts.append((str(row.size), str(entry.size)))
    if kind != "link" and row.state != "skipped":  # those rows do not hold the mode
        facts.append((str(row.mode), str(entry.mode)))
    return "changed" if any(then != now for then, now in facts) else None
