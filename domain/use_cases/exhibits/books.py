"""Cases and exhibits as their streams make them, and what a person means by the name of one.

Knows the ledger by stream and by position. Decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from custody.domain.entries.entry import rfc3339
from custody.domain.errors import NotFound, UsageError
from custody.domain.events import Event, ExhibitRegistered, KeyEnrolled, KeyRotated
from custody.domain.exhibits import case as cases
from custody.domain.exhibits import exhibit as exhibits
from custody.domain.exhibits.case import Case
from custody.domain.exhibits.exhibit import Exhibit
from custody.domain.exhibits.history import TYPES, CustodyHistory
from custody.domain.exhibits.succession import Succession
from custody.domain.identifiers import KeyId, Stream, case_stream, exhibit_stream, key_stream
from custody.domain.paths import escape_text
from custody.domain.ports import Recording
from custody.domain.use_cases.explain import StoryReader
from custody.domain.use_cases.prove import ProvableLedger

_PAGE: Final = 1000
_NAMED: Final = 5  # of several that fit, in a hint
_MAX_DIGITS: Final = 18


class CustodyLedger(ProvableLedger, StoryReader, Protocol):
    """A ledger that is read by position, by stream and by type."""


@dataclass(frozen=True, slots=True)
class CaseBook:
    """A case, and where its next event goes."""

    case: Case
    stream: Stream
    revision: int

    def next(self, *events: Event) -> list[Recording]:
        """Return these events as the next ones of the stream."""
        return _numbered(self.stream, self.revision, events)


@dataclass(frozen=True, slots=True)
class ExhibitBook:
    """An exhibit, and where its next event goes."""

    exhibit: Exhibit
    stream: Stream
    revision: int

    def next(self, *events: Event) -> list[Recording]:
        """Return these events as the next ones of the stream."""
        return _numbered(self.stream, self.revision, events)


def case_book(reader: StoryReader, number: str) -> CaseBook:
    """Return a case as its events make it."""
    stream = case_stream(reader.ledger, number)
    case, revision = Case(number=number), 0
    for recorded in reader.history(stream):
        case, revision = cases.evolve(case, recorded.event), recorded.revision
    return CaseBook(case, stream, revision)


def exhibit_book(reader: StoryReader, case_number: str, number: str) -> ExhibitBook:
    """Return an exhibit as its events make it."""
    stream = exhibit_stream(reader.ledger, case_number, number)
    exhibit, revision = Exhibit(case_number=case_number, number=number), 0
    for recorded in reader.history(stream):
        exhibit, revision = exhibits.evolve(exhibit, recorded), recorded.revision
    succession = Succession()
    events = (one.event for one in reader.recorded(types=("KeyRotated",)))
    for rotated in (event for event in events if isinstance(event, KeyRotated)):
        succession.admit(rotated)
    return ExhibitBook(succession.held(exhibit), stream, revision)


def named_exhibit(reader: StoryReader, target: str, case_number: str | None) -> tuple[str, str]:
    """Return the case and number of the exhibit that a person means: its number, or ``case/number``.

    Without the case every registration of the ledger is looked at. Raises NotFound, and UsageError when
    several fit.
    """
    if case_number is not None:
        return case_number, target
    registered = (one.event for one in reader.recorded(types=("ExhibitRegistered",)))
    found = {
        (event.case_number, event.exhibit)
        for event in registered
        if isinstance(event, ExhibitRegistered)
        and target in {event.exhibit, f"{event.case_number}/{event.exhibit}"}
    }
    if not found:
        raise NotFound(
            f"this ledger has no exhibit {escape_text(target)}",
            hint="'custody exhibit list' shows the exhibits",
        )
    if len(found) > 1:
        names = ", ".join(escape_text(case) for case, _ in sorted(found)[:_NAMED])
        raise UsageError(
            f"several cases have an exhibit {escape_text(target)}",
            hint=f"say which with --case, one of: {names}",
        )
    return found.pop()


def history_until(reader: StoryReader, last: int | None) -> CustodyHistory:
    """Return all cases, exhibits and hand-overs as they stood at a position; None: as they stand."""
    return CustodyHistory.of(reader.recorded(0, last, TYPES))


def position_at(reader: StoryReader, size: int, text: str) -> int:
    """Return the position that a person means by ``--at``: digits, or an RFC 3339 time with its zone.

    A time means the last entry that claims to be no later. Raises UsageError, NotFound when there is none.
    """
    if text.isascii() and text.isdigit():
        position = int(text[:_MAX_DIGITS])
        if position >= size or len(text) > _MAX_DIGITS:
            raise NotFound(f"there is no entry at position {text[:_MAX_DIGITS]}", hint=_last(size))
        return position
    moment = _moment(text)
    end = size
    while end > 0:
        begin = max(0, end - _PAGE)
        earlier = [one.position for one in reader.recorded(begin, end - 1) if one.at <= moment]
        if earlier:
            return earlier[-1]
        end = begin
    raise NotFound(f"no entry was recorded by {moment}", hint=_last(size))


def enrolled(reader: StoryReader, key: KeyId) -> KeyEnrolled | None:
    """Return how a key was enrolled in this ledger; None when it never was."""
    found: Sequence[KeyEnrolled] = [
        one.event
        for one in reader.history(key_stream(reader.ledger, key))
        if isinstance(one.event, KeyEnrolled)
    ]
    return found[0] if found else None


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--at is neither a position nor a time with its zone: {escape_text(text)[:60]}",
            hint="write a time like 2026-03-01T21:10:00Z",
        )
    try:
        return rfc3339(moment)
    except OverflowError:
        raise UsageError("--at is a time beyond the calendar") from None


def _last(size: int) -> str:
    return f"the last entry is {size - 1}"


def _numbered(stream: Stream, revision: int, events: Sequence[Event]) -> list[Recording]:
    return [Recording(stream, revision + index, event) for index, event in enumerate(events, start=1)]
