"""The documents that events cite by their SHA-256: what must be kept, and handed out, with an entry."""

from custody.domain.events import BatchQueued, CheckpointStamped, CustodyOffered, Event


def cited_documents(event: Event | None) -> tuple[str, ...]:
    """Return the SHA-256 values (hex) of what an event cites: plan, batch file, certificates, manifest."""
    match event:
        case BatchQueued():
            return tuple(filter(None, (event.batch, event.instruction_sha256)))
        case CheckpointStamped():
            return (*event.certificates, *event.revocation_lists)
        case CustodyOffered():
            return (event.manifest_sha256,)
        case _:
            return ()
