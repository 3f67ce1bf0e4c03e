"""Between events and what the recorder stores, through the closed table of event types.

Knows the two forms of an event's state: before sealing the part that does not depend on its place, after it
the whole entry. Deliberately verifies nothing, and never imports by a name found in the database.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from custody.domain.entries import dsse, entry
from custody.domain.entries.entry import Entry, Recorded
from custody.domain.errors import MalformedData, Tampered
from custody.domain.events import Event
from custody.domain.identifiers import Position

MAX_STATE_BYTES: Final = 45_000
"""Largest state whose entry surely stays within ``dsse.MAX_ENTRY_BYTES``: three quarters of it (base64),
less envelope and the body's other fields, about 700 bytes."""


class LedgerEvent(NamedTuple):
    """An event about to be recorded, in the form that the library's application handles."""

    originator_id: UUID
    originator_version: int
    event: Event
    at: str


class EventMapper(Mapper[UUID]):
    """Maps events without transcoder, compressor or cipher: the state is canonical JSON, then an entry."""

    def __init__(self) -> None:
        """Take nothing: there is one form."""
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return what is to be sealed. Raises MalformedData for an event too large for an entry."""
        if not isinstance(domain_event, LedgerEvent):
            message = f"a ledger records no {type(domain_event).__name__}"
            raise MalformedData(message)
        event = domain_event.event
        state = entry.state_of(event, domain_event.at)
        if len(state) > MAX_STATE_BYTES:
            message = f"{entry.name_of(event)} of {len(state)} bytes is over the limit of {MAX_STATE_BYTES}"
            raise MalformedData(
                message, done="Nothing was recorded.", hint="shorten the texts recorded with it"
            )
        return StoredEvent(
            domain_event.originator_id, domain_event.originator_version, entry.name_of(event), state
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Return the event of a stored entry. Raises MalformedData."""
        body = entry.parse(dsse.open_envelope(stored_event.state).body)
        return LedgerEvent(body.stream.id, body.revision, body.event(), body.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """One row of the ledger: the entry's bytes, and what the columns beside them claim."""

    position: int
    entry: bytes
    stream: bytes
    revision: int
    type: str

    def agrees_with(self, body: Entry) -> bool:
        """Say whether the columns are those of this body."""
        return (self.position, self.stream, self.revision, self.type) == (
            body.position, body.stream.id.bytes, body.revision, body.type,
        )  # fmt: skip


def to_recorded(stored: StoredEntry) -> Recorded:
    """Decode a row's event; its signature is not verified.

    Raises Tampered when the columns contradict the entry or the entry cannot be read.
    """
    try:
        body = entry.parse(dsse.open_envelope(stored.entry).body)
        event = body.event()
    except MalformedData as error:
        message = f"the entry at position {stored.position} cannot be read: {error.what}"
        raise Tampered(message, hint="run custody audit") from error
    if not stored.agrees_with(body):
        message = f"the columns at position {stored.position} contradict its entry"
        raise Tampered(message, hint="run custody audit")
    return Recorded(
        position=Position(stored.position),
        stream=body.stream,
        revision=body.revision,
        at=body.at,
        actor=body.actor,
        event=event,
    )
