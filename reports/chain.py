"""The chain of custody: each exhibit, who held it, and every hand-over with the fields of NIST's sample form.

Knows which exhibits a report is about. Puts facts side by side; verifies nothing and draws nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from custody.domain.entries.entry import Recorded
from custody.domain.events import CustodyRefused, NoteAdded
from custody.domain.exhibits.history import CustodyHistory, ExhibitHistory, HandOver
from custody.domain.exhibits.phrases import described
from custody.domain.identifiers import KeyId, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One side of a hand-over. ``badge`` and ``agency`` stand in the answer that they signed."""

    name: str
    key: KeyId
    badge: str | None = None
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverRow:
    """One hand-over: released by, received by, when, where, why."""

    entry: Position  # of the offer, or of the answer to an offer of another ledger
    offered_at: str
    standing: str
    giver: Party
    receiver: Party
    answered: Position | None
    answered_at: str | None  # by the clock of the one who answered
    files: int
    read_again: tuple[tuple[str, int], ...]
    remarks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitSection:
    """One exhibit: what it is, who holds it, and how it came there."""

    case_number: str
    exhibit: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[tuple[Position, str, str], ...]  # entry, time, text with its author
    hand_overs: tuple[HandOverRow, ...]
    refusals: tuple[tuple[Position, str, str], ...]


def chain_of_custody(
    history: CustodyHistory, exhibits: Collection[tuple[str, str]] | None
) -> tuple[ExhibitSection, ...]:
    """Return the sections of these exhibits (case and number), or of all, in the order of the ledger."""
    return tuple(
        _section(name, one, history)
        for name, one in history.exhibits.items()
        if one.registered is not None and (exhibits is None or name in exhibits)
    )


def _section(name: tuple[str, str], one: ExhibitHistory, history: CustodyHistory) -> ExhibitSection:
    return ExhibitSection(
        case_number=name[0],
        exhibit=name[1],
        facts=tuple(_facts(one, history)),
        notes=tuple(_notes(one.notes, history)),
        hand_overs=tuple(_row(made, history) for made in one.hand_overs),
        refusals=tuple(_refusals(one.refusals, history)),
    )


def _facts(one: ExhibitHistory, history: CustodyHistory) -> Iterator[tuple[str, str]]:
    registered, released = one.registered, one.released
    if one.exhibit.registered is not None:
        yield from (
            (label.capitalize(), value) for label, value in described(one.exhibit.registered) if value
        )
    if registered is not None:
        who = history.name_of(registered.actor)
        yield "Registered", f"{_time(registered.at)} by {who}, entry {registered.position:,}"
    if one.exhibit.released is not None and released is not None:
        event = one.exhibit.released
        said = "".join(f"; {text}" for text in (event.reason, event.place) if text)
        yield "Released", f"{_time(released.at)} to {event.to}{said}, entry {released.position:,}"
    else:
        key = one.exhibit.custodian
        yield "Custodian", f"{history.name_of(key)}, key {key}"


def _notes(notes: Collection[Recorded], history: CustodyHistory) -> Iterator[tuple[Position, str, str]]:
    for note in notes:
        if isinstance(note.event, NoteAdded):
            yield note.position, note.at, f"{note.event.text} ({history.name_of(note.actor)})"


def _refusals(refusals: Collection[Recorded], history: CustodyHistory) -> Iterator[tuple[Position, str, str]]:
    for refused in refusals:
        if isinstance(refused.event, CustodyRefused):
            event, who = refused.event, history.name_of(refused.actor)
            found = f"{event.changed} changed, {event.missing} missing, {event.unreadable} unreadable"
            text = f"Not accepted by {who}: the copy was not what was offered ({found}): {event.message}"
            yield refused.position, refused.at, text


def _row(made: HandOver, history: CustodyHistory) -> HandOverRow:
    offer, answer = made.offer, made.answer
    signed_by_receiver = answer is not None and answer.key == offer.receiver
    return HandOverRow(
        entry=made.entry,
        offered_at=made.offered_at,
        standing=made.standing,
        giver=Party(name=history.name_of(made.giver), key=made.giver),
        receiver=Party(
            name=history.name_of(offer.receiver), key=offer.receiver,
            badge=answer.badge if answer is not None and signed_by_receiver else None,
            agency=answer.agency if answer is not None and signed_by_receiver else None,
        ),
        answered=None if made.answered is None else made.answered.position,
        answered_at=None if answer is None else answer.at,
        files=offer.files,
        read_again=() if answer is None else tuple(sorted(answer.read_back.items())),
        remarks=tuple(_remarks(made)),
    )  # fmt: skip


def _remarks(made: HandOver) -> Iterator[tuple[str, str]]:
    offer, answer = made.offer, made.answer
    said = [
        ("Purpose", offer.purpose),
        ("Place", offer.place),
        ("Comments", offer.comments),
        ("Received at", None if answer is None else answer.place),
        ("Receiver's comments", None if answer is None else answer.comments),
    ]
    yield from ((label, value) for label, value in said if value)
    if made.foreign is not None:
        yield "Offered in ledger", str(made.foreign)


def _time(at: str) -> str:
    return f"{at[:10]} {at[11:19]} UTC"
