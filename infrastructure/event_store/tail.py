"""Whether a ledger may be extended: its last signed checkpoint, and every entry behind it.

Knows what the writer must have verified before it signs anything on top. Deliberately no audit: it stops at
the first contradiction, and does not look before the last checkpoint. Without this check the writer would
launder a ledger from which somebody dropped entries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from custody.domain import dsse, entry, merkle
from custody.domain.checkpoint import Checkpoint, Note, origin_of, parse_note
from custody.domain.entry import Entry
from custody.domain.errors import MalformedData, Tampered
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.merkle import Frontier
from custody.infrastructure.crypto.ed25519 import verify
from custody.infrastructure.event_store.codec import StoredEntry
from custody.infrastructure.event_store.recorder import Head

TrustedKeys = Mapping[KeyId, bytes]
"""Key id → public key, 32 raw bytes; from the workspace, never from the ledger being judged."""

_LEFT_ALONE: Final = "Nothing was written: extending it would sign over the contradiction."
_HINT: Final = "run custody audit; keep the workspace as it is"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count, and for which ledger."""

    ledger: LedgerId
    keys: TrustedKeys

    @property
    def origin(self) -> str:
        """The origin line of this ledger's checkpoints."""
        return origin_of(self.ledger)

    def root_of(self, size: int, note: bytes) -> bytes:
        """Return the root that a checkpoint of this size signs. Raises Tampered for any other note."""
        try:
            parsed = parse_note(note)
            checkpoint = Checkpoint.parse(parsed.text)
        except MalformedData as error:
            raise refuted(f"the checkpoint of size {size} is unreadable: {error.what}") from error
        if checkpoint.size != size or checkpoint.origin != self.origin or not self._signed(parsed):
            raise refuted(
                f"the checkpoint of size {size} is not signed by a key of this workspace for this ledger"
            )
        return checkpoint.root

    def verified(self, stored: StoredEntry, position: int) -> Entry:
        """Return the body of an entry signed for this place. Raises Tampered, naming the position."""
        if stored.position != position:
            raise refuted(f"the entry at position {position} is missing")
        try:
            envelope = dsse.open_envelope(stored.entry)
            body = entry.parse(envelope.body)
        except MalformedData as error:
            raise refuted(f"the entry at position {position} is unreadable: {error.what}") from error
        raw = self.keys.get(KeyId(envelope.key_id))
        if raw is None or not verify(raw, envelope.signature, envelope.signed_bytes()):
            raise refuted(f"the entry at position {position} is not signed by a key of this workspace")
        if (body.ledger, body.position, body.actor) != (self.ledger, position, envelope.key_id):
            raise refuted(f"the entry at position {position} was made for another place")
        if not stored.agrees_with(body):
            raise refuted(f"the columns at position {position} contradict its entry")
        return body

    def vouches_for(self, stored: StoredEntry) -> bool:
        """Tell whether an entry is signed for the place it stands at."""
        try:
            self.verified(stored, stored.position)
        except Tampered:
            return False
        return True

    def _signed(self, note: Note) -> bool:
        return any(note.verified_by(self.origin, raw, verify) for raw in self.keys.values())


class TailCheck:
    """Follows the entries behind a checkpoint, one by one."""

    def __init__(self, trust: Trust, frontier: Frontier, notes: Mapping[int, bytes]) -> None:
        """Take the frontier of a verified checkpoint, and the notes of that size and of larger ones."""
        self._trust = trust
        self._frontier = frontier
        self._notes = dict(notes)
        self._previous: bytes | None = bytes(merkle.HASH_BYTES) if frontier.size == 0 else None
        self._check_note()

    def anchor(self, last: StoredEntry) -> None:
        """Take the entry that the checkpoint ends with: the next one is chained to it."""
        self._trust.verified(last, self._frontier.size - 1)
        self._previous = merkle.leaf_hash(last.entry)
        # With an odd size the last peak is this very leaf.
        if self._frontier.size & 1 and self._frontier.peaks[-1] != self._previous:
            raise refuted(f"the entry at position {last.position} is not the one its checkpoint covers")

    def admit(self, stored: StoredEntry) -> None:
        """Verify the next entry. Raises Tampered, naming the position."""
        position = self._frontier.size
        body = self._trust.verified(stored, position)
        if self._previous is None or body.previous != self._previous.hex():
            raise refuted(f"the entry at position {position} is not chained to the one before")
        self._previous = merkle.leaf_hash(stored.entry)
        self._frontier.append(self._previous)
        self._check_note()

    def conclude(self, head: Head) -> Head:
        """Return the verified head. Raises Tampered for another head row or missing entries."""
        size = self._frontier.size
        beyond = max(self._notes, default=0)
        if beyond > size:
            raise refuted(f"the ledger has {size} entries, but a signed checkpoint covers {beyond}")
        found = Head(size, self._frontier.to_bytes(), self._previous or bytes(merkle.HASH_BYTES))
        if found != head:
            raise refuted(
                f"the head speaks of {head.size} entries, the entries make {size} with another root"
            )
        return found

    def _check_note(self) -> None:
        note = self._notes.pop(self._frontier.size, None)
        if note is not None and self._trust.root_of(self._frontier.size, note) != self._frontier.root():
            raise refuted(
                f"the entries before position {self._frontier.size} are not those of its checkpoint"
            )


def verify_tail(
    check: TailCheck, *, last: StoredEntry | None, behind: Iterable[StoredEntry], head: Head
) -> Head:
    """Follow all entries behind the checkpoint, ``last`` being the one it ends with. Raises Tampered."""
    if last is not None:
        check.anchor(last)
    for stored in behind:
        check.admit(stored)
    return check.conclude(head)


def refuted(what: str) -> Tampered:
    """Return the error for a ledger that must not be extended."""
    return Tampered(what, done=_LEFT_ALONE, hint=_HINT)
