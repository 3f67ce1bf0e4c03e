"""How an event becomes a signed entry at its place in the ledger.

Knows the order body, envelope, signature. Deliberately knows neither database nor clock.
"""

import os
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from eventsourcing.persistence import StoredEvent

from custody.domain import dsse, entry
from custody.domain.events import EVENT_TYPES
from custody.domain.identifiers import KeyId, LedgerId

Seal: TypeAlias = Callable[[int, bytes, StoredEvent], bytes]
"""Called with position, leaf hash of the entry before (32 zero bytes at position 0) and event."""

_SALTS_AT_ONCE: Final = 1024


class EntrySigner(Protocol):
    """A private key that signs entries and checkpoints."""

    @property
    def key_id(self) -> str:
        """Hexadecimal SHA-256 of the public key's SubjectPublicKeyInfo."""

    @property
    def public_raw(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of a message."""


class EntrySealer:
    """Seals events of one ledger with one key; the state of the event is already canonical."""

    def __init__(self, ledger: LedgerId, signer: EntrySigner) -> None:
        """Take the ledger's id and the key."""
        self._ledger = str(ledger)
        self._signer = signer
        self._actor = KeyId(signer.key_id)
        self._salts: list[str] = []

    def __call__(self, position: int, previous: bytes, stored: StoredEvent) -> bytes:
        """Return the entry's bytes. Raises MalformedData when they are over ``dsse.MAX_ENTRY_BYTES``."""
        body = entry.body(
            stored.state,
            actor=self._actor,
            ledger=self._ledger,
            place=(position, previous.hex()),
            stream=f"{EVENT_TYPES[stored.topic].stream_kind}/{stored.originator_id}",
            revision=stored.originator_version,
            name=stored.topic,
            salt=self._salt(),
        )
        return dsse.envelope(body, self._actor, self._signer.sign(dsse.pae(dsse.PAYLOAD_TYPE, body)))

    def _salt(self) -> str:
        """Return 16 random bytes in hexadecimal, never the same ones twice."""
        if not self._salts:
            pool = os.urandom(entry.SALT_BYTES * _SALTS_AT_ONCE).hex()
            width = 2 * entry.SALT_BYTES
            self._salts = [pool[at : at + width] for at in range(0, len(pool), width)]
        return self._salts.pop()
