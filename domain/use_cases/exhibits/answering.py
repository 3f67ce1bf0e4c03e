"""Answering an offer, and taking in the answer that the other side signed.

Knows what goes into one commit. Custody moves with the entry that carries the receiver's signature, in either
ledger; everything the auditor would object to is refused before.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from custody.domain.entries.dsse import pae
from custody.domain.errors import MalformedData, Refused, Tampered
from custody.domain.events import CustodyAccepted, CustodyDeclined, CustodyRefused, Event
from custody.domain.exhibits.answer import ANSWER_TYPE, Answer, Word, answer_envelope, open_answer
from custody.domain.exhibits.case import require_not_closed
from custody.domain.exhibits.exhibit import Exhibit, register
from custody.domain.exhibits.offer import Offer, offer_of
from custody.domain.exhibits.transfer import (
    Answered,
    KeyOf,
    objections_to_answer,
    objections_to_answering,
    require_none,
)
from custody.domain.identifiers import KeyId, Position
from custody.domain.paths import printable
from custody.domain.ports import LedgerWriter, Recording
from custody.domain.proofs.checkpoint import VerifySignature
from custody.domain.public_keys import pem_of
from custody.domain.use_cases.exhibits.books import CustodyLedger, case_book, exhibit_book
from custody.domain.use_cases.exhibits.casework import opening_if_new
from custody.domain.use_cases.exhibits.handed_copy import HandedCopy
from custody.domain.use_cases.exhibits.received_offers import ReceivedOffer

_SHOWN: Final = 500  # characters of a path in an entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Who answers, with which key."""

    key: KeyId
    name: str
    badge: str | None
    agency: str | None
    sign: Callable[[bytes], bytes]
    verify: VerifySignature


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said along with an answer; ``at`` is RFC 3339 as entries carry it."""

    at: str
    place: str | None = None
    comments: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer that is recorded: its entry, and the envelope that goes back to the giver."""

    position: Position
    answer: Answer
    envelope: bytes


class Desk:
    """Where one received offer is answered, in the ledger of the one who answers."""

    def __init__(self, ledger: LedgerWriter, reader: CustodyLedger, received: ReceivedOffer) -> None:
        """Find the exhibit in this ledger. Raises Tampered when an own offer is not the ledger's."""
        self._ledger = ledger
        self._received = received
        self._offer = received.offer
        name = (self._offer.event.case_number, self._offer.event.exhibit)
        self._book = exhibit_book(reader, *name)
        self._case = case_book(reader, name[0])
        self._local = self._offer.ledger == ledger.ledger
        if self._local:
            own_offer(reader, self._offer.position, self._offer.leaf)

    def require_answerable(self, by: KeyId, word: Word) -> None:
        """Raise NotAllowed or Refused when no answer by this key could be recorded."""
        exhibit = self._beginning()[1]
        if not self._local:
            require_not_closed(self._case.case)
        require_none(objections_to_answering(exhibit, self._offer, by=by, word=word, local=self._local))

    def accept(self, who: Answerer, said: Said, copy: HandedCopy) -> GivenAnswer:
        """Record that custody moved, with the receiver's signature. The copy was read and is as listed."""
        if copy.problems or (copy.files, copy.size) != (self._offer.event.files, self._offer.event.bytes):
            raise RuntimeError("a copy that is not as offered is never accepted")
        self._ledger.keep_document(self._received.manifest)
        return self._answer("accepted", who, said, dict(copy.read_back))

    def decline(self, who: Answerer, said: Said) -> GivenAnswer:
        """Record that the offer is not taken, or is withdrawn."""
        return self._answer("declined", who, said, {})

    def refuse(self, copy: HandedCopy) -> Position:
        """Record that the copy is not what was offered; nothing moves and nothing is signed for."""
        first = copy.problems[0]
        event = CustodyRefused(
            case_number=self._offer.event.case_number, exhibit=self._offer.event.exhibit,
            offer=self._offer.leaf, changed=len(copy.changed), missing=len(copy.missing),
            unreadable=len(copy.unreadable), message=f"{printable(first.path)[:_SHOWN]}: {first.message}",
        )  # fmt: skip
        return self._append(event)

    def _answer(self, word: Word, who: Answerer, said: Said, read_back: dict[str, int]) -> GivenAnswer:
        answer = self._worded(word, who, said, read_back)
        body = answer.to_bytes()
        envelope = answer_envelope(body, who.key, who.sign(pae(ANSWER_TYPE, body)))
        event = _event(answer, self._offer, envelope.decode(), None if self._local else self._received)
        require_none(
            objections_to_answer(
                self._beginning()[1], event, self._offer,
                key_of=lambda key: self._received.giver_key if key == self._offer.giver else None,
                verify=who.verify,
            )
        )  # fmt: skip
        return GivenAnswer(position=self._append(event), answer=answer, envelope=envelope)

    def _worded(self, word: Word, who: Answerer, said: Said, read_back: dict[str, int]) -> Answer:
        offer, event = self._offer, self._offer.event
        return Answer(
            answer=word, offer=offer.leaf, ledger=offer.ledger, position=offer.position,
            case_number=event.case_number, exhibit=event.exhibit, manifest_sha256=event.manifest_sha256,
            files=event.files, size=event.bytes, read_back=read_back, key=who.key, name=who.name,
            badge=who.badge, agency=who.agency, at=said.at, place=said.place, comments=said.comments,
        )  # fmt: skip

    def _append(self, event: Event) -> Position:
        beginning = self._beginning()[0]
        book = replace(self._book, revision=self._book.revision + len(beginning))
        opening = opening_if_new(self._case) if beginning else []
        return self._ledger.append([*opening, *beginning, *book.next(event)])

    def _beginning(self) -> tuple[list[Recording], Exhibit]:
        """Return what registers an exhibit that is new here, and the exhibit as it is then."""
        exhibit = self._book.exhibit
        if self._local or exhibit.registered is not None:
            return [], exhibit
        giver, name = self._offer.giver, self._offer.event.giver_name
        registered = register(exhibit, self._received.what, holder=giver, holder_name=name)
        known = replace(exhibit, registered=registered, custodian=self._offer.giver)
        return self._book.next(registered), known


def take_answer(
    ledger: LedgerWriter, reader: CustodyLedger, data: bytes, *, key_of: KeyOf, verify: VerifySignature
) -> GivenAnswer:
    """Record the answer that the other side signed to an offer of this ledger.

    Raises MalformedData for what is no answer, Refused for one to another ledger or a second one, Tampered
    when its signature does not hold.
    """
    signed = open_answer(data)
    answer = signed.answer
    if answer.ledger != ledger.ledger:
        raise Refused(
            "the answer is to an offer of another ledger",
            done="Nothing was recorded.",
            hint="import it in the workspace that made the offer",
        )
    offer = own_offer(reader, answer.position, answer.offer)
    book = exhibit_book(reader, answer.case_number, answer.exhibit)
    event = _event(answer, offer, data.decode(), None)
    require_none(objections_to_answer(book.exhibit, event, offer, key_of=key_of, verify=verify))
    return GivenAnswer(position=ledger.append(book.next(event)), answer=answer, envelope=data)


def own_offer(reader: CustodyLedger, position: Position, leaf: str) -> Offer:
    """Return an offer of this ledger. Raises Tampered when there is none of this leaf hash."""
    for stored in reader.entries(position, position):
        try:
            offer = offer_of(stored.entry)
        except MalformedData:
            continue
        if offer.leaf == leaf:
            return offer
    raise Tampered(
        f"this ledger has no such offer at position {position}",
        done="Nothing was recorded.",
        hint="see 'custody transfer list', and run custody audit",
    )


def _event(answer: Answer, offer: Offer, envelope: str, foreign: ReceivedOffer | None) -> Answered:
    kind = CustodyAccepted if answer.answer == "accepted" else CustodyDeclined
    return kind(
        case_number=answer.case_number, exhibit=answer.exhibit, by=answer.key, offer=offer.leaf,
        answer=envelope, position=offer.position if foreign is None else None,
        offer_entry=None if foreign is None else foreign.entry.decode(),
        giver_key=None if foreign is None else pem_of(foreign.giver_key),
    )  # fmt: skip
