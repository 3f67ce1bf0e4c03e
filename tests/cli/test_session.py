from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from custody.cli.exit_codes import ExitCode
from custody.cli.session import SessionLedger
from custody.domain.errors import LedgerFailed, NotAllowed
from custody.domain.events import CaseOpened, KeyEnrolled, KeyRevoked, SessionClosed, SessionOpened
from custody.domain.identifiers import KeyId, LedgerId, Position, Stream
from custody.domain.keys.holders import Holder
from custody.domain.ports import Recording

LEDGER = LedgerId(UUID(int=1))
STREAM = Stream("session", UUID(int=2))
OPENED = SessionOpened(
    command="copy", examiner="A", host="h", system="s", tool="custody", version="1", zone="UTC",
    utc_offset_seconds=0,
)  # fmt: skip
HOLDER = Holder(
    key=KeyId("ab"), raw=bytes(32), roles=frozenset({"examiner"}), enrolled_at=Position(1),
    enrolled_by=KeyId("ab"),
    enrolment=KeyEnrolled(key=KeyId("ab"), public_key="", examiner="A", protected=True),
)  # fmt: skip
SOMETHING = Recording(Stream("case", UUID(int=3)), 1, CaseOpened(case_number="1"))


class FakeLedger:
    ledger = LEDGER

    def __init__(self) -> None:
        self.commits: list[list[Recording]] = []
        self.broken = False
        self.interrupted: str | None = None

    def last_revision(self, stream: Stream) -> int:
        return max(
            (one.revision for commit in self.commits for one in commit if one.stream == stream), default=0
        )

    def append(self, recordings: Sequence[Recording]) -> Position:
        if self.broken:
            raise LedgerFailed("no room")
        if self.interrupted == "before":
            raise KeyboardInterrupt
        self.commits.append(list(recordings))
        if self.interrupted == "after":
            raise KeyboardInterrupt
        return Position(sum(map(len, self.commits)) - 1)

    def keep_document(self, content: bytes) -> str:
        return content.hex()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


def test_a_command_that_records_nothing_leaves_no_session(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)

    session.close(ExitCode.REFUSED)

    assert ledger.commits == []


def test_the_session_is_opened_in_the_commit_of_the_first_event(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)

    session.append([SOMETHING])

    assert ledger.commits == [[Recording(STREAM, 1, OPENED), SOMETHING]]


def test_the_session_is_opened_once_and_closed_with_the_exit_code(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)
    session.append([SOMETHING])
    session.append([SOMETHING])

    session.close(ExitCode.INCOMPLETE)

    events = [one.event for commit in ledger.commits for one in commit]
    assert events.count(OPENED) == 1
    assert ledger.commits[-1] == [Recording(STREAM, 2, SessionClosed(exit=3))]


def test_a_first_commit_that_fails_opens_the_session_with_the_next(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)
    ledger.broken = True
    with pytest.raises(LedgerFailed):
        session.append([SOMETHING])
    ledger.broken = False

    session.append([SOMETHING])

    assert ledger.commits[0][0].event == OPENED


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interruption_around_the_first_commit_leaves_neither_a_lost_nor_a_second_session(
    ledger: FakeLedger, moment: str
) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)
    ledger.interrupted = moment
    with pytest.raises(KeyboardInterrupt):
        session.append([SOMETHING])
    ledger.interrupted = None

    session.close(ExitCode.INTERRUPTED)

    recorded = [type(one.event) for commit in ledger.commits for one in commit]
    assert recorded == ([] if moment == "before" else [SessionOpened, CaseOpened, SessionClosed])


def test_a_session_that_an_interruption_kept_from_beginning_begins_with_the_next_event(
    ledger: FakeLedger,
) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)
    ledger.interrupted = "before"
    with pytest.raises(KeyboardInterrupt):
        session.append([SOMETHING])
    ledger.interrupted = None

    session.append([SOMETHING])

    assert ledger.commits == [[Recording(STREAM, 1, OPENED), SOMETHING]]


def test_documents_and_the_id_are_those_of_the_ledger(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)

    assert (session.ledger, session.keep_document(b"\1")) == (LEDGER, "01")


def test_what_the_holder_has_no_role_for_is_not_recorded_and_opens_no_session(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)
    revoked = Recording(Stream("key", UUID(int=4)), 2, KeyRevoked(key=KeyId("cd"), reason="lost"))

    with pytest.raises(NotAllowed, match="examiner"):
        session.append([SOMETHING, revoked])

    assert ledger.commits == []


def test_anybody_may_enrol_their_own_successor(ledger: FakeLedger) -> None:
    session = SessionLedger(ledger, STREAM, OPENED, ledger.last_revision, HOLDER)
    successor = replace(HOLDER.enrolment, key=KeyId("cd"), replaces=KeyId("ab"))

    session.append([Recording(Stream("key", UUID(int=4)), 1, successor)])

    assert ledger.commits[0][1].event == successor
