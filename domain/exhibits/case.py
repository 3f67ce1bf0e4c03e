"""A case: opened, noted on, closed, perhaps opened again.

``decide`` functions return new events or refuse; ``evolve`` folds events and never re-decides.
"""

from dataclasses import dataclass, replace

from custody.domain.errors import NotFound, Refused
from custody.domain.events import CaseClosed, CaseOpened, Event, NoteAdded
from custody.domain.paths import escape_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a case. ``known`` is False until its number was used."""

    number: str
    known: bool = False
    closed: bool = False
    title: str | None = None


def evolve(case: Case, event: Event) -> Case:
    """Return the case after one more of its events."""
    match event:
        case CaseOpened():
            return replace(case, known=True, closed=False, title=event.title or case.title)
        case CaseClosed():
            return replace(case, closed=True)
        case _:
            return case


def open_case(case: Case, title: str | None) -> CaseOpened:
    """Open a new case, or a closed one again. Raises Refused for one that is open."""
    if case.known and not case.closed:
        raise Refused(
            f"case {escape_text(case.number)} is open already",
            hint="add what is to be said with 'custody case note'",
        )
    return CaseOpened(case_number=case.number, title=title, reopened=True if case.known else None)


def close_case(case: Case, reason: str | None) -> CaseClosed:
    """Close a case. Raises NotFound, and Refused for one that is closed."""
    require_open(case)
    return CaseClosed(case_number=case.number, reason=reason)


def add_note(case: Case, text: str, *, exhibit: str | None = None) -> NoteAdded:
    """Note something on a case, closed or not, or on one of its exhibits. Raises NotFound."""
    require_known(case)
    return NoteAdded(case_number=case.number, exhibit=exhibit, text=text)


def require_known(case: Case) -> None:
    """Raise NotFound for a number that was never used."""
    if not case.known:
        raise NotFound(
            f"this ledger has no case {escape_text(case.number)}",
            done="Nothing was recorded.",
            hint="'custody case list' shows the cases; 'custody case open' begins one",
        )


def require_open(case: Case) -> None:
    """Raise NotFound for a number that was never used, Refused for a closed case."""
    require_known(case)
    require_not_closed(case)


def require_not_closed(case: Case) -> None:
    """Raise Refused for a closed case; a new number may still be used."""
    if case.closed:
        raise Refused(
            f"case {escape_text(case.number)} is closed",
            done="Nothing was recorded.",
            hint=f"open it again with 'custody case open {escape_text(case.number)}'",
        )
