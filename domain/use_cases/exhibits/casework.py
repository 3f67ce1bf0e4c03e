"""Opening and closing cases, registering and releasing exhibits, notes on both.

Knows what goes into one commit. What may be done is decided by the aggregates.
"""

from custody.domain.events import CaseOpened, ExhibitReleased
from custody.domain.exhibits.case import add_note, close_case, open_case, require_not_closed
from custody.domain.exhibits.exhibit import Description, register, require_registered
from custody.domain.exhibits.transfer import objections_to_parting, require_none
from custody.domain.identifiers import KeyId, Position
from custody.domain.ports import LedgerWriter, Recording
from custody.domain.use_cases.exhibits.books import CaseBook, case_book, exhibit_book
from custody.domain.use_cases.explain import StoryReader


def record_case(ledger: LedgerWriter, reader: StoryReader, number: str, title: str | None) -> Position:
    """Open a case. Raises Refused for one that is open."""
    book = case_book(reader, number)
    return ledger.append(book.next(open_case(book.case, title)))


def record_closing(ledger: LedgerWriter, reader: StoryReader, number: str, reason: str | None) -> Position:
    """Close a case. Raises NotFound, Refused."""
    book = case_book(reader, number)
    return ledger.append(book.next(close_case(book.case, reason)))


def record_case_note(ledger: LedgerWriter, reader: StoryReader, number: str, text: str) -> Position:
    """Note something on a case. Raises NotFound."""
    book = case_book(reader, number)
    return ledger.append(book.next(add_note(book.case, text)))


def record_exhibit(
    ledger: LedgerWriter, reader: StoryReader, name: tuple[str, str], what: Description
) -> Position:
    """Register an exhibit, and its case if that is new; ``name`` is case number and exhibit number.

    Raises Refused for a number that is taken, or a closed case.
    """
    book = exhibit_book(reader, *name)
    registered = register(book.exhibit, what)
    case = case_book(reader, name[0])
    require_not_closed(case.case)
    return ledger.append([*opening_if_new(case), *book.next(registered)])


def record_exhibit_note(
    ledger: LedgerWriter, reader: StoryReader, name: tuple[str, str], text: str
) -> Position:
    """Note something on an exhibit. Raises NotFound."""
    require_registered(exhibit_book(reader, *name).exhibit)
    book = case_book(reader, name[0])
    return ledger.append(book.next(add_note(book.case, text, exhibit=name[1])))


def record_release(
    ledger: LedgerWriter, reader: StoryReader, actor: KeyId, released: ExhibitReleased
) -> Position:
    """Let an exhibit leave custody for good. Raises NotFound, Refused, NotAllowed for another person."""
    book = exhibit_book(reader, released.case_number, released.exhibit)
    require_registered(book.exhibit)
    require_none(objections_to_parting(book.exhibit, actor, "released"))
    return ledger.append(book.next(released))


def opening_if_new(book: CaseBook) -> list[Recording]:
    """Return the opening of a case whose number was never used here."""
    return [] if book.case.known else book.next(CaseOpened(case_number=book.case.number))
