"""Cases and exhibits from the command line: what a person typed becomes one entry, and is said back.

Knows which texts are taken. What may be done is decided in the domain.
"""

from collections.abc import Callable
from dataclasses import fields

from custody.cli.adapters import reading_ledger
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.domain.events import ExhibitReleased
from custody.domain.exhibits.exhibit import Description
from custody.domain.exhibits.texts import MAX_NOTE_BYTES, form_text, number_text
from custody.domain.identifiers import Position
from custody.domain.use_cases.exhibits import casework
from custody.domain.use_cases.exhibits.books import named_exhibit
from custody.infrastructure.event_store.reader import SqlLedgerReader

Name = tuple[str, str]


def opened_case(run: Invocation, number: str, title: str | None) -> Answer:
    """Open a case. Raises Refused, UsageError."""
    case, text = number_text("NUMBER", number), form_text("--title", title)
    return _recorded_case(
        run, case, "opened", lambda s: casework.record_case(s.ledger, s.store.reader, case, text)
    )


def closed_case(run: Invocation, number: str, reason: str | None) -> Answer:
    """Close a case. Raises NotFound, Refused, UsageError."""
    text = form_text("--reason", reason)
    return _recorded_case(
        run, number, "closed", lambda s: casework.record_closing(s.ledger, s.store.reader, number, text)
    )


def noted_case(run: Invocation, number: str, text: str) -> Answer:
    """Add a note to a case. Raises NotFound, UsageError."""
    note = form_text("TEXT", text, MAX_NOTE_BYTES) or ""
    return _recorded_case(
        run, number, "noted on", lambda s: casework.record_case_note(s.ledger, s.store.reader, number, note)
    )


def registered_exhibit(run: Invocation, number: str, case: str, what: Description) -> Answer:
    """Register an exhibit. Raises Refused, UsageError."""
    name = (number_text("--case", case), number_text("EXHIBIT", number))
    texts = {
        field.name: form_text(f"--{field.name}", getattr(what, field.name)) for field in fields(Description)
    }
    described = Description(**texts)
    return _recorded_exhibit(
        run, name, "registered", lambda s: casework.record_exhibit(s.ledger, s.store.reader, name, described)
    )


def noted_exhibit(run: Invocation, exhibit: str, case: str | None, text: str) -> Answer:
    """Add a note to an exhibit. Raises NotFound, UsageError."""
    note = form_text("TEXT", text, MAX_NOTE_BYTES) or ""
    name = named(run, exhibit, case)
    return _recorded_exhibit(
        run, name, "noted on", lambda s: casework.record_exhibit_note(s.ledger, s.store.reader, name, note)
    )


def released_exhibit(
    run: Invocation, exhibit: str, case: str | None, *, to: str, reason: str | None, place: str | None
) -> Answer:
    """Let an exhibit leave custody for good. Raises NotFound, Refused, NotAllowed, UsageError."""
    receiver = form_text("--to", to) or ""
    texts = (form_text("--reason", reason), form_text("--place", place))
    name = named(run, exhibit, case)
    event = ExhibitReleased(
        case_number=name[0], exhibit=name[1], to=receiver, reason=texts[0], place=texts[1]
    )
    return _recorded_exhibit(
        run,
        name,
        "released",
        lambda s: casework.record_release(s.ledger, s.store.reader, s.store.person_key, event),
    )


def named(run: Invocation, exhibit: str, case: str | None) -> Name:
    """Return the case and number of the exhibit that a person means. Raises NotFound, UsageError."""
    with reading_ledger(run) as view:
        return named_in(view.reader, exhibit, case)


def named_in(reader: SqlLedgerReader, exhibit: str, case: str | None) -> Name:
    """Return the same, of a ledger that is open already."""
    return named_exhibit(reader, exhibit, case)


def _recorded_case(run: Invocation, number: str, word: str, work: Callable[[Session], Position]) -> Answer:
    def done(session: Session) -> Answer:
        position = work(session)
        return Answer(
            verdict=f"OK  case {number} {word}, entry {position}",
            fields={"case": number, "position": position},
        )

    return in_session(run, done)


def _recorded_exhibit(run: Invocation, name: Name, word: str, work: Callable[[Session], Position]) -> Answer:
    def done(session: Session) -> Answer:
        position = work(session)
        return Answer(
            verdict=f"OK  exhibit {name[1]} of case {name[0]} {word}, entry {position}",
            fields={"case": name[0], "exhibit": name[1], "position": position},
        )

    return in_session(run, done)
