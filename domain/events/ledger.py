"""Events of the ledger itself: its opening, sessions, keys, cases, exhibits and reports."""

from dataclasses import dataclass
from typing import ClassVar

from custody.domain.events.schema import Event
from custody.domain.identifiers import BatchId, KeyId, LedgerId, Position, StreamKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Event):
    """The ledger began; always position 0."""

    stream_kind: ClassVar[StreamKind] = "ledger"
    ledger: LedgerId
    format: str
    tool: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEnrolled(Event):
    """A person's signing key was taken into the ledger; ``protected`` says a passphrase guards it.

    ``proof`` is the new key's own signature over what the entry says of it (``key_statement``). The first key
    of a ledger needs neither proof nor roles. ``replaces`` names the key whose place it takes; it counts from
    the KeyRotated on that follows.
    """

    stream_kind: ClassVar[StreamKind] = "key"
    key: KeyId
    public_key: str  # PEM, SubjectPublicKeyInfo
    examiner: str
    badge: str | None = None
    agency: str | None = None
    protected: bool
    roles: tuple[str, ...] | None = None
    replaces: KeyId | None = None
    proof: str | None = None  # base64 of 64 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotated(Event):
    """A key gave its place to its successor, and signs nothing any more."""

    stream_kind: ClassVar[StreamKind] = "key"
    key: KeyId
    successor: KeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Event):
    """A key must not be used any more; what it signed before stays good."""

    stream_kind: ClassVar[StreamKind] = "key"
    key: KeyId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    """A command that writes began: who, on which machine, with which tool, by which clock.

    ``session_key`` is a key made for this session alone, which its holder lets sign in their place.
    """

    stream_kind: ClassVar[StreamKind] = "session"
    command: str
    examiner: str
    badge: str | None = None
    agency: str | None = None
    host: str
    system: str
    tool: str
    version: str
    boot_id: str | None = None
    zone: str
    utc_offset_seconds: int
    clock_synchronised: bool | None = None  # None: the system does not say
    session_key: str | None = None  # PEM, SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(Event):
    """The command ended with this exit code; a checkpoint follows."""

    stream_kind: ClassVar[StreamKind] = "session"
    exit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened(Event):
    """A case number was used for the first time in this ledger, or a closed case was opened again."""

    stream_kind: ClassVar[StreamKind] = "case"
    case_number: str
    title: str | None = None
    reopened: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitRegistered(Event):
    """An exhibit number was used for the first time in its case.

    ``holder`` is the key of who held the exhibit then; None: the one who registered it.
    """

    stream_kind: ClassVar[StreamKind] = "exhibit"
    case_number: str
    exhibit: str
    description: str | None = None
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    seal: str | None = None
    condition: str | None = None
    holder: KeyId | None = None
    holder_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIssued(Event):
    """A report was written: the SHA-256 of the whole file and the ledger position it was made from."""

    stream_kind: ClassVar[StreamKind] = "report"
    kind: str
    at_position: Position
    sha256: str
    size: int
    batch: BatchId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleExported(Event):
    """A bundle was written for somebody: which part of the ledger it discloses, and what identifies it."""

    stream_kind: ClassVar[StreamKind] = "report"
    size: int  # of the tree that its checkpoint signs
    disclosed: int  # entries that it holds; of the others only the leaf hashes
    case_number: str | None = None  # only this case was disclosed, or this exhibit of it
    exhibit: str | None = None
    sums_sha256: str  # of its SHA256SUMS, which names every other file
    zip_sha256: str | None = None  # of the ZIP file, if it is one
