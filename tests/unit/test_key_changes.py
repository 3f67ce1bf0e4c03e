"""What the command line refuses before anything is written."""

from dataclasses import replace

import pytest

from custody.domain.entries.entry import Recorded
from custody.domain.errors import Refused, UsageError
from custody.domain.events import CaseOpened, Event, KeyEnrolled, KeyRevoked, KeyRotated
from custody.domain.identifiers import KeyId, LedgerId, Position, key_stream
from custody.domain.keys.changes import Person, requested, revocation, rotation, succession
from custody.domain.keys.holders import Holder, holder_by_history
from custody.domain.keys.roles import MAY_RECORD, ROLES, roles_for
from custody.domain.keys.statement import KeyStatement
from custody.domain.public_keys import LOW_ORDER_KEYS, key_id_of, pem_of
from custody.infrastructure.crypto.ed25519 import verify
from tests.unit.key_ring import enrolment
from tests.unit.signed_ledger import KEY, LEDGER, OTHER_KEY, key_enrolled, session_stream

FIRST, OTHER = KeyId(KEY.key_id), KeyId(OTHER_KEY.key_id)
PERSON = Person(examiner=" A. Novak ", badge=None, agency="Lab", roles=("reviewer",), protected=True)


def history(*events: Event, first: int = 1) -> list[Recorded]:
    stream = key_stream(LEDGER, FIRST)
    return [
        Recorded(position=Position(at), stream=stream, revision=1, at="T", actor=FIRST, event=event)
        for at, event in enumerate(events, start=first)
    ]


def held(*events: Event, first: int = 1) -> Holder:
    holder = holder_by_history(history(key_enrolled(), *events, first=first))
    assert holder is not None
    return holder


def test_a_persons_key_is_enrolled_as_they_are_named() -> None:
    enrolled = PERSON.enrolment(OTHER, "PEM")
    assert (enrolled.examiner, enrolled.badge, enrolled.agency, enrolled.roles) == (
        "A. Novak", None, "Lab", ("reviewer",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [{"examiner": " "}, {"badge": ""}, {"agency": "\0"}, {"roles": ("king",)}, {"roles": ()}],
)
def test_a_person_without_a_name_or_role_is_a_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        replace(PERSON, **wrong).enrolment(OTHER, "PEM")


def statement(asked: KeyEnrolled, *, ledger: LedgerId = LEDGER) -> KeyStatement:
    return KeyStatement(ledger=ledger, enrolling_key=FIRST, enrolment=asked)


def test_a_request_with_its_proof_is_granted() -> None:
    asked = enrolment(OTHER_KEY, "reviewer")
    assert requested(statement(asked), LEDGER, FIRST, verify) == asked


def proved(**changes: object) -> KeyEnrolled:
    """An enrolment that the new key signed just so, whatever it says."""
    return statement(replace(enrolment(OTHER_KEY), **changes)).proved(OTHER_KEY.sign)


LOW = min(LOW_ORDER_KEYS)


@pytest.mark.parametrize(
    ("asked", "enroller", "reason"),
    [
        (statement(enrolment(OTHER_KEY), ledger=LedgerId(session_stream(1).id)), FIRST, "another ledger"),
        (statement(enrolment(OTHER_KEY)), OTHER, "another key"),
        (statement(proved(key=key_id_of(LOW), public_key=pem_of(LOW))), FIRST, "low order"),
        (statement(replace(enrolment(OTHER_KEY), proof=None)), FIRST, "proves"),
        (statement(replace(enrolment(OTHER_KEY), roles=("administrator",))), FIRST, "proves"),
        (statement(proved(roles=None)), FIRST, "cannot have"),
        (statement(proved(roles=("king",))), FIRST, "cannot have"),
        (statement(proved(roles=("examiner", "king"))), FIRST, "cannot have"),
        (statement(proved(replaces=FIRST)), FIRST, "cannot have"),
    ],
    ids=map(str, range(9)),  # keys are made anew in each process, and would be part of the names
)
def test_a_request_is_refused_with_its_reason(asked: KeyStatement, enroller: KeyId, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        requested(asked, LEDGER, enroller, verify)


@pytest.mark.parametrize("name", ["examiner", "badge", "agency"])
def test_a_request_with_an_empty_or_endless_name_is_a_mistake(name: str) -> None:
    for value in ("", "x" * 10_001):
        with pytest.raises(UsageError, match=f"--{name}"):
            requested(statement(proved(**{name: value})), LEDGER, FIRST, verify)


def test_a_succession_keeps_person_and_roles() -> None:
    entered = succession(held(), OTHER, "PEM", protected=False)
    assert (entered.examiner, entered.roles, entered.replaces) == ("J. Ortiz", ROLES, FIRST)
    assert not entered.protected
    assert rotation(held(), entered) == (entered, KeyRotated(key=FIRST, successor=OTHER))


def test_a_key_is_revoked_by_another_once_and_with_a_reason() -> None:
    by = replace(held(), key=OTHER)
    assert revocation(held(), by, " lost ") == KeyRevoked(key=FIRST, reason="lost")
    for holder, reason in ((None, "never enrolled"), (held(KeyRevoked(key=FIRST, reason="x")), "before")):
        with pytest.raises(Refused, match=reason):
            revocation(holder, by, "lost")
    with pytest.raises(Refused, match="rotate"):
        _hinted(held())
    with pytest.raises(UsageError, match="empty"):
        revocation(held(), by, " ")


def _hinted(holder: Holder) -> None:
    """A key revokes itself; what is to be done instead stands in the hint."""
    try:
        revocation(holder, holder, "lost")
    except Refused as refused:
        raise Refused(refused.hint) from refused


def test_the_first_key_has_every_role_and_a_later_one_those_it_was_enrolled_for() -> None:
    assert held().roles == set(ROLES)
    later = holder_by_history(history(enrolment(OTHER_KEY, "reviewer"), first=7))
    assert later is not None
    assert (later.roles, later.active) == ({"reviewer"}, True)
    assert held(first=7).roles == set()


def test_a_keys_own_stream_says_how_it_ended() -> None:
    rotated = held(KeyRotated(key=FIRST, successor=OTHER))
    assert (rotated.ended, rotated.ended_at, rotated.successor) == ("rotated", 2, OTHER)
    revoked = held(CaseOpened(case_number="1"), KeyRevoked(key=FIRST, reason="lost"))
    assert (revoked.ended, revoked.ended_at, revoked.reason) == ("revoked", 3, "lost")


def test_a_key_without_enrolment_has_no_holder() -> None:
    assert holder_by_history(history(KeyRevoked(key=FIRST, reason="lost"))) is None


def test_a_type_that_the_table_does_not_know_nobody_may_record() -> None:
    assert roles_for("Coronation") == frozenset()
    assert all(MAY_RECORD.values())
