"""The inventory of a job: one walk over its sources, an event for each entry; folders and links are made.

Knows what an unchanged, proved copy is. May be interrupted anywhere and begun again: an entry that this run
has already taken is passed over. Copies nothing.
"""

from collections.abc import Mapping, Sequence

from custody.domain.copying.orders import Walk
from custody.domain.copying.reports import Listed, ListedEntry, ListingFailed, Stage
from custody.domain.errors import Refused
from custody.domain.events import (
    DirectoryCreated,
    Event,
    FileFailed,
    FileResumed,
    InventoryTaken,
    LinkRecorded,
    Nanoseconds,
)
from custody.domain.identifiers import TransferId, transfer_id
from custody.domain.paths import RawPath, join, name, parent
from custody.domain.ports import Standing
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.acquisition.inventory_events import queued, skipped, special
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.kept_apart import require_apart
from custody.domain.use_cases.acquisition.listing import Listing
from custody.domain.use_cases.acquisition.own_folders import made_before_interruption
from custody.domain.use_cases.acquisition.proofs import proves, signed_proofs
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop


class InventoryTaker:
    """Takes the inventory of one job."""

    def __init__(self, workshop: Workshop, site: JobSite, feed: LaneFeed, journal: Journal) -> None:
        """Begin with an empty listing."""
        self._workshop = workshop
        self._site = site
        self._feed = feed
        self._journal = journal
        self._listing = Listing()

    def take(self, sources: Sequence[RawPath]) -> InventoryTaken:
        """Walk every source and record each entry; returns the event that closes the inventory, unrecorded.

        Raises LaneLost or Interrupted from the feed, DestinationFailed when folders or links cannot be made,
        WithinSource.
        """
        for source in sources:
            self._feed.submit(Walk(parent(source) or RawPath(b"/"), name(source)))
            for report in self._feed.reports():
                match report:
                    case Listed(entries):
                        self._take_entries(source, entries)
                    case ListingFailed():
                        self._take_failure(source, report)
                    case _:
                        continue
        self._journal.commit()
        listing = self._listing
        return InventoryTaken(
            run=self._site.run,
            files=listing.files,
            directories=listing.directories,
            links=listing.links,
            special=listing.special,
            unreadable=listing.unreadable,
            bytes=listing.bytes,
            digest=listing.digest,
        )

    def _take_entries(self, source: RawPath, entries: Sequence[ListedEntry]) -> None:
        require_apart(entries, self._site.destination, self._site.destination_path)
        ids = {entry.path: transfer_id(self._site.id, entry.path) for entry in entries}
        rows = self._workshop.model.find(list(ids.values()))
        proofs = self._proofs(source, entries)
        taken: list[tuple[TransferId, TransferRow | None, Event]] = []
        with self._site.destination.flushing_together():
            for entry in entries:
                self._listing.add(entry)
                row = rows.get(ids[entry.path])
                if row is not None and row.run == self._site.run and not _is_listing_failure(row):
                    continue
                proof = proofs.get(join(self._site.destination_path, entry.path))
                event = self._event(entry, join(parent(source), entry.path), row, proof)
                taken.append((ids[entry.path], row, event))
        for transfer, row, event in taken:  # only now are the folders and links durable
            self._record(transfer, row, event)
        self._journal.commit()

    def _proofs(self, source: RawPath, entries: Sequence[ListedEntry]) -> Mapping[RawPath, TransferRow]:
        """Return the signed proofs of those files that need no copying."""
        files = {
            join(self._site.destination_path, entry.path): entry for entry in entries if entry.kind == "file"
        }
        found = {}
        for copy, row in self._workshop.model.proved_copies(list(files)).items():
            entry = files[copy]
            same_source = row.source == join(parent(source), entry.path)
            hashed = row.digests is not None and set(self._site.algorithms) <= row.digests.keys()
            if same_source and hashed and proves(row, entry, self._standing(entry.path)):
                found[copy] = row
        return signed_proofs(self._workshop.ledger, found)

    def _standing(self, path: RawPath) -> Standing | None:
        try:
            return self._site.destination.standing(path)
        except Refused:
            return None  # copying it will say why

    def _event(
        self, entry: ListedEntry, source: RawPath, row: TransferRow | None, proof: TransferRow | None
    ) -> Event:
        try:
            if entry.kind == "file":
                return self._file(entry, source, row, proof)
            if entry.kind == "directory":
                return self._folder(entry, source, row)
            if entry.kind == "link":
                return self._link(entry, source)
        except Refused as refused:
            return self._failure(entry.path, source, "collision", refused.what, None)
        self._workshop.progress.finished(entry.path, "special")
        return special(entry, source, self._site)

    def _file(
        self, entry: ListedEntry, source: RawPath, row: TransferRow | None, proof: TransferRow | None
    ) -> Event:
        if row is not None and row.temporary:  # of an earlier run; queueing it anew forgets the name
            self._site.destination.remove_temporary(entry.path, row.temporary)
        if proof is not None and proof.digests is not None:
            self._workshop.progress.finished(entry.path, "skipped")
            return skipped(entry, source, self._site, proof.proved, proof.digests)
        if row is not None and self._is_still_qualified(row, entry):
            self._workshop.progress.finished(entry.path, "qualified")
            return FileResumed(run=self._site.run, found="qualified")
        return queued(entry, source, self._site)

    def _is_still_qualified(self, row: TransferRow, entry: ListedEntry) -> bool:
        """Tell whether a copy with unreadable stretches stands as it was made: nothing ever replaces it."""
        standing = self._standing(entry.path)
        return (
            row.state == "qualified"
            and not row.refuted
            and (entry.size, entry.mtime_ns, entry.ctime_ns) == (row.size, row.mtime_ns, row.ctime_ns)
            and standing is not None
            and (standing.kind, standing.size, standing.mtime_ns) == ("file", row.size, row.mtime_ns)
        )

    def _folder(self, entry: ListedEntry, source: RawPath, row: TransferRow | None) -> Event:
        made = self._site.destination.make_folder(entry.path)
        known = row is not None and row.kind == "directory" and not made
        existed = (
            row.existed
            if row is not None and known
            else not (made or made_before_interruption(self._workshop.model, self._site, entry.path))
        )
        return DirectoryCreated(
            job=self._site.id,
            run=self._site.run,
            path=entry.path,
            source=source,
            mode=entry.mode,
            mtime_ns=Nanoseconds(entry.mtime_ns),
            existed=existed,
        )

    def _link(self, entry: ListedEntry, source: RawPath) -> Event:
        target = entry.target or RawPath(b"")
        self._site.destination.make_link(entry.path, target, entry.mtime_ns)
        return LinkRecorded(
            job=self._site.id,
            run=self._site.run,
            path=entry.path,
            source=source,
            target=target,
            mtime_ns=Nanoseconds(entry.mtime_ns),
        )

    def _take_failure(self, source: RawPath, failure: ListingFailed) -> None:
        self._listing.unreadable += 1
        transfer = transfer_id(self._site.id, failure.path)
        row = self._workshop.model.find([transfer]).get(transfer)
        event = self._failure(
            failure.path, join(parent(source), failure.path), failure.error, failure.message, failure.errno
        )
        self._record(transfer, row, event)
        self._journal.commit()
        self._workshop.progress.finished(failure.path, "failed", failure.message)

    def _failure(
        self, path: RawPath, source: RawPath, error: str, message: str, errno: int | None
    ) -> FileFailed:
        return FileFailed(
            job=self._site.id,
            run=self._site.run,
            path=path,
            source=source,
            stage=Stage.INVENTORY.value,
            error=error,
            errno=errno,
            message=message,
            attempt=1,
        )

    def _record(self, transfer: TransferId, row: TransferRow | None, event: Event) -> None:
        self._journal.add(file_stream(transfer), (row.revision if row else 0) + 1, event)


def _is_listing_failure(row: TransferRow) -> bool:
    return row.state == "failed" and row.stage == Stage.INVENTORY.value
