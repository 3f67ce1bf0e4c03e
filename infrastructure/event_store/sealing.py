"""How an event becomes a signed entry at its place in the ledger.

Knows the order body, envelope, signature. Deliberately knows neither database nor clock.
"""

import os
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from eventsourcing.persistence import StoredEvent

from custody.domain.entries import dsse, entry
from custody.domain.events import EVENT_TYPES
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.keys.roles import LONG_TERM_ONLY

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
    """Seals events of one ledger with a person's key; the state of the event is already canonical.

    A session key, where there is one, signs in its place what such a key may sign (``domain.keys.roles``).
    """

    def __init__(
        self, ledger: LedgerId, signer: EntrySigner, session_signer: EntrySigner | None = None
    ) -> None:
        """Take the ledger's id, the person's key, and the key of the session if there is one."""
        self._ledger = str(ledger)
        self._signer = signer
        self._session_signer = session_signer
        self._salts: list[str] = []

    def __call__(self, position: int, previous: bytes, stored: StoredEvent) -> bytes:
        """Return the entry's bytes. Raises MalformedData when they are over ``dsse.MAX_ENTRY_BYTES``."""
        signer = self._signer_of(stored.topic)
        actor = KeyId(signer.key_id)
        body = entry.body(
            stored.state,
            actor=actor,
            ledger=self._ledger,
            place=(position, previous.hex()),
            stream=f"{EVENT_TYPES[stored.topic].stream_kind}/{stored.originator_id}",
            revision=stored.originator_version,
            name=stored.topic,
            salt=self._salt(),
        )
        return dsse.envelope(body, actor, signer.sign(dsse.pae(dsse.PAYLOAD_TYPE, body)))

    def actor_of(self, name: str) -> KeyId:
        """Return the id of the key that signs events of a type."""
        return KeyId(self._signer_of(name).key_id)

    @property
    def session_key(self) -> bytes | None:
        """The session's public key, 32 raw bytes, if there is one."""
        return None if self._session_signer is None else self._session_signer.public_raw

    def hand_over(self, successor: EntrySigner) -> None:
        """Seal with another person's key from here on: the one that the ledger has just been rotated to."""
        self._signer = successor

    def forget_session_key(self) -> None:
        """Let go of the session key. Python keeps no promise that its bytes are gone from memory at once."""
        self._session_signer = None

    def _signer_of(self, name: str) -> EntrySigner:
        if self._session_signer is None or name in LONG_TERM_ONLY:
            return self._signer
        return self._session_signer

    def _salt(self) -> str:
        """Return 16 random bytes in hexadecimal, never the same ones twice."""
        if not self._salts:
            pool = os.urandom(entry.SALT_BYTES * _SALTS_AT_ONCE).hex()
            width = 2 * entry.SALT_BYTES
            self._salts = [pool[at : at + width] for at in range(0, len(pool), width)]
        return self._salts.pop()
