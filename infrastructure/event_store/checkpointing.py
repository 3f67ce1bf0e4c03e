"""When and how the writer signs a checkpoint.

Knows note, row and file of a checkpoint. Deliberately does not read: what was signed before is handed in.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from custody.domain.errors import Tampered
from custody.domain.proofs.checkpoint import Checkpoint, signed_note
from custody.domain.proofs.cosignature import cosignature_line, cosigned_message
from custody.domain.proofs.merkle import Frontier
from custody.infrastructure.event_store.note_files import keep_note
from custody.infrastructure.event_store.recorder import Head
from custody.infrastructure.event_store.sealing import EntrySigner

MAX_UNSIGNED_ENTRIES: Final = 10_000
"""A long run signs a checkpoint at least this often; it bounds what a writer must verify when it opens."""


class CheckpointBook:
    """The checkpoints of one ledger as its writer keeps them."""

    def __init__(self, origin: str, signer: EntrySigner, folder: Path) -> None:
        """Take the origin line, the key, and the folder of the checkpoint files."""
        self._origin = origin
        self._signer = signer
        self._folder = folder
        self._size = 0
        self._note: bytes | None = None

    def is_due(self, size: int) -> bool:
        """Say whether so many entries are unsigned at this size that a checkpoint must follow."""
        return size - self._size >= MAX_UNSIGNED_ENTRIES

    def note_of(self, size: int) -> bytes | None:
        """Return the last note if it is one of this size."""
        return self._note if self._size == size else None

    def sign(self, head: Head) -> bytes:
        """Return a new signed note of the ledger up to this head."""
        root = Frontier.from_bytes(head.frontier).root()
        text = Checkpoint(origin=self._origin, size=head.size, root=root).text()
        return signed_note(text, self._origin, self._signer.public_raw, self._signer.sign(text))

    def cosign(self, text: bytes, time: int) -> str:
        """Return the line by which this key, as a witness, cosigns another ledger's checkpoint."""
        signature = self._signer.sign(cosigned_message(time, text))
        return cosignature_line(self._origin, self._signer.public_raw, time, signature)

    def hand_over(self, successor: EntrySigner) -> None:
        """Sign with another key from here on."""
        self._signer = successor

    def publish(self, size: int, note: bytes) -> None:
        """Keep a note, whose row is committed, as a file too. Raises LedgerFailed and Tampered."""
        self._size, self._note = size, note
        keep_note(self._folder, size, note)


def insert_checkpoint(connection: sa.Connection, head: Head, note: bytes) -> None:
    """Keep a note in the table, with the frontier from which a later writer goes on.

    An equal one may be there: an interruption right behind the commit hid from this writer that it is. Raises
    Tampered when it is another one.
    """
    connection.exec_driver_sql(
        "INSERT INTO checkpoints (size, note, frontier) VALUES (?, ?, ?) ON CONFLICT (size) DO NOTHING",
        (head.size, note, head.frontier),
    )
    query = "SELECT note, frontier FROM checkpoints WHERE size = ?"
    if tuple(connection.exec_driver_sql(query, (head.size,)).one()) != (note, head.frontier):
        message = f"the ledger keeps another checkpoint of size {head.size} than this writer signs"
        raise Tampered(message, done="Nothing was written on top of it.", hint="run custody audit")
