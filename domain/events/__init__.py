"""Every event of the system, in one closed table, with its stored form.

A name that is not in the table is refused; nothing is ever imported by a name found in data.
"""

from collections.abc import Mapping
from typing import Final

from custody.domain.canonical import JsonValue
from custody.domain.errors import MalformedData
from custody.domain.events.anchor import CheckpointStamped
from custody.domain.events.batch import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    InventoryChanged,
    InventoryTaken,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobResumed,
    JobStarted,
)
from custody.domain.events.cosigning import CheckpointCosigned, CosignatureGiven
from custody.domain.events.custody import (
    CaseClosed,
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    ExhibitReleased,
    NoteAdded,
)
from custody.domain.events.file import (
    CopyRefuted,
    CopyReverified,
    DirectoryCreated,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileProgressed,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
    LinkRecorded,
    MetadataLost,
    SpecialFileSkipped,
)
from custody.domain.events.ledger import (
    BundleExported,
    CaseOpened,
    ExhibitRegistered,
    KeyEnrolled,
    KeyRevoked,
    KeyRotated,
    LedgerOpened,
    ReportIssued,
    SessionClosed,
    SessionOpened,
)
from custody.domain.events.schema import Event, from_data, to_data, to_text
from custody.domain.events.values import Nanoseconds, Stretches, Wide

_ALL: Final[tuple[type[Event], ...]] = (
    LedgerOpened,
    KeyEnrolled,
    KeyRotated,
    KeyRevoked,
    SessionOpened,
    SessionClosed,
    CaseOpened,
    ExhibitRegistered,
    NoteAdded,
    CaseClosed,
    ExhibitReleased,
    CustodyOffered,
    CustodyAccepted,
    CustodyDeclined,
    CustodyRefused,
    ReportIssued,
    BundleExported,
    BatchQueued,
    BatchStarted,
    BatchPaused,
    BatchResumed,
    BatchStopped,
    BatchCompleted,
    JobQueued,
    JobStarted,
    JobResumed,
    InventoryTaken,
    InventoryChanged,
    JobCompleted,
    JobFailed,
    FileQueued,
    FileCopying,
    FileProgressed,
    FileFsynced,
    MetadataLost,
    FileVerified,
    FileQualified,
    FileFailed,
    FileResumed,
    FileSkipped,
    LinkRecorded,
    SpecialFileSkipped,
    DirectoryCreated,
    CopyReverified,
    CopyRefuted,
    CheckpointCosigned,
    CosignatureGiven,
    CheckpointStamped,
)
EVENT_TYPES: Final[Mapping[str, type[Event]]] = {event_type.__name__: event_type for event_type in _ALL}


def type_name(event: Event) -> str:
    """Return the stored name of an event's type."""
    return type(event).__name__


def decode(name: str, data: Mapping[str, JsonValue]) -> Event:
    """Return the event that ``data`` holds under a stored type name; raises MalformedData."""
    event_type = EVENT_TYPES.get(name)
    if event_type is None:
        message = f"unknown event type: {name!r}"
        raise MalformedData(message)
    return from_data(event_type, data)


__all__ = [
    "EVENT_TYPES",
    "BatchCompleted",
    "BatchPaused",
    "BatchQueued",
    "BatchResumed",
    "BatchStarted",
    "BatchStopped",
    "BundleExported",
    "CaseClosed",
    "CaseOpened",
    "CheckpointCosigned",
    "CheckpointStamped",
    "CopyRefuted",
    "CopyReverified",
    "CosignatureGiven",
    "CustodyAccepted",
    "CustodyDeclined",
    "CustodyOffered",
    "CustodyRefused",
    "DirectoryCreated",
    "Event",
    "ExhibitRegistered",
    "ExhibitReleased",
    "FileCopying",
    "FileFailed",
    "FileFsynced",
    "FileProgressed",
    "FileQualified",
    "FileQueued",
    "FileResumed",
    "FileSkipped",
    "FileVerified",
    "InventoryChanged",
    "InventoryTaken",
    "JobCompleted",
    "JobFailed",
    "JobQueued",
    "JobResumed",
    "JobStarted",
    "KeyEnrolled",
    "KeyRevoked",
    "KeyRotated",
    "LedgerOpened",
    "LinkRecorded",
    "MetadataLost",
    "Nanoseconds",
    "NoteAdded",
    "ReportIssued",
    "SessionClosed",
    "SessionOpened",
    "SpecialFileSkipped",
    "Stretches",
    "Wide",
    "decode",
    "to_data",
    "to_text",
    "type_name",
]
