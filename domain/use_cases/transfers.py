"""Recording what happens to the entries of one job, in commits of many events.

Knows the revision of every stream it has touched in this process; everything else is asked of the read model.
"""

from collections.abc import Sequence

from custody.domain.events import Event
from custody.domain.identifiers import Stream, TransferId
from custody.domain.ports import LedgerWriter, Recording
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.workshop import COMMIT_EVENTS


class Journal:
    """Events on their way into the ledger: gathered, then committed together, in order."""

    def __init__(self, ledger: LedgerWriter) -> None:
        """Begin with nothing gathered."""
        self._ledger = ledger
        self._pending: list[Recording] = []

    def add(self, stream: Stream, revision: int, event: Event) -> None:
        """Gather one event; commits when a commit's worth has come together."""
        self._pending.append(Recording(stream, revision, event))
        if len(self._pending) >= COMMIT_EVENTS:
            self.commit()

    def commit(self) -> None:
        """Make everything gathered durable. On failure nothing of it is recorded."""
        if self._pending:
            pending, self._pending = self._pending, []
            self._ledger.append(pending)


class TransferRevisions:
    """The next revision of each entry's stream, while its work is under way."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._last: dict[TransferId, int] = {}

    def begin(self, rows: Sequence[TransferRow]) -> None:
        """Take over the revisions of rows just read."""
        for row in rows:
            self._last[row.id] = row.revision

    def next(self, transfer: TransferId) -> int:
        """Return the next revision and count it as used."""
        revision = self._last.get(transfer, 0) + 1
        self._last[transfer] = revision
        return revision

    def end(self, transfer: TransferId) -> None:
        """Forget an entry whose work is over, so that memory stays flat."""
        self._last.pop(transfer, None)


def file_stream(transfer: TransferId) -> Stream:
    """Return the stream of one entry of a job."""
    return Stream("file", transfer)
