"""The window of an entry, by the stamps that hold."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import pytest

from custody.domain.audit.checkpoints import RawNote
from custody.domain.entries.dsse import open_envelope
from custody.domain.entries.entry import Recorded, parse
from custody.domain.errors import NotFound, Tampered
from custody.domain.identifiers import LedgerId, Stream
from custody.domain.use_cases.time_window import Window, time_window
from tests.fakes.tokens import MOMENT
from tests.unit.signed_ledger import LEDGER, SignedLedger
from tests.unit.test_audit_stamps import Stamped

HOUR = timedelta(hours=1)


@dataclass
class Reader:
    """The ledger of a test, as ``StampReader`` wants it."""

    of: SignedLedger

    @property
    def ledger(self) -> LedgerId:
        return LEDGER

    def checkpoints(self) -> list[RawNote]:
        return self.of.notes

    def history(self, stream: Stream) -> list[Recorded]:
        found = [parse(open_envelope(row.entry).body) for row in self.of.rows]  # type: ignore[arg-type]
        return [
            Recorded(
                position=one.position, stream=one.stream, revision=one.revision, at=one.at, actor=one.actor,
                event=one.event(),
            )
            for one in found
            if one.stream == stream
        ]  # fmt: skip

    def document(self, sha256: str) -> bytes:
        content = self.of.documents.get(sha256)
        if content is None:
            raise NotFound(sha256)
        if not isinstance(content, bytes):
            raise Tampered(sha256)
        return content


@pytest.fixture
def stamped() -> Stamped:
    """Entries 0–4 stamped at 21:20 (position 5), a session (6, 7), entries 0–7 stamped an hour later (8)."""
    made = Stamped()
    made.stamp()
    made.session(1, MOMENT)
    made.stamp(MOMENT + HOUR)
    return made


def window(stamped: Stamped, position: int) -> Window:
    return time_window(Reader(stamped.ledger), position, stamped.tokens)  # type: ignore[arg-type]  # notes are bytes


def ends(found: Window) -> tuple[str | None, str | None]:
    return (
        None if found.not_before is None else found.not_before.at[11:19],
        None if found.not_after is None else found.not_after.at[11:19],
    )


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0, (None, "21:20:01")),
        (4, (None, "21:20:01")),
        (5, ("21:19:59", "22:20:01")),
        (7, ("21:19:59", "22:20:01")),
        (8, ("22:19:59", None)),
        (9, ("22:19:59", None)),
    ],
)
def test_an_entry_lies_between_the_stamps_around_it(
    stamped: Stamped, position: int, expected: tuple[str | None, str | None]
) -> None:
    assert ends(window(stamped, position)) == expected


def test_a_bound_names_the_entry_and_the_authority_of_its_stamp(stamped: Stamped) -> None:
    found = window(stamped, 5)
    assert found.not_before is not None
    assert found.not_after is not None
    assert (found.not_before.position, found.not_after.position) == (5, 8)
    assert found.not_after.authority == "CN=Test TSA"


def test_without_stamps_there_is_no_window() -> None:
    assert window(Stamped(), 0) == Window(not_before=None, not_after=None, not_counted=0)


@pytest.mark.parametrize("changes", [{"trust": "not-trusted"}, {"signature": "bad"}])
def test_stamps_that_do_not_hold_are_counted_and_bound_nothing(changes: dict[str, object]) -> None:
    made = Stamped()
    made.stamp(**changes)
    assert window(made, 0) == Window(not_before=None, not_after=None, not_counted=1)


def test_a_stamp_that_cannot_be_read_or_lies_bounds_nothing() -> None:
    made = Stamped()
    token = made.tokens.token(hashlib.sha256(made.ledger.note()).digest())
    made.record(token, 5, MOMENT, token="rubbish")
    made.record(token, 5, MOMENT, serial="13")
    made.record(token, 5, MOMENT, certificates=("00" * 32,), revocation_lists=("11" * 32,))
    made.ledger.documents["11" * 32] = "text"
    found = window(made, 0)
    assert (ends(found), found.not_counted) == ((None, "21:20:01"), 2)


def test_a_stamp_of_a_note_that_is_not_kept_bears_on_nothing() -> None:
    made = Stamped()
    made.stamp()
    made.record(made.tokens.token(bytes(32)), 5, MOMENT)
    assert window(made, 0).not_counted == 0
    made.ledger.notes = [note for note in made.ledger.notes if note.size != 5]
    made.ledger.notes.append(RawNote(where="file", note=b"rubbish"))
    assert window(made, 0) == Window(not_before=None, not_after=None, not_counted=0)


def test_a_note_of_another_size_gives_no_upper_bound() -> None:
    made = Stamped()
    token = made.tokens.token(hashlib.sha256(made.ledger.note()).digest())
    made.record(token, 5, MOMENT, size=4)
    assert window(made, 0).not_after is None
