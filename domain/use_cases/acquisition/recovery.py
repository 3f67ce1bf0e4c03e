"""Taking up what an interruption left: what is found of each unfinished file, and what is done about it.

Knows that a temporary file of ours is removed and the copy begun again, unless the ledger has a mark behind
which a large one goes on; that a copy under its final name is compared and not trusted; and that a verified
copy is confirmed by a look at the destination. Copies nothing.
"""

from collections.abc import Iterator
from typing import Final

from custody.domain.copying.reports import Stage
from custody.domain.errors import DestinationFailed, Refused, Tampered
from custody.domain.events import FileFailed, FileResumed
from custody.domain.paths import beside, join, printable
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.acquisition.flights import STALLED
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.own_copies import PUBLISHED
from custody.domain.use_cases.acquisition.prefixes import PREFIX, kept_prefix
from custody.domain.use_cases.acquisition.proofs import found_different, is_signed_claim
from custody.domain.use_cases.acquisition.stuck_files import StuckFiles
from custody.domain.use_cases.job_rows import rows_of
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import Workshop

_CHANGED: Final = (
    Stage.FINAL_CHECK, "copy-changed", "the verified copy was changed since; it was not touched",
)  # fmt: skip
_REFUTED: Final = (Stage.FINAL_CHECK, "copy-refuted", "a later pass found the copy changed or gone")
_UNREAD: Final = (
    Stage.FINAL_CHECK, "copy-unreadable", "a later pass could not read the copy; it was not touched",
)  # fmt: skip
_GONE: Final = (Stage.INVENTORY, "copy-missing", "the copy that was skipped is gone; run the batch again")


class Recovery:
    """Puts the unfinished files of one job back into a state from which the copying can go on."""

    def __init__(self, workshop: Workshop, site: JobSite, journal: Journal) -> None:
        """Take the job's site."""
        self._workshop = workshop
        self._site = site
        self._journal = journal
        self._stuck_files = StuckFiles(workshop, site)

    def take_up_unfinished(self) -> None:
        """Take up every file that was begun and not flushed; ``fsynced`` ones need only their read-back."""
        for row in self._rows("copying"):
            self._resume(row, self._found_of(row))
        self._journal.commit()

    def _found_of(self, row: TransferRow) -> str:
        """Say what is there of a file whose copying was begun; a temporary file of no use is removed."""
        if not self._standing(row) and self._holds_prefix(row):
            return PREFIX
        removed = self._remove_temporary(row)
        return PUBLISHED if self._standing(row) else "temporary" if removed else "nothing"

    def _holds_prefix(self, row: TransferRow) -> bool:
        if not row.temporary:
            return False
        try:
            standing = self._site.destination.standing(beside(row.path, row.temporary))
        except Refused:
            return False
        if standing is None or standing.kind != "file":
            return False
        history = self._workshop.reader.history(file_stream(row.id))
        mark = kept_prefix(history, self._site.algorithms)
        return mark is not None and mark.size <= standing.size

    def take_up_failed(self) -> None:
        """Put failed files back to be copied; what could not be listed waits for a new inventory."""
        for row in self._rows("failed"):
            if row.stage != Stage.INVENTORY.value:
                self._remove_temporary(row)
                self._resume(row, "failed")
        self._journal.commit()

    def require_signed_claims(self) -> None:
        """Require of every flushed file that its row says what was signed: its read-back is compared with it.

        Raises Tampered when the read model contradicts the ledger.
        """
        for row in self._rows("fsynced"):
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
        for row in self._rows("verified", "qualified", "skipped"):
            try:
                standing = self._site.destination.standing(row.path)
            except Refused:
                self._fail(row, *_CHANGED)
                continue
            if standing is None and row.state != "skipped":
                self._resume(row, "missing")
            elif standing is None:
                self._fail(row, *_GONE)
            elif (doubt := self._doubt(row)) is not None:
                self._fail(row, *doubt)
            elif (standing.kind, standing.size) != ("file", row.size):
                self._fail(row, *_CHANGED)
            elif row.state == "verified" and standing.mtime_ns != row.mtime_ns:
                self._resume(row, "fsynced")  # some file systems keep coarse times: read it again
        self._journal.commit()

    def _rows(self, *states: str) -> Iterator[TransferRow]:
        return rows_of(self._workshop.model, self._site.id, states, run=self._site.run)

    def _doubt(self, row: TransferRow) -> tuple[Stage, str, str] | None:
        """Return how a file fails whose copy a later pass did not find as recorded, or could not read."""
        copy = join(self._site.destination_path, row.path)
        proof = self._workshop.model.proved_copies([copy]).get(copy)
        if proof is not None and not proof.refuted:
            return None
        at = proof.refuted_at if proof is not None else None
        entry = None if at is None else self._workshop.ledger.vouched([at]).get(at)
        # What is not signed says no more than that the copy is in doubt.
        history = () if entry is None else self._workshop.reader.history(entry.stream)
        return _REFUTED if found_different(history) else _UNREAD

    def require_answers(self) -> None:
        """Require that no file of an earlier run on which a lane stalled is still held by that lane.

        Raises DestinationFailed, Interrupted.
        """
        for row in rows_of(self._workshop.model, self._site.id, ("failed",)):
            if row.error == STALLED and row.temporary:
                self._require_answer(row, row.temporary)

    def _require_answer(self, row: TransferRow, temporary: bytes) -> None:
        if self._stuck_files.is_stuck(row.id, row.path, temporary):
            shown = printable(join(self._site.destination_path, beside(row.path, temporary)))
            raise DestinationFailed(f"the destination hangs: {shown} does not answer")

    def _remove_temporary(self, row: TransferRow) -> bool:
        if row.temporary:
            self._require_answer(row, row.temporary)
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
