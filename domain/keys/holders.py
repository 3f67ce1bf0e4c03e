"""A key of a ledger and the person who holds it, for good or for one session.

Knows what the entries about one key make of it. Deliberately judges nobody's right to have recorded them; see
``keyring``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from custody.domain.entries.entry import Recorded
from custody.domain.errors import MalformedData
from custody.domain.events import KeyEnrolled, KeyRevoked, KeyRotated, SessionOpened
from custody.domain.identifiers import KeyId, LedgerId, Position, Stream, delegation_stream
from custody.domain.keys.roles import ROLES, Role, known_roles
from custody.domain.public_keys import fault_of, key_id_of, raw_of_pem

Ending: TypeAlias = Literal["rotated", "revoked"]

GENESIS: Final = 1
"""The position of a ledger's first enrolment, that of the key which has every role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A key of the ledger and the person who holds it; behind the position ``ended_at`` it must not sign."""

    key: KeyId
    raw: bytes
    enrolment: KeyEnrolled
    roles: frozenset[Role]
    enrolled_at: Position
    enrolled_by: KeyId
    waiting: bool = False  # a successor whose KeyRotated has not come yet
    ended_at: Position | None = None
    ended: Ending | None = None
    successor: KeyId | None = None
    reason: str | None = None

    @property
    def active(self) -> bool:
        """Whether the key may sign now."""
        return self.ended is None and not self.waiting

    def may_sign_size(self, size: int) -> bool:
        """Whether it was an enrolled person's key when the ledger had this many entries."""
        begun = self.enrolled_at < size or self.enrolled_at == GENESIS
        return begun and not self.waiting and (self.ended_at is None or size <= self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A key that signs in a person's place, for the session that it was made for."""

    key: KeyId
    raw: bytes
    holder: KeyId


def holder_by_history(history: Iterable[Recorded]) -> Holder | None:
    """Return who holds a key by its own stream, unjudged; None for a key that was never enrolled."""
    holder: Holder | None = None
    for recorded in history:
        match recorded.event:
            case KeyEnrolled() as event if holder is None:
                founder = recorded.position == GENESIS
                holder = Holder(
                    key=event.key, raw=raw_of_pem(event.public_key), enrolment=event,
                    roles=frozenset(ROLES) if founder else known_roles(event.roles or ()),
                    enrolled_at=recorded.position, enrolled_by=recorded.actor,
                )  # fmt: skip
            case KeyRotated() | KeyRevoked() as event if holder is not None:
                holder = ended_by(holder, recorded.position, event)
            case _:
                pass
    return holder


def session_key_of(ledger: LedgerId, stream: Stream, event: SessionOpened) -> tuple[KeyId, bytes] | None:
    """Return the key that a session was opened with, if it is fit for use and the stream is its own."""
    if event.session_key is None:
        return None
    raw, fault = sound_key(event.session_key, None)
    key = key_id_of(raw)
    return (key, raw) if fault is None and stream == delegation_stream(ledger, key) else None


def ended_by(holder: Holder, position: Position, event: KeyRotated | KeyRevoked) -> Holder:
    """Return the key as ended; one that was rotated before it was revoked ended where it was rotated."""
    at = position if holder.ended_at is None else holder.ended_at
    if isinstance(event, KeyRotated):
        return replace(holder, ended="rotated", ended_at=at, successor=event.successor)
    return replace(holder, ended="revoked", ended_at=at, reason=event.reason)


def sound_key(pem: str, key: KeyId | None) -> tuple[bytes, str | None]:
    """Return a key from its PEM, with what speaks against it; ``key`` is the id that it should have."""
    try:
        raw = raw_of_pem(pem)
    except MalformedData as error:
        return b"", error.what
    found = fault_of(raw)
    if found is None and key not in {None, key_id_of(raw)}:
        found = "the public key is not the one that its key id stands for"
    return raw, found
