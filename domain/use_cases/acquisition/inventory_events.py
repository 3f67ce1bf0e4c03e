"""The events that say what the inventory found of one entry of a source. Decides nothing."""

from custody.domain.copying.reports import ListedEntry
from custody.domain.digest import Digests
from custody.domain.events import FileQueued, FileSkipped, Nanoseconds, SpecialFileSkipped, Wide
from custody.domain.identifiers import Position
from custody.domain.paths import RawPath
from custody.domain.use_cases.acquisition.job_site import JobSite


def queued(entry: ListedEntry, source: RawPath, site: JobSite) -> FileQueued:
    """Return the event of a file that waits to be copied."""
    return FileQueued(
        job=site.id,
        run=site.run,
        path=entry.path,
        source=source,
        size=entry.size,
        mtime_ns=Nanoseconds(entry.mtime_ns),
        atime_ns=Nanoseconds(entry.atime_ns),
        ctime_ns=Nanoseconds(entry.ctime_ns),
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        device=Wide(entry.device),
        inode=Wide(entry.inode),
        links=entry.links,
    )


def skipped(
    entry: ListedEntry, source: RawPath, site: JobSite, cites: Position | None, digests: Digests
) -> FileSkipped:
    """Return the event of a file whose unchanged copy an earlier entry proves."""
    return FileSkipped(
        job=site.id,
        run=site.run,
        path=entry.path,
        source=source,
        size=entry.size,
        mtime_ns=Nanoseconds(entry.mtime_ns),
        ctime_ns=Nanoseconds(entry.ctime_ns),
        reason="verified-before",
        cites=cites,
        digests=digests,
    )


def special(entry: ListedEntry, source: RawPath, site: JobSite) -> SpecialFileSkipped:
    """Return the event of an entry that is neither opened nor copied."""
    return SpecialFileSkipped(
        job=site.id,
        run=site.run,
        path=entry.path,
        source=source,
        kind=entry.kind,
        mode=entry.mode,
    )
