"""Cases, exhibits and hand-overs as people look at them.

Knows how they are laid out. Reads the ledger, changes nothing, believes no read model.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from custody.cli.adapters import LedgerView, reading_ledger
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.wording import counted, size_text
from custody.domain.entries.entry import Recorded
from custody.domain.errors import NotFound
from custody.domain.events import CustodyRefused, NoteAdded
from custody.domain.exhibits.history import (
    CaseHistory,
    CustodyHistory,
    ExhibitHistory,
    HandOver,
)
from custody.domain.exhibits.phrases import described
from custody.domain.identifiers import Position
from custody.domain.paths import escape_text
from custody.domain.use_cases.exhibits.books import history_until, named_exhibit, position_at

_SHORT_KEY: Final = 16


def cases_answer(run: Invocation) -> Answer:
    """List the cases."""
    with reading_ledger(run) as view:
        history = history_until(view.reader, None)
    cases = [_case_fields(one, history) for one in history.cases.values()]
    lines = [
        f"  {'closed' if one.case.closed else 'open':<7} {number}  {one.case.title or ''}".rstrip()
        for number, one in history.cases.items()
    ]
    return Answer(verdict=counted(len(cases), "case"), lines=lines, fields={"cases": cases})


def case_answer(run: Invocation, number: str) -> Answer:
    """Show one case. Raises NotFound."""
    with reading_ledger(run) as view:
        history = history_until(view.reader, None)
    case = history.cases.get(number)
    if case is None:
        raise NotFound(
            f"this ledger has no case {escape_text(number)}", hint="'custody case list' shows the cases"
        )
    exhibits = [one for one in history.exhibits.values() if one.exhibit.case_number == number]
    lines = [
        *([f"  title     {case.case.title}"] if case.case.title else []),
        *(_exhibit_line(one, history) for one in exhibits),
        *_notes(case.notes, history),
    ]
    state = "closed" if case.case.closed else "open"
    return Answer(
        verdict=f"case {number}: {state}, {counted(len(exhibits), 'exhibit')}",
        lines=lines,
        fields=_case_fields(case, history),
    )


def exhibits_answer(run: Invocation, case: str | None, at: str | None) -> Answer:
    """List the exhibits and who holds them, now or as it stood. Raises NotFound, UsageError."""
    with reading_ledger(run) as view:
        last = _position(view, at)
        history = history_until(view.reader, last)
    found = [one for one in history.exhibits.values() if case in {None, one.exhibit.case_number}]
    return Answer(
        verdict=counted(len(found), "exhibit") + ("" if last is None else f" up to position {last}"),
        lines=[_exhibit_line(one, history) for one in found],
        fields={"at_position": last, "exhibits": [_exhibit_fields(one, history) for one in found]},
    )


def exhibit_answer(run: Invocation, exhibit: str, case: str | None, at: str | None) -> Answer:
    """Show one exhibit with its hand-overs, now or as it stood. Raises NotFound, UsageError."""
    with reading_ledger(run) as view:
        name = named_exhibit(view.reader, exhibit, case)
        last = _position(view, at)
        history = history_until(view.reader, last)
    found = history.exhibits.get(name)
    if found is None or found.registered is None:
        until = "" if last is None else f" up to position {last}"
        raise NotFound(
            f"this ledger has no exhibit {escape_text(name[1])} of case {escape_text(name[0])}{until}",
            hint="'custody exhibit list' shows the exhibits",
        )
    return Answer(
        verdict=f"exhibit {name[1]} of case {name[0]}: {_standing(found, history)}",
        lines=list(_exhibit_details(found, history)),
        fields={"at_position": last, **_exhibit_fields(found, history)},
    )


def transfers_answer(run: Invocation, case: str | None) -> Answer:
    """List the hand-overs."""
    with reading_ledger(run) as view:
        history = history_until(view.reader, None)
    found = [
        (one, made)
        for one in history.exhibits.values()
        if case in {None, one.exhibit.case_number}
        for made in one.hand_overs
    ]
    return Answer(
        verdict=counted(len(found), "hand-over"),
        lines=[line for _, made in found for line in _hand_over_lines(made, history)],
        fields={"transfers": [_hand_over_fields(made, history) for _, made in found]},
    )


def _position(view: LedgerView, at: str | None) -> int | None:
    return None if at is None else position_at(view.reader, view.reader.size(), at)


def _standing(one: ExhibitHistory, history: CustodyHistory) -> str:
    exhibit = one.exhibit
    if exhibit.released is not None:
        return f"released to {exhibit.released.to}"
    held = f"held by {history.name_of(exhibit.custodian)}"
    return held if exhibit.open_offer is None else f"{held}, offered at position {exhibit.open_offer}"


def _exhibit_line(one: ExhibitHistory, history: CustodyHistory) -> str:
    exhibit = one.exhibit
    what = exhibit.registered.description if exhibit.registered else None
    shown = f"  {exhibit.number}  of case {exhibit.case_number}  {_standing(one, history)}"
    return f"{shown}  {what}" if what else shown


def _exhibit_details(one: ExhibitHistory, history: CustodyHistory) -> Iterator[str]:
    exhibit = one.exhibit
    if exhibit.registered is not None:
        yield from (f"  {name:<14} {value}" for name, value in described(exhibit.registered) if value)
    if one.registered is not None:
        who = history.name_of(one.registered.actor)
        yield f"  {'registered':<14} {one.registered.at[:19]}Z by {who}, entry {one.registered.position}"
    yield f"  {'custodian':<14} {history.name_of(exhibit.custodian)}, key {exhibit.custodian}"
    for _, lines in sorted(_happened(one, history)):
        yield from lines


def _happened(one: ExhibitHistory, history: CustodyHistory) -> Iterator[tuple[Position, list[str]]]:
    """Yield what happened to an exhibit, each with its position."""
    for made in one.hand_overs:
        yield made.entry, list(_hand_over_lines(made, history))
    for refused in one.refusals:
        if isinstance(refused.event, CustodyRefused):
            line = f"  {refused.position:>8}  {refused.at[:19]}Z  NOT ACCEPTED  {refused.event.message}"
            yield refused.position, [line]
    for note in one.notes:
        yield note.position, list(_notes([note], history))


def _hand_over_lines(made: HandOver, history: CustodyHistory) -> Iterator[str]:
    offer = made.offer
    receiver = history.name_of(offer.receiver)
    yield (
        f"  {made.entry:>8}  {made.offered_at[:19]}Z  {made.standing.upper():<9}  exhibit {offer.exhibit} "
        f"of case {offer.case_number}: {history.name_of(made.giver)} to {receiver}, "
        f"{counted(offer.files, 'file')}, {size_text(offer.bytes)}"
    )
    answer = made.answer
    said = [
        ("purpose", offer.purpose),
        ("place", offer.place),
        ("comments", offer.comments),
        ("answered", None if answer is None else f"{answer.at[:19]}Z by {answer.name}"),
        ("at", None if answer is None else answer.place),
        ("saying", None if answer is None else answer.comments),
    ]
    yield from (f"            {name:<9} {value}" for name, value in said if value)


def _notes(notes: Iterable[Recorded], history: CustodyHistory) -> Iterator[str]:
    for note in notes:
        if isinstance(note.event, NoteAdded):
            who = history.name_of(note.actor)
            yield f"  {note.position:>8}  {note.at[:19]}Z  note by {who}: {note.event.text}"


def _note_fields(notes: Iterable[Recorded]) -> list[dict[str, object]]:
    return [
        {"position": note.position, "at": note.at, "actor": note.actor, "text": note.event.text}
        for note in notes
        if isinstance(note.event, NoteAdded)
    ]


def _case_fields(one: CaseHistory, history: CustodyHistory) -> dict[str, object]:
    number = one.case.number
    return {
        "case": number,
        "state": "closed" if one.case.closed else "open",
        "title": one.case.title,
        "exhibits": [
            _exhibit_fields(exhibit, history)
            for exhibit in history.exhibits.values()
            if exhibit.exhibit.case_number == number
        ],
        "notes": _note_fields(one.notes),
    }


def _exhibit_fields(one: ExhibitHistory, history: CustodyHistory) -> dict[str, object]:
    exhibit, registered = one.exhibit, one.exhibit.registered
    return {
        "case": exhibit.case_number,
        "exhibit": exhibit.number,
        "custodian": exhibit.custodian,
        "custodian_name": None if exhibit.custodian is None else history.name_of(exhibit.custodian),
        "open_offer": exhibit.open_offer,
        "released_to": None if exhibit.released is None else exhibit.released.to,
        **{
            name.replace(" ", "_"): value
            for name, value in (() if registered is None else described(registered))
        },
        "hand_overs": [_hand_over_fields(made, history) for made in one.hand_overs],
        "notes": _note_fields(one.notes),
    }


def _hand_over_fields(made: HandOver, history: CustodyHistory) -> dict[str, object]:
    offer, answer = made.offer, made.answer
    return {
        "case": offer.case_number,
        "exhibit": offer.exhibit,
        "state": made.standing,
        "position": made.entry,
        "ledger": None if made.foreign is None else str(made.foreign),
        "offered_at": made.offered_at,
        "giver": made.giver,
        "giver_name": history.name_of(made.giver),
        "receiver": offer.receiver,
        "receiver_name": history.name_of(offer.receiver),
        "files": offer.files,
        "bytes": offer.bytes,
        "purpose": offer.purpose,
        "place": offer.place,
        "comments": offer.comments,
        "answered_at": None if answer is None else answer.at,
        "answer_position": None if made.answered is None else made.answered.position,
        "answer_place": None if answer is None else answer.place,
        "answer_comments": None if answer is None else answer.comments,
    }
