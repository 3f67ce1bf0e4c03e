"""Where a session key was made: the entry that opened its session.

Knows that such a session's stream is derived from its key, so that nothing needs to be searched. Deliberately
verifies nothing.
"""

from custody.domain.identifiers import FIRST_REVISION, KeyId, delegation_stream
from custody.infrastructure.event_store.codec import StoredEntry
from custody.infrastructure.event_store.reader import SqlLedgerReader


class Delegations:
    """Implements ``tail.SessionKeys``."""

    def __init__(self, reader: SqlLedgerReader) -> None:
        """Take the ledger's reader."""
        self._reader = reader

    def opening_of(self, key: KeyId) -> StoredEntry | None:
        """Return the row of the session's opening; None for a key that no session was opened with."""
        rows = self._reader.rows_of(delegation_stream(self._reader.ledger, key))
        return next((row for row in rows if row.revision == FIRST_REVISION), None)
