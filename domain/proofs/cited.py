"""The documents that events cite by their SHA-256: what must be kept, and handed out, with an entry."""

from typing import Final

from custody.domain.entries.dsse import open_envelope
from custody.domain.entries.entry import parse
from custody.domain.errors import MalformedData
from custody.domain.events import BatchQueued, CheckpointStamped, CustodyAccepted, CustodyOffered, Event

CITING: Final = ("BatchQueued", "CheckpointStamped", "CustodyOffered", "CustodyAccepted")
"""The types of these events."""


def cited_documents(event: Event | None) -> tuple[str, ...]:
    """Return the SHA-256 values (hex) of what an event cites: plan, batch file, certificates, manifest."""
    match event:
        case BatchQueued():
            return tuple(filter(None, (event.batch, event.instruction_sha256)))
        case CheckpointStamped():
            return (*event.certificates, *event.revocation_lists)
        case CustodyOffered():
            return (event.manifest_sha256,)
        case CustodyAccepted(offer_entry=str() as entry):
            return _cited_by_offer(entry)
        case _:
            return ()


def _cited_by_offer(entry: str) -> tuple[str, ...]:
    """Return what the offer of another ledger cites, which an acceptance carries along."""
    try:
        event = parse(open_envelope(entry.encode("utf-8", "surrogatepass")).body).event()
    except MalformedData:
        return ()  # the audit of hand-overs has a finding about it
    return cited_documents(event) if isinstance(event, CustodyOffered) else ()
