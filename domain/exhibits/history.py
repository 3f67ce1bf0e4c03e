"""Cases, exhibits and hand-overs as a fold over the ledger: for lists, stories and reports.

Knows who is called how, and which answer belongs to which offer. Verifies nothing, decides nothing: whether
all this is so, the audit says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, Self, TypeAlias

from custody.domain.entries.entry import Recorded
from custody.domain.errors import MalformedData
from custody.domain.events import (
    CaseClosed,
    CaseOpened,
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    ExhibitRegistered,
    ExhibitReleased,
    KeyEnrolled,
    KeyRotated,
    NoteAdded,
)
from custody.domain.exhibits.answer import Answer
from custody.domain.exhibits.case import Case
from custody.domain.exhibits.case import evolve as evolve_case
from custody.domain.exhibits.exhibit import Exhibit, evolve
from custody.domain.exhibits.offer import offer_of
from custody.domain.exhibits.phrases import answer_in
from custody.domain.exhibits.succession import Succession
from custody.domain.identifiers import KeyId, LedgerId, Position

Standing: TypeAlias = Literal["open", "accepted", "declined", "withdrawn"]

_EXHIBITS: Final = (
    ExhibitRegistered, ExhibitReleased, CustodyOffered, CustodyAccepted, CustodyDeclined, CustodyRefused,
)  # fmt: skip
TYPES: Final = frozenset(
    kind.__name__ for kind in (KeyEnrolled, KeyRotated, CaseOpened, CaseClosed, NoteAdded, *_EXHIBITS)
)
"""The types of the events that this fold reads."""


@dataclass(slots=True, kw_only=True)
class HandOver:
    """One offer and what became of it. ``foreign`` names the ledger of an offer made elsewhere."""

    offer: CustodyOffered
    offered_at: str
    giver: KeyId
    entry: Position  # of the offer, or of the answer where the offer is another ledger's
    foreign: LedgerId | None = None
    standing: Standing = "open"
    answered: Recorded | None = None
    answer: Answer | None = None


@dataclass(slots=True, kw_only=True)
class ExhibitHistory:
    """One exhibit with all that was recorded of it."""

    exhibit: Exhibit
    registered: Recorded | None = None
    released: Recorded | None = None
    notes: list[Recorded] = field(default_factory=list)
    hand_overs: list[HandOver] = field(default_factory=list)
    refusals: list[Recorded] = field(default_factory=list)  # by a receiver who read the copy


@dataclass(slots=True, kw_only=True)
class CaseHistory:
    """One case with its notes."""

    case: Case
    notes: list[Recorded] = field(default_factory=list)


class CustodyHistory:
    """Admits records in the order of the ledger; all others than those of TYPES leave no trace."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.cases: dict[str, CaseHistory] = {}
        self.exhibits: dict[tuple[str, str], ExhibitHistory] = {}
        self.names: dict[KeyId, str] = {}
        self._open: dict[Position, HandOver] = {}
        self._succession = Succession()

    @classmethod
    def of(cls, records: Iterable[Recorded]) -> Self:
        """Return the history that these records make."""
        history = cls()
        for recorded in records:
            history.admit(recorded)
        return history

    def name_of(self, key: KeyId | None) -> str:
        """Return what the holder of a key is called."""
        if key is None:
            return "nobody"
        return self.names.get(key, f"the holder of key {key[:16]}…")

    def admit(self, recorded: Recorded) -> None:
        """Take the next record."""
        match recorded.event:
            case KeyEnrolled() as event:
                self.names[event.key] = event.examiner
            case KeyRotated() as event:
                self._succession.admit(event)
                for one in self.exhibits.values():
                    one.exhibit = self._succession.held(one.exhibit)
            case CaseOpened() | CaseClosed() as event:
                history = self._case_called(event.case_number)
                history.case = evolve_case(history.case, event)
            case NoteAdded(exhibit=None) as event:
                self._case_called(event.case_number).notes.append(recorded)
            case NoteAdded(exhibit=str() as exhibit) as event:
                self._exhibit_called(event.case_number, exhibit).notes.append(recorded)
            case ExhibitRegistered() | ExhibitReleased() as event:
                self._exhibit(recorded, event)
            case CustodyOffered() | CustodyAccepted() | CustodyDeclined() | CustodyRefused() as event:
                self._hand_over(recorded, event)
            case _:
                pass

    def _exhibit(self, recorded: Recorded, event: ExhibitRegistered | ExhibitReleased) -> None:
        history = self._exhibit_called(event.case_number, event.exhibit)
        history.exhibit = evolve(history.exhibit, recorded)
        if isinstance(event, ExhibitReleased):
            history.released = recorded
            return
        if history.registered is None:
            history.registered = recorded
        if event.holder is not None and event.holder_name is not None:
            self.names.setdefault(event.holder, event.holder_name)

    def _hand_over(
        self, recorded: Recorded, event: CustodyOffered | CustodyAccepted | CustodyDeclined | CustodyRefused
    ) -> None:
        history = self._exhibit_called(event.case_number, event.exhibit)
        history.exhibit = evolve(history.exhibit, recorded)
        match event:
            case CustodyOffered():
                self._offered(recorded, event, history)
            case CustodyAccepted() | CustodyDeclined():
                self._answered(recorded, event, history)
            case _:
                history.refusals.append(recorded)

    def _offered(self, recorded: Recorded, event: CustodyOffered, history: ExhibitHistory) -> None:
        if event.receiver_name is not None:
            self.names.setdefault(event.receiver, event.receiver_name)
        made = HandOver(offer=event, offered_at=recorded.at, giver=recorded.actor, entry=recorded.position)
        history.hand_overs.append(made)
        self._open[recorded.position] = made

    def _answered(
        self, recorded: Recorded, event: CustodyAccepted | CustodyDeclined, history: ExhibitHistory
    ) -> None:
        made = self._foreign(recorded, event, history) if event.position is None else None
        if event.position is not None:
            made = self._open.pop(event.position, None)
        if made is None:
            return  # an answer to nothing: the audit says so
        made.answered, made.answer = recorded, answer_in(event)
        if made.answer is not None:
            self.names.setdefault(event.by, made.answer.name)
        if isinstance(event, CustodyAccepted):
            made.standing = "accepted"
        else:
            made.standing = "declined" if event.by == made.offer.receiver else "withdrawn"

    def _foreign(
        self, recorded: Recorded, event: CustodyAccepted | CustodyDeclined, history: ExhibitHistory
    ) -> HandOver | None:
        try:
            offer = offer_of((event.offer_entry or "").encode("utf-8", "surrogatepass"))
        except MalformedData:
            return None
        self.names.setdefault(offer.giver, offer.event.giver_name)
        made = HandOver(
            offer=offer.event, offered_at=offer.at, giver=offer.giver, entry=recorded.position,
            foreign=offer.ledger,
        )  # fmt: skip
        history.hand_overs.append(made)
        return made

    def _case_called(self, number: str) -> CaseHistory:
        return self.cases.setdefault(number, CaseHistory(case=Case(number=number)))

    def _exhibit_called(self, case_number: str, number: str) -> ExhibitHistory:
        known = self.exhibits.get((case_number, number))
        if known is None:
            known = ExhibitHistory(exhibit=Exhibit(case_number=case_number, number=number))
            self.exhibits[case_number, number] = known
        return known
