"""Hand-overs of exhibits between people: what may be recorded, and what speaks against it.

One set of rules for both sides: a command refuses what the auditor would object to. Custody moves only with
the receiver's signed answer. Verifies no signature itself: a function is handed in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from custody.domain.errors import MalformedData, NotAllowed, Refused, Tampered
from custody.domain.events import CustodyAccepted, CustodyDeclined, CustodyOffered
from custody.domain.exhibits.answer import SignedAnswer, Word, open_answer
from custody.domain.exhibits.exhibit import Exhibit
from custody.domain.exhibits.offer import Offer, offer_of
from custody.domain.identifiers import KeyId
from custody.domain.proofs.checkpoint import VerifySignature
from custody.domain.public_keys import key_id_of, raw_of_pem

Answered: TypeAlias = CustodyAccepted | CustodyDeclined
KeyOf: TypeAlias = Callable[[KeyId], bytes | None]
"""Returns the raw public key of somebody whom this ledger knows."""

Kind: TypeAlias = Literal["right", "state", "forged"]


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against an event. ``kind``: no right to it, not its time or place, or not as claimed."""

    kind: Kind
    code: str
    message: str


_WORDS: Final[dict[type[Answered], Word]] = {CustodyAccepted: "accepted", CustodyDeclined: "declined"}


def require_none(objections: Iterable[Objection]) -> None:
    """Raise NotAllowed, Refused or Tampered for the first objection."""
    for objection in objections:
        if objection.kind == "right":
            raise NotAllowed(objection.message, done="Nothing was recorded.", hint=_HINTS["right"])
        if objection.kind == "state":
            raise Refused(objection.message, done="Nothing was recorded.", hint=_HINTS["state"])
        raise Tampered(objection.message, done="Nothing was recorded.", hint=_HINTS["forged"])


_HINTS: Final = {
    "right": "'custody exhibit show' names the custodian; use the workspace and the key of that person",
    "state": "'custody transfer list' tells how things stand; 'custody transfer again' writes a file anew",
    "forged": "ask the other side for the file again, and keep the one you have",
}


def objections_to_parting(exhibit: Exhibit, actor: KeyId, deed: str) -> Iterator[Objection]:
    """Yield what speaks against an offer or a release by ``actor``; ``deed`` names it: offered, released."""
    if exhibit.registered is None:
        yield Objection("state", "exhibit-unregistered", f"{exhibit.title} was never registered")
    if exhibit.released is not None:
        yield Objection("state", "exhibit-released", f"{exhibit.title} was released before")
    if exhibit.open_offer is not None:
        message = f"the offer of position {exhibit.open_offer} is not answered yet"
        yield Objection("state", "offer-open", f"{exhibit.title} is offered already: {message}")
    if exhibit.registered is not None and actor != exhibit.custodian:
        message = f"{exhibit.title} is {deed} by key {actor}, but its custodian is key {exhibit.custodian}"
        yield Objection("right", "not-by-custodian", message)


def objections_to_receiver(offer: CustodyOffered) -> Iterator[Objection]:
    """Yield what speaks against the receiver that an offer names."""
    if _raw_of(offer.receiver_key, offer.receiver) is None:
        message = "the receiver's public key in the offer is not the one of its key id"
        yield Objection("forged", "receiver-key-mismatch", message)


def offer_answered(event: Answered, local: Callable[[str], Offer | None]) -> Offer | None:
    """Return the offer that an answer is to: one of this ledger by ``local``, else the one it carries."""
    if event.offer_entry is None:
        offer = local(event.offer)
        return offer if offer is not None and offer.position == event.position else None
    try:
        offer = offer_of(event.offer_entry.encode("utf-8", "surrogatepass"))
    except MalformedData:
        return None
    return offer if offer.leaf == event.offer else None


def objections_to_answering(
    exhibit: Exhibit, offer: Offer, *, by: KeyId, word: Word, local: bool
) -> Iterator[Objection]:
    """Yield what speaks against an answer by this key, before anything is read or signed.

    ``local``: the offer is one of the ledger that the answer is to be recorded in.
    """
    if offer.leaf in exhibit.answered:
        yield Objection("state", "second-answer", f"the offer of {exhibit.title} was answered before")
    elif local and exhibit.open_offer != offer.position:
        yield Objection("state", "offer-lapsed", f"the offer of {exhibit.title} is open no more")
    if exhibit.released is not None:
        yield Objection("state", "exhibit-released", f"{exhibit.title} was released before")
    givers = {offer.giver, exhibit.custodian} if local else {offer.giver}  # their key may have been rotated
    if by != offer.event.receiver and (word == "accepted" or by not in givers):
        message = f"the exhibit was offered to key {offer.event.receiver} and is answered by key {by}"
        yield Objection("right", "answer-by-another", message)
    if exhibit.registered is None:
        yield Objection("state", "exhibit-unregistered", f"{exhibit.title} was never registered")
    elif not local and offer.giver != exhibit.custodian:
        message = f"{exhibit.title} is offered by key {offer.giver}, but is held by key {exhibit.custodian}"
        yield Objection("right", "not-by-custodian", message)


def objections_to_answer(
    exhibit: Exhibit, event: Answered, offer: Offer | None, *, key_of: KeyOf, verify: VerifySignature
) -> Iterator[Objection]:
    """Yield what speaks against an answer; ``offer`` is None where none like it was found."""
    about = (event.case_number, event.exhibit)
    if offer is None or (offer.event.case_number, offer.event.exhibit) != about:
        yield Objection("state", "answer-without-offer", f"there is no such offer of {exhibit.title}")
        return
    local = event.offer_entry is None
    yield from objections_to_answering(exhibit, offer, by=event.by, word=_WORDS[type(event)], local=local)
    if not local:
        yield from _forged_offer(event, offer, verify)
    yield from _unsigned(event, offer, key_of, verify)


def _forged_offer(event: Answered, offer: Offer, verify: VerifySignature) -> Iterator[Objection]:
    envelope, raw = offer.envelope, _raw_of(event.giver_key or "", offer.giver)
    if raw is None or not verify(raw, envelope.signature, envelope.signed_bytes()):
        yield Objection("forged", "forged-hand-over", "the giver's signature does not fit the offer")


def _unsigned(event: Answered, offer: Offer, key_of: KeyOf, verify: VerifySignature) -> Iterator[Objection]:
    try:
        signed = open_answer(event.answer.encode("utf-8", "surrogatepass"))
    except MalformedData as error:
        yield Objection("forged", "forged-hand-over", f"the answer cannot be read: {error.what}")
        return
    if not _fits(signed, event, offer):
        message = "the signed answer is not to this offer, or says otherwise than the entry"
        yield Objection("forged", "answer-differs", message)
    receiving = event.by == offer.event.receiver
    raw = _raw_of(offer.event.receiver_key, event.by) if receiving else key_of(event.by)
    if raw is None and not receiving:
        return  # a withdrawal by a key that nobody vouches for: its entry bears the same key's signature
    if raw is None or not verify(raw, signed.signature, signed.signed_bytes()):
        yield Objection("forged", "forged-hand-over", "the signature under the answer does not fit it")


def _fits(signed: SignedAnswer, event: Answered, offer: Offer) -> bool:
    answer, made = signed.answer, offer.event
    said = (answer.answer, answer.key, answer.offer, answer.ledger, answer.position)
    of = (answer.case_number, answer.exhibit, answer.manifest_sha256, answer.files, answer.size)
    return said == (_WORDS[type(event)], event.by, offer.leaf, offer.ledger, offer.position) and of == (
        made.case_number, made.exhibit, made.manifest_sha256, made.files, made.bytes,
    )  # fmt: skip


def _raw_of(pem: str, key: KeyId) -> bytes | None:
    """Return the 32 raw bytes of a public key, if it is one and has this id."""
    try:
        raw = raw_of_pem(pem)
    except MalformedData:
        return None
    return raw if key_id_of(raw) == key else None
