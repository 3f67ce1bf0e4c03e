"""Which roles may record which events: one closed table, for the auditor and the command line alike.

Knows names of event types only, so that each row can stand here however the events are laid out in modules.
"""

from collections.abc import Collection, Mapping
from typing import Final, Literal, TypeAlias, get_args

Role: TypeAlias = Literal["examiner", "reviewer", "custodian", "administrator"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)

_EXAMINER: Final[frozenset[Role]] = frozenset({"examiner"})
_KEEPERS: Final[frozenset[Role]] = frozenset({"examiner", "custodian"})
_READERS: Final[frozenset[Role]] = frozenset({"examiner", "reviewer", "custodian"})
_ADMINISTRATOR: Final[frozenset[Role]] = frozenset({"administrator"})
_ANY: Final[frozenset[Role]] = frozenset(ROLES)

_ROWS: Final[tuple[tuple[frozenset[Role], tuple[str, ...]], ...]] = (
    (
        _ANY,
        (
            "SessionOpened", "SessionClosed", "KeyRotated",
            "CheckpointStamped", "CheckpointCosigned", "CosignatureGiven",
        ),
    ),
    (_ADMINISTRATOR, ("LedgerOpened", "KeyEnrolled", "KeyRevoked")),
    (
        _KEEPERS,
        (
            "CaseOpened", "CaseClosed", "ExhibitRegistered", "ExhibitReleased",
            "CustodyOffered", "CustodyAccepted", "CustodyDeclined", "CustodyRefused",
        ),
    ),
    (_READERS, ("NoteAdded", "CopyReverified", "CopyRefuted", "ReportIssued", "BundleExported")),
    (
        _EXAMINER,
        (
            "BatchQueued", "BatchStarted", "BatchPaused", "BatchResumed", "BatchStopped", "BatchCompleted",
            "JobQueued", "JobStarted", "JobResumed", "JobCompleted", "JobFailed",
            "InventoryTaken", "InventoryChanged",
            "FileQueued", "FileCopying", "FileProgressed", "FileFsynced", "FileVerified", "FileQualified",
            "FileFailed", "FileResumed", "FileSkipped", "MetadataLost",
            "LinkRecorded", "SpecialFileSkipped", "DirectoryCreated",
        ),
    ),
)  # fmt: skip

MAY_RECORD: Final[Mapping[str, frozenset[Role]]] = {name: roles for roles, names in _ROWS for name in names}
"""Event type → the roles of which the recording key needs one. A type that is not here, nobody may record."""

LONG_TERM_ONLY: Final = frozenset(
    (
        "LedgerOpened", "KeyEnrolled", "KeyRotated", "KeyRevoked", "SessionOpened", "SessionClosed",
        "ExhibitRegistered", "ExhibitReleased",
        "CustodyOffered", "CustodyAccepted", "CustodyDeclined", "CustodyRefused",
    )
)  # fmt: skip
"""What a session key may not sign: these a person's own key answers for."""


def roles_for(event_type: str) -> frozenset[Role]:
    """Return the roles that may record this type; none for a type unknown to the table."""
    return MAY_RECORD.get(event_type, frozenset())


def known_roles(names: Collection[str]) -> frozenset[Role]:
    """Return those of these names that are roles; others mean nothing."""
    return frozenset(role for role in ROLES if role in names)


def shown_roles(roles: frozenset[Role]) -> str:
    """Return roles for people, in the order of the table."""
    return ", ".join(role for role in ROLES if role in roles)
