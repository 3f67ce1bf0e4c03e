"""Taking up what an interruption left: what is found of each unfinished file, and what is done about it.

Knows that a temporary file of ours is removed and the copy begun again, that a copy under its final name is
compared and not trusted, and that a verified copy is confirmed by a look at the destination. Copies nothing.
"""

from collections.abc import Iterator

from custody.domain.copying import Stage
from custody.domain.errors import Refused
from custody.domain.events import FileFailed, FileResumed
from custody.domain.ports import ReadModel
from custody.domain.rows import TransferRow
from custody.domain.use_cases.job_site import JobSite
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

PAGE = 1000


def pages(
    model: ReadModel, site: JobSite, *states: str, kind: str = "file", limit: int = PAGE
) -> Iterator[TransferRow]:
    """Yield a job's entries in these states and this run, page by page, in the order of work."""
    after = -1
    while True:
        rows = model.transfers(site.id, states=states, kind=kind, after=after, limit=limit)
        if not rows:
            return
        after = rows[-1].ordinal
        yield from (row for row in rows if row.run == site.run)


class Recovery:
    """Puts the unfinished files of one job back into a state from which the copying can go on."""

    def __init__(self, workshop: Workshop, site: JobSite, journal: Journal) -> None:
        """Take the job's site."""
        self._workshop = workshop
        self._site = site
        self._journal = journal

    def take_up_unfinished(self) -> None:
        """Take up every file that was begun and not flushed; ``fsynced`` ones need only their read-back."""
        for row in pages(self._workshop.model, self._site, "copying"):
            removed = self._remove_temporary(row)
            found = "published" if self._standing(row) else "temporary" if removed else "nothing"
            self._resume(row, found)
        self._journal.commit()

    def take_up_failed(self) -> None:
        """Put failed files back to be copied; what could not be listed waits for a new inventory."""
        for row in pages(self._workshop.model, self._site, "failed"):
            if row.stage != Stage.INVENTORY.value:
                self._resume(row, "failed")
        self._journal.commit()

    def confirm_verified(self) -> None:
        """Look whether every verified copy still stands; a missing one is copied again."""
        for row in pages(self._workshop.model, self._site, "verified"):
            try:
                standing = self._site.destination.standing(row.path)
            except Refused:
                self._refuse(row)
                continue
            if standing is None:
                self._resume(row, "missing")
            elif (standing.kind, standing.size, standing.mtime_ns) != ("file", row.size, row.mtime_ns):
                self._refuse(row)
        self._journal.commit()

    def _remove_temporary(self, row: TransferRow) -> bool:
        if row.temporary is None:
            return False
        try:
            return self._site.destination.remove_temporary(row.path, row.temporary)
        except Refused:
            return False  # the folder is no folder any more: the copying itself will say so

    def _standing(self, row: TransferRow) -> bool:
        try:
            return self._site.destination.standing(row.path) is not None
        except Refused:
            return False

    def _resume(self, row: TransferRow, found: str) -> None:
        self._journal.add(file_stream(row.id), row.revision + 1, FileResumed(run=self._site.run, found=found))

    def _refuse(self, row: TransferRow) -> None:
        message = "the verified copy was changed since; it was not touched"
        self._journal.add(
            file_stream(row.id),
            row.revision + 1,
            FileFailed(
                job=self._site.id,
                run=self._site.run,
                path=row.path,
                source=row.source,
                stage=Stage.FINAL_CHECK.value,
                error="copy-changed",
                message=message,
                attempt=max(row.attempt, 1),
            ),
        )
        self._workshop.progress.finished(row.path, "failed", message)
