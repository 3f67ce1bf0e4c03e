"""Events of cases and exhibits after their beginning: notes, hand-overs between people, the end.

The fields are those of NIST's sample chain-of-custody form. What the two sides signed stands in the entries
themselves (DSSE envelopes), so that either ledger shows both signatures.
"""

from dataclasses import dataclass
from typing import ClassVar

from custody.domain.events.schema import Event
from custody.domain.identifiers import KeyId, Position, StreamKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """A note on a case, or on one exhibit of it."""

    stream_kind: ClassVar[StreamKind] = "case"
    case_number: str
    exhibit: str | None = None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Event):
    """Nothing more is to be acquired, registered or handed over in a case until it is opened again."""

    stream_kind: ClassVar[StreamKind] = "case"
    case_number: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitReleased(Event):
    """An exhibit left custody for good: given back to its owner, to a court, destroyed."""

    stream_kind: ClassVar[StreamKind] = "exhibit"
    case_number: str
    exhibit: str
    to: str
    reason: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyOffered(Event):
    """The custodian, who signed this entry, offered an exhibit to the holder of another key."""

    stream_kind: ClassVar[StreamKind] = "exhibit"
    case_number: str
    exhibit: str
    receiver: KeyId
    receiver_key: str  # PEM, SubjectPublicKeyInfo
    receiver_name: str | None = None
    giver_name: str
    manifest_sha256: str
    files: int
    bytes: int
    purpose: str | None = None
    place: str | None = None
    comments: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _CustodyAnswered(Event):
    """An answer to an offer, signed by who gave it.

    ``position`` is the offer's in this ledger. An offer of another ledger is carried along instead, with the
    key that signed it.
    """

    stream_kind: ClassVar[StreamKind] = "exhibit"
    case_number: str
    exhibit: str
    by: KeyId
    offer: str  # leaf hash of the offer's entry, hex
    answer: str  # the signed answer, a DSSE envelope
    position: Position | None = None
    offer_entry: str | None = None
    giver_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyAccepted(_CustodyAnswered):
    """The receiver read the copy again, found it as offered, and signed: custody moved to ``by``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyDeclined(_CustodyAnswered):
    """The receiver signed that the offer is not taken, or the giver that it is withdrawn: nothing moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyRefused(Event):
    """The receiver's reading of the copy found another than was offered: nothing moved, the offer is open."""

    stream_kind: ClassVar[StreamKind] = "exhibit"
    case_number: str
    exhibit: str
    offer: str  # leaf hash of the offer's entry, hex
    changed: int
    missing: int
    unreadable: int
    message: str  # of the first file
