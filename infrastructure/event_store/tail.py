"""Whether a ledger may be extended: its last signed checkpoint, and every entry behind it.

Knows what the writer must have verified before it signs anything on top. Deliberately no audit: it stops at
the first contradiction, and does not look before the last checkpoint. Without this check the writer would
launder a ledger from which somebody dropped entries.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from custody.domain.entries import dsse, entry
from custody.domain.entries.entry import Entry
from custody.domain.errors import MalformedData, Tampered
from custody.domain.events import SessionOpened
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.proofs import merkle
from custody.domain.proofs.checkpoint import Checkpoint, Note, origin_of, parse_note
from custody.domain.proofs.merkle import Frontier
from custody.domain.public_keys import key_id_of, raw_of_pem
from custody.infrastructure.crypto.ed25519 import verify
from custody.infrastructure.event_store.codec import StoredEntry
from custody.infrastructure.event_store.recorder import Head

TrustedKeys = Mapping[KeyId, bytes]
"""Key id → public key, 32 raw bytes; from the workspace, never from the ledger being judged."""

_LEFT_ALONE: Final = "Nothing was written: extending it would sign over the contradiction."
_HINT: Final = "run custody audit; keep the workspace as it is"


class SessionKeys(Protocol):
    """Where the entry is found that a session key was made by; nothing of it is verified."""

    def opening_of(self, key: KeyId) -> StoredEntry | None:
        """Return the row of the session's opening; None for a key that no session was opened with."""


class NoSessionKeys:
    """For a ledger in which nobody signs in another's place."""

    def opening_of(self, key: KeyId) -> StoredEntry | None:
        """Return none."""
        del key
        return None


@dataclass(frozen=True, slots=True)
class _Delegated:
    """A session key and the position of the entry that made it count."""

    since: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count, and for which ledger."""

    ledger: LedgerId
    keys: TrustedKeys
    session_keys: SessionKeys = field(default_factory=NoSessionKeys)
    _found: dict[KeyId, _Delegated | None] = field(default_factory=dict)  # asked for before

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
        return self._verified(stored, position, lambda key: self._raw_of(key, position))

    def _verified(self, stored: StoredEntry, position: int, key_of: Callable[[KeyId], bytes | None]) -> Entry:
        if stored.position != position:
            raise refuted(f"the entry at position {position} is missing")
        try:
            envelope = dsse.open_envelope(stored.entry)
            body = entry.parse(envelope.body)
        except MalformedData as error:
            raise refuted(f"the entry at position {position} is unreadable: {error.what}") from error
        raw = key_of(KeyId(envelope.key_id))
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

    def _raw_of(self, key: KeyId, position: int) -> bytes | None:
        """Return a public key that counts at a position: a person's, or one that a person delegated to."""
        if key in self.keys:
            return self.keys[key]
        if key not in self._found:
            self._found[key] = self._delegated(key)
        found = self._found[key]
        return found.raw if found is not None and found.since < position else None

    def _delegated(self, key: KeyId) -> _Delegated | None:
        """Return a session key if an entry signed by a person's key opened a session with it."""
        stored = self.session_keys.opening_of(key)
        if stored is None:
            return None
        raw = _session_key(self._verified(stored, stored.position, self.keys.get))
        lawful = raw is not None and key_id_of(raw) == key
        return _Delegated(stored.position, raw) if raw is not None and lawful else None

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


def _session_key(opening: Entry) -> bytes | None:
    """Return the raw key that a session was opened with."""
    try:
        event = opening.event()
        if not isinstance(event, SessionOpened) or event.session_key is None:
            return None
        return raw_of_pem(event.session_key)
    except MalformedData:
        return None


def refuted(what: str) -> Tampered:
    """Return the error for a ledger that must not be extended."""
    return Tampered(what, done=_LEFT_ALONE, hint=_HINT)
