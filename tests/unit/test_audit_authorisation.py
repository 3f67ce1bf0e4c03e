"""Who may record what, judged by the auditor over whole ledgers."""

import base64
from dataclasses import replace

import pytest

from custody.domain.audit.checkpoints import RawNote
from custody.domain.events import (
    BatchStarted,
    CaseOpened,
    Event,
    KeyRevoked,
    KeyRotated,
    LedgerOpened,
    SessionClosed,
)
from custody.domain.identifiers import (
    BatchId,
    KeyId,
    LedgerId,
    Stream,
    batch_stream,
    case_stream,
    delegation_stream,
    key_stream,
)
from custody.domain.public_keys import LOW_ORDER_KEYS, key_id_of, pem_of
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from tests.unit.key_ring import delegating, enrolment
from tests.unit.signed_ledger import (
    KEY,
    LEDGER,
    OTHER_KEY,
    PLAN_SHA256,
    TRUSTED,
    SignedLedger,
    key_enrolled,
    ledger_opened,
    new_ledger,
    session_opened,
    session_stream,
)

THIRD_KEY = Ed25519Signer(new_private_key())
SESSION_KEY = Ed25519Signer(new_private_key())
FIRST, OTHER, THIRD, FOR_SESSION = (
    KeyId(signer.key_id) for signer in (KEY, OTHER_KEY, THIRD_KEY, SESSION_KEY)
)
SESSION = delegation_stream(LEDGER, FOR_SESSION)
ALL_ROLES = ("examiner", "reviewer", "custodian", "administrator")
NEXT = 5  # the position behind ``new_ledger``


def found(ledger: SignedLedger, trusted: dict[KeyId, bytes] | None = None) -> list[tuple[int | None, str]]:
    findings = ledger.audit(trusted).findings
    return [(one.position, one.code) for one in findings if one.check == "authorisation"]


def with_second(*roles: str) -> SignedLedger:
    """A ledger whose position 5 enrols a second key."""
    ledger = new_ledger()
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY, *roles))
    return ledger


def rotate(ledger: SignedLedger, old: Ed25519Signer, new: Ed25519Signer, *roles: str) -> None:
    entered = enrolment(new, *roles, by=old, replaces=old)
    ledger.add(key_stream(LEDGER, KeyId(new.key_id)), entered, signer=old)
    rotated = KeyRotated(key=KeyId(old.key_id), successor=KeyId(new.key_id))
    ledger.add(key_stream(LEDGER, KeyId(old.key_id)), rotated, signer=old)


def case(ledger: SignedLedger, signer: Ed25519Signer, number: str = "1") -> None:
    ledger.add(case_stream(LEDGER, number), CaseOpened(case_number=number), signer=signer)


def test_a_key_enrolled_with_its_proof_signs_what_its_role_allows_and_counts_by_that() -> None:
    ledger = with_second("examiner")
    case(ledger, OTHER_KEY)
    result = ledger.audit(TRUSTED)  # the second key is nowhere but in the ledger
    assert (result.verdict, result.findings) == ("passed", ())


def test_a_checkpoint_of_a_key_enrolled_later_counts() -> None:
    ledger = with_second("examiner")
    assert ledger.audit(extra=[ledger.note(OTHER_KEY)]).verdict == "passed"


def test_a_checkpoint_of_a_key_that_is_in_no_way_trusted_does_not_count() -> None:
    ledger = with_second("examiner")
    findings = ledger.audit(extra=[ledger.note(THIRD_KEY)]).findings
    assert [one.code for one in findings] == ["checkpoint-signature"]


def test_a_trusted_key_that_was_never_enrolled_is_a_finding_said_once() -> None:
    ledger = new_ledger()
    ledger.add(session_stream(7), session_opened(), signer=OTHER_KEY)
    case(ledger, OTHER_KEY)
    ledger.add(session_stream(7), SessionClosed(exit=0), signer=OTHER_KEY)
    assert found(ledger, {**TRUSTED, OTHER: OTHER_KEY.public_raw}) == [(NEXT, "key-not-enrolled")]


def test_an_entry_before_the_enrolment_of_its_key_is_a_finding() -> None:
    ledger = new_ledger()
    case(ledger, OTHER_KEY)
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY))
    case(ledger, OTHER_KEY, "2")
    assert found(ledger) == [(NEXT, "key-not-enrolled")]


@pytest.mark.parametrize(
    ("roles", "event", "stream", "lawful"),
    [
        (("examiner",), BatchStarted(run=1), batch_stream(LEDGER, BatchId(PLAN_SHA256)), True),
        (("reviewer", "custodian"), BatchStarted(run=1), batch_stream(LEDGER, BatchId(PLAN_SHA256)), False),
        (("custodian",), CaseOpened(case_number="1"), case_stream(LEDGER, "1"), True),
        (("reviewer",), CaseOpened(case_number="1"), case_stream(LEDGER, "1"), False),
        (("administrator",), CaseOpened(case_number="1"), case_stream(LEDGER, "1"), False),
        (("administrator",), KeyRevoked(key=FIRST, reason="lost"), key_stream(LEDGER, FIRST), True),
        (("examiner",), KeyRevoked(key=FIRST, reason="lost"), key_stream(LEDGER, FIRST), False),
        (("reviewer",), session_opened(), session_stream(7), True),
    ],
)
def test_an_event_needs_a_role_of_its_key(
    roles: tuple[str, ...], event: Event, stream: Stream, lawful: bool
) -> None:
    ledger = with_second(*roles)
    ledger.add(stream, event, signer=OTHER_KEY)
    assert found(ledger) == ([] if lawful else [(NEXT + 1, "role-missing")])


def test_a_missing_role_is_said_once_for_key_and_type() -> None:
    ledger = with_second("reviewer")
    for number in ("1", "2"):
        case(ledger, OTHER_KEY, number)
        ledger.add(session_stream(int(number) + 7), session_opened())
    assert found(ledger) == [(NEXT + 1, "role-missing")]


def test_a_key_is_enrolled_by_an_administrator_only() -> None:
    ledger = with_second("examiner")
    ledger.add(key_stream(LEDGER, THIRD), enrolment(THIRD_KEY, by=OTHER_KEY), signer=OTHER_KEY)
    case(ledger, THIRD_KEY)
    assert found(ledger) == [(NEXT + 1, "role-missing"), (NEXT + 2, "key-not-enrolled")]


def test_an_administrator_who_was_enrolled_enrols_others_in_turn() -> None:
    ledger = with_second("administrator")
    ledger.add(key_stream(LEDGER, THIRD), enrolment(THIRD_KEY, by=OTHER_KEY), signer=OTHER_KEY)
    case(ledger, THIRD_KEY)
    assert ledger.audit(TRUSTED).verdict == "passed"


@pytest.mark.parametrize(
    "unproved",
    [
        replace(enrolment(OTHER_KEY), proof=None),
        replace(enrolment(OTHER_KEY), proof="no base64"),
        replace(enrolment(OTHER_KEY), proof=base64.b64encode(bytes(63)).decode()),
        enrolment(OTHER_KEY, proved_by=THIRD_KEY),
        enrolment(OTHER_KEY, by=THIRD_KEY),
        enrolment(OTHER_KEY, ledger=LedgerId(session_stream(1).id)),
        replace(enrolment(OTHER_KEY), roles=("administrator",)),
        replace(enrolment(OTHER_KEY), examiner="Somebody Else"),
        key_enrolled(OTHER_KEY),
    ],
    ids=["none", "text", "short", "of-another", "for-another-enroller", "for-another-ledger", "other-role",
         "other-name", "old-form"],
)  # fmt: skip
def test_an_enrolment_without_the_new_keys_own_proof_is_void(unproved: Event) -> None:
    ledger = new_ledger()
    ledger.add(key_stream(LEDGER, OTHER), unproved)
    case(ledger, OTHER_KEY)
    assert found(ledger) == [(NEXT, "enrolment-unproven"), (NEXT + 1, "key-not-enrolled")]
    assert ledger.audit(TRUSTED).verdicts["signatures"] == "failed"


@pytest.mark.parametrize("roles", [("king",), ("examiner", "examiner"), ("examiner", "king")])
def test_an_enrolment_for_what_is_no_role_is_void(roles: tuple[str, ...]) -> None:
    ledger = new_ledger()
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY, *roles))
    assert found(ledger) == [(NEXT, "enrolment-unfounded")]


def test_a_key_is_enrolled_once() -> None:
    ledger = with_second("examiner")
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY, "administrator"))
    assert found(ledger) == [(NEXT + 1, "enrolment-unfounded")]


@pytest.mark.parametrize("raw", [min(LOW_ORDER_KEYS), (2**255 - 17).to_bytes(32, "little")])
def test_a_weak_key_is_not_enrolled(raw: bytes) -> None:
    ledger = new_ledger()
    key = key_id_of(raw)
    weak = replace(enrolment(OTHER_KEY), key=key, public_key=pem_of(raw))
    ledger.add(key_stream(LEDGER, key), weak)
    assert found(ledger) == [(NEXT, "weak-key")]


def test_a_first_key_that_is_weak_founds_nothing() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    ledger.add(key_stream(LEDGER, FIRST), replace(key_enrolled(), public_key="no PEM"))
    assert found(ledger) == [(1, "weak-key")]


def test_a_key_under_another_id_is_not_enrolled() -> None:
    ledger = new_ledger()
    other = replace(enrolment(OTHER_KEY), public_key=THIRD_KEY.public_pem.decode())
    ledger.add(key_stream(LEDGER, OTHER), other)
    assert found(ledger) == [(NEXT, "weak-key")]


def test_after_a_rotation_the_successor_signs_with_the_same_roles() -> None:
    ledger = with_second("examiner")
    rotate(ledger, OTHER_KEY, THIRD_KEY, "examiner")
    case(ledger, THIRD_KEY)
    assert ledger.audit(TRUSTED).verdict == "passed"
    case(ledger, OTHER_KEY, "2")
    assert found(ledger) == [(NEXT + 4, "rotated-key")]


def test_a_successor_counts_from_its_rotation_on() -> None:
    ledger = new_ledger()
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY, *ALL_ROLES, replaces=KEY))
    case(ledger, OTHER_KEY)
    assert found(ledger) == [(NEXT + 1, "key-not-enrolled")]


def test_a_successor_has_no_more_roles_than_the_key_before() -> None:
    ledger = with_second("examiner")
    rotate(ledger, OTHER_KEY, THIRD_KEY, "examiner", "administrator")
    assert found(ledger) == [(NEXT + 1, "enrolment-unfounded"), (NEXT + 2, "rotation-unfounded")]


def test_nobody_takes_the_place_of_a_key_but_by_that_key() -> None:
    ledger = with_second("examiner")
    ledger.add(key_stream(LEDGER, THIRD), enrolment(THIRD_KEY, "examiner", replaces=OTHER_KEY))
    ledger.add(key_stream(LEDGER, OTHER), KeyRotated(key=OTHER, successor=THIRD))
    assert found(ledger) == [(NEXT + 1, "enrolment-unfounded"), (NEXT + 2, "rotation-unfounded")]


def test_a_rotation_needs_a_successor_that_was_enrolled_as_one() -> None:
    ledger = with_second("examiner")
    ledger.add(key_stream(LEDGER, FIRST), KeyRotated(key=FIRST, successor=OTHER))
    ledger.add(key_stream(LEDGER, FIRST), KeyRotated(key=FIRST, successor=THIRD))
    assert found(ledger) == [(NEXT + 1, "rotation-unfounded"), (NEXT + 2, "rotation-unfounded")]


def test_what_a_revoked_key_signed_before_stays_good_and_what_it_signs_later_is_a_finding() -> None:
    ledger = with_second("examiner")
    case(ledger, OTHER_KEY)
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="lost"))
    assert ledger.audit(TRUSTED).verdict == "passed"
    case(ledger, OTHER_KEY, "2")
    assert found(ledger) == [(NEXT + 3, "revoked-key")]


def test_a_rotated_key_that_is_revoked_as_well_ended_with_its_rotation() -> None:
    ledger = with_second("examiner")
    rotate(ledger, OTHER_KEY, THIRD_KEY, "examiner")
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="lost"))
    case(ledger, OTHER_KEY)
    result = ledger.audit(TRUSTED)
    [finding] = result.findings
    assert finding.message == f"the key was revoked at {NEXT + 2}: {OTHER}"


def test_only_an_enrolled_key_is_revoked_and_once() -> None:
    ledger = with_second("examiner")
    ledger.add(key_stream(LEDGER, THIRD), KeyRevoked(key=THIRD, reason="unknown"))
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="lost"))
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="again"))
    assert found(ledger) == [(NEXT + 1, "revocation-unfounded"), (NEXT + 3, "revocation-unfounded")]


@pytest.mark.parametrize(
    ("signer", "roles", "lawful"),
    [(KEY, ("examiner",), True), (OTHER_KEY, ("examiner",), False), (THIRD_KEY, ("examiner",), False)],
)
def test_a_checkpoint_is_signed_by_a_key_that_was_good_at_its_size(
    signer: Ed25519Signer, roles: tuple[str, ...], lawful: bool
) -> None:
    ledger = with_second(*roles)
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="lost"))
    trusted = {**TRUSTED, OTHER: OTHER_KEY.public_raw, THIRD: THIRD_KEY.public_raw}
    findings = ledger.audit(trusted, extra=[ledger.note(signer)]).findings
    assert [one.code for one in findings] == ([] if lawful else ["checkpoint-key"])


def test_a_checkpoint_from_before_the_revocation_stays_good() -> None:
    ledger = with_second("examiner")
    note = ledger.note(OTHER_KEY)
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="lost"))
    assert ledger.audit(extra=[note]).verdict == "passed"


def test_a_session_bears_the_name_that_its_key_was_enrolled_under() -> None:
    ledger = new_ledger()
    ledger.add(session_stream(7), replace(session_opened(), examiner="Somebody Else"))
    assert found(ledger) == [(NEXT, "session-name")]


def test_a_session_key_signs_in_its_holders_place_until_the_session_is_closed() -> None:
    ledger = new_ledger()
    ledger.add(SESSION, delegating(SESSION_KEY))
    case(ledger, SESSION_KEY)
    ledger.add(SESSION, SessionClosed(exit=0))
    ledger.sign_checkpoint()
    assert ledger.audit(TRUSTED).verdict == "passed"
    case(ledger, SESSION_KEY, "2")
    result = ledger.audit(TRUSTED)
    assert [(one.position, one.code) for one in result.findings] == [
        (NEXT + 3, "unknown-key"),
        (NEXT + 3, "session-key-outside"),
    ]


def test_the_next_session_ends_a_session_key_as_well() -> None:
    ledger = new_ledger()
    ledger.add(SESSION, delegating(SESSION_KEY))
    ledger.add(session_stream(7), session_opened())
    case(ledger, SESSION_KEY)
    assert found(ledger) == [(NEXT + 2, "session-key-outside")]


def test_the_end_of_another_session_ends_no_session_key() -> None:
    ledger = new_ledger()
    ledger.add(SESSION, delegating(SESSION_KEY))
    ledger.add(session_stream(7), SessionClosed(exit=0))
    case(ledger, SESSION_KEY)
    assert found(ledger) == []


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        (SESSION, SessionClosed(exit=0)),
        (key_stream(LEDGER, FIRST), KeyRevoked(key=FIRST, reason="x")),
        (key_stream(LEDGER, OTHER), enrolment(OTHER_KEY, by=SESSION_KEY)),
    ],
)
def test_a_session_key_may_not_sign_what_a_person_answers_for(stream: Stream, event: Event) -> None:
    ledger = new_ledger()
    ledger.add(SESSION, delegating(SESSION_KEY))
    ledger.add(stream, event, signer=SESSION_KEY)
    assert found(ledger) == [(NEXT + 1, "session-key-beyond")]


def test_a_session_key_has_the_roles_of_its_holder() -> None:
    ledger = with_second("reviewer")
    ledger.add(SESSION, delegating(SESSION_KEY), signer=OTHER_KEY)
    case(ledger, SESSION_KEY)
    assert found(ledger) == [(NEXT + 2, "role-missing")]


def test_a_session_key_ends_with_its_holders_key() -> None:
    ledger = with_second("examiner")
    ledger.add(SESSION, delegating(SESSION_KEY), signer=OTHER_KEY)
    ledger.add(key_stream(LEDGER, OTHER), KeyRevoked(key=OTHER, reason="lost"))
    case(ledger, SESSION_KEY)
    assert found(ledger) == [(NEXT + 3, "revoked-key")]


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        (session_stream(7), delegating(SESSION_KEY)),
        (delegation_stream(LEDGER, FIRST), delegating(KEY)),
        (SESSION, replace(session_opened(), session_key="no PEM")),
        (
            delegation_stream(LEDGER, key_id_of(min(LOW_ORDER_KEYS))),
            replace(session_opened(), session_key=pem_of(min(LOW_ORDER_KEYS))),
        ),
    ],
    ids=["other-stream", "a-persons-key", "no-key", "low-order"],
)
def test_a_session_key_belongs_to_its_own_session_only(stream: Stream, event: Event) -> None:
    ledger = new_ledger()
    ledger.add(stream, event)
    assert found(ledger) == [(NEXT, "session-key-unfounded")]


def test_a_session_key_of_a_key_that_does_not_count_does_not_count_either() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    ledger.add(key_stream(LEDGER, FIRST), key_enrolled())
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY))
    ledger.add(SESSION, delegating(SESSION_KEY))
    case(ledger, SESSION_KEY)
    codes = [(one.position, one.code) for one in ledger.audit({THIRD: THIRD_KEY.public_raw}).findings]
    assert codes == [(0, "unknown-key"), (4, "unknown-key")]


def test_a_session_key_signs_no_checkpoint() -> None:
    ledger = new_ledger()
    ledger.add(SESSION, delegating(SESSION_KEY))
    findings = ledger.audit(extra=[ledger.note(SESSION_KEY)]).findings
    assert [one.code for one in findings] == ["checkpoint-signature"]


def test_without_a_trusted_key_nothing_is_said_to_be_authorised() -> None:
    assert new_ledger().audit({}).verdicts["authorisation"] == "indeterminate"


def test_behind_an_unreadable_or_missing_entry_it_stays_open_who_might_do_what() -> None:
    for row in (b"", None):
        ledger = new_ledger(2)
        ledger.rows[4] = replace(ledger.rows[4], entry=row)
        assert ledger.audit().verdicts["authorisation"] == "indeterminate"
    ledger = new_ledger(2)
    del ledger.rows[4]
    assert ledger.audit().verdicts["authorisation"] == "indeterminate"
    ledger = new_ledger(2)
    ledger.rows[4] = replace(ledger.rows[4], position="x")
    assert ledger.audit().verdicts["authorisation"] == "indeterminate"


def test_a_ledger_without_a_first_key_authorises_nobody() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    ledger.add(session_stream(7), session_opened())
    ledger.add(key_stream(LEDGER, OTHER), enrolment(OTHER_KEY))
    assert ledger.audit().verdicts["authorisation"] == "indeterminate"


def test_a_second_opening_changes_nobodys_rights() -> None:
    ledger = new_ledger()
    again = LedgerOpened(ledger=LEDGER, format="f", tool="custody", version="1")
    ledger.add(Stream("ledger", LEDGER), again)
    assert found(ledger) == []


@pytest.mark.parametrize(("limit", "least"), [("MAX_WAITING", 1), ("MAX_WAITING_BYTES", 300)])
def test_of_too_many_notes_by_keys_enrolled_later_those_beyond_the_limit_are_left_open(
    monkeypatch: pytest.MonkeyPatch, limit: str, least: int
) -> None:
    monkeypatch.setattr(f"custody.domain.audit.checkpoints.{limit}", least)
    ledger = with_second("examiner")
    for number in range(3):
        case(ledger, OTHER_KEY, str(number))
        note = ledger.note(OTHER_KEY)
        ledger.notes.append(RawNote(where=f"file {number}", note=note))
    result = ledger.audit()

    assert (result.verdicts["checkpoints"], result.findings) == ("indeterminate", ())
    assert [one.message for one in result.undecided if one.check == "checkpoints"] == [
        "checkpoints by keys that count only later are too many: not all were judged"
    ]


def test_of_very_many_faults_the_oldest_are_said_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custody.domain.keys.keyring._REMEMBERED", 1)
    ledger = with_second("reviewer")
    batch = batch_stream(LEDGER, BatchId(PLAN_SHA256))
    case(ledger, OTHER_KEY, "1")
    ledger.add(batch, BatchStarted(run=1), signer=OTHER_KEY)
    case(ledger, OTHER_KEY, "2")
    assert [position for position, _ in found(ledger)] == [NEXT + 1, NEXT + 2, NEXT + 3]
