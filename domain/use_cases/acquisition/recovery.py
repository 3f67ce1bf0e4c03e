"""Taking up what an interruption left: what is found of each unfinished file, and what is done about it.

Knows that a temporary file of ours is removed and the copy begun again, that a copy under its final name is
compared and not trusted, and that a verified copy is confirmed by a look at the destination. Copies nothing.
"""

from collections.abc import Iterator
from typing import Final

from custody.domain.copying import Stage
from custody.domain.errors import Refused, Tampered
from custody.domain.events import FileFailed, FileResumed
from custody.domain.paths import join, printable
from custody.domain.ports import ReadModel
from custody.domain.rows import TransferRow
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.proofs import is_signed_claim
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

PAGE = 1000
_CHANGED: Final = (
    Stage.FINAL_CHECK, "copy-changed", "the verified copy was changed since; it was not touched",
)  # fmt: skip
_REFUTED: Final = (Stage.FINAL_CHECK, "copy-refuted", "a later pass found the copy changed or gone")
_GONE: Final = (Stage.INVENTORY, "copy-missing", "the copy that was skipped is gone; run the batch again")


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
                self._remove_temporary(row)
                self._resume(row, "failed")
        self._journal.commit()

    def require_signed_claims(self) -> None:
        """Require of every flushed file that its row says what was signed: its read-back is compared with it.

        Raises Tampered when the read model contradicts the ledger.
        """
        for row in pages(self._workshop.model, self._site, "fsynced"):
            history = list(self._workshop.reader.history(file_stream(row.id)))
            if not is_signed_claim(self._workshop.ledger, history, row):
                raise Tampered(
                    f"the read model contradicts the signed entries of {printable(row.path)}",
                    done="nothing more was written",
                    hint="run 'custody audit', then 'custody rebuild'",
                )

    def confirm_proved(self) -> None:
        """Look whether every proved copy still stands; a missing one is copied again.

        A skipped file's row does not hold all that a copy needs, so a missing one waits for a new inventory.
        """
        for row in pages(self._workshop.model, self._site, "verified", "skipped"):
            try:
                standing = self._site.destination.standing(row.path)
            except Refused:
                self._fail(row, *_CHANGED)
                continue
            if standing is None and row.state == "verified":
                self._resume(row, "missing")
            elif standing is None:
                self._fail(row, *_GONE)
            elif self._is_refuted(row):
                self._fail(row, *_REFUTED)
            elif (standing.kind, standing.size) != ("file", row.size):
                self._fail(row, *_CHANGED)
            elif row.state == "verified" and standing.mtime_ns != row.mtime_ns:
                self._resume(row, "fsynced")  # some file systems keep coarse times: read it again
        self._journal.commit()

    def _is_refuted(self, row: TransferRow) -> bool:
        copy = join(self._site.destination_path, row.path)
        proof = self._workshop.model.proved_copies([copy]).get(copy)
        return proof is None or proof.refuted

    def _remove_temporary(self, row: TransferRow) -> bool:
        try:
            return self._site.destination.remove_temporary(row.path, row.temporary or b"")
        except Refused:
            return False  # the folder is no folder any more: the copying itself will say so

    def _standing(self, row: TransferRow) -> bool:
        try:
            return self._site.destination.standing(row.path) is not None
        except Refused:
            return False

    def _resume(self, row: TransferRow, found: str) -> None:
        self._journal.add(file_stream(row.id), row.revision + 1, FileResumed(run=self._site.run, found=found))

    def _fail(self, row: TransferRow, stage: Stage, error: str, message: str) -> None:
        self._journal.add(
            file_stream(row.id),
            row.revision + 1,
            FileFailed(
                job=self._site.id,
                run=self._site.run,
                path=row.path,
                source=row.source,
                stage=stage.value,
                error=error,
                message=message,
                attempt=max(row.attempt, 1),
            ),
        )
        self._workshop.progress.finished(row.path, "failed", message)
