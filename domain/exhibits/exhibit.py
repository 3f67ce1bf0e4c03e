"""An exhibit: registered, handed over between people, released. Says who holds it.

``evolve`` folds events and never re-decides; what may happen next is decided in ``transfer``. The custodian
is a key: at first of who registered the exhibit, then of the receiver of each accepted hand-over. Where that
key was rotated, it is its successor (``succession``): the person is the same.
"""

from dataclasses import dataclass, field, replace

from custody.domain.entries.entry import Recorded
from custody.domain.errors import NotFound, Refused
from custody.domain.events import (
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    ExhibitRegistered,
    ExhibitReleased,
)
from custody.domain.identifiers import KeyId, Position
from custody.domain.paths import escape_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What is known of an exhibit. ``open_offer`` is the position of an offer of this ledger, unanswered."""

    case_number: str
    number: str
    registered: ExhibitRegistered | None = None
    custodian: KeyId | None = None
    open_offer: Position | None = None
    answered: frozenset[str] = field(default_factory=frozenset)  # leaf hashes of offers, of any ledger
    released: ExhibitReleased | None = None

    @property
    def title(self) -> str:
        """What messages call it, made harmless."""
        return f"exhibit {escape_text(self.number)} of case {escape_text(self.case_number)}"


def evolve(exhibit: Exhibit, recorded: Recorded) -> Exhibit:
    """Return the exhibit after one more of its events."""
    match recorded.event:
        case ExhibitRegistered() as event if exhibit.registered is None:
            return replace(exhibit, registered=event, custodian=event.holder or recorded.actor)
        case CustodyOffered():
            return replace(exhibit, open_offer=recorded.position)
        case CustodyAccepted() as event:
            answered = exhibit.answered | {event.offer}
            return replace(exhibit, custodian=event.by, open_offer=None, answered=answered)
        case CustodyDeclined() as event:
            still_open = None if event.position == exhibit.open_offer else exhibit.open_offer
            return replace(exhibit, open_offer=still_open, answered=exhibit.answered | {event.offer})
        case ExhibitReleased() as event:
            return replace(exhibit, released=event, open_offer=None)
        case _:
            return exhibit


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an exhibit is, as its label and a look at it say."""

    description: str | None = None
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    seal: str | None = None
    condition: str | None = None


def register(
    exhibit: Exhibit, what: Description, *, holder: KeyId | None = None, holder_name: str | None = None
) -> ExhibitRegistered:
    """Register an exhibit, perhaps one that somebody else holds. Raises Refused for a taken number."""
    if exhibit.registered is not None:
        raise Refused(
            f"{exhibit.title} is registered already",
            done="Nothing was recorded.",
            hint="add what is to be said with 'custody exhibit note'",
        )
    return ExhibitRegistered(
        case_number=exhibit.case_number, exhibit=exhibit.number, description=what.description, make=what.make,
        model=what.model, serial=what.serial, seal=what.seal, condition=what.condition, holder=holder,
        holder_name=holder_name,
    )  # fmt: skip


def require_registered(exhibit: Exhibit) -> None:
    """Raise NotFound for an exhibit that was never registered."""
    if exhibit.registered is None:
        raise NotFound(
            f"this ledger has no {exhibit.title}",
            done="Nothing was recorded.",
            hint="'custody exhibit list' shows the exhibits; 'custody exhibit register' adds one",
        )
