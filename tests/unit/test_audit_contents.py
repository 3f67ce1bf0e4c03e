"""The rules that an audit holds the contents of a ledger to."""

from dataclasses import replace
from uuid import UUID

import pytest

from custody.domain import canonical
from custody.domain.entries import dsse
from custody.domain.events import SessionClosed
from custody.domain.identifiers import KeyId, LedgerId, Stream, key_stream
from tests.unit.signed_ledger import (
    KEY,
    LEDGER,
    OTHER_KEY,
    TRUSTED,
    SignedLedger,
    key_enrolled,
    ledger_opened,
    new_ledger,
    session_opened,
    session_stream,
    signed_body,
)

FOREIGN = LedgerId(UUID("00000000-0000-4000-8000-000000000000"))
BOTH = {**TRUSTED, KeyId(OTHER_KEY.key_id): OTHER_KEY.public_raw}


def found(ledger: SignedLedger, trusted: dict[KeyId, bytes] | None = None) -> set[tuple[int | None, str]]:
    findings = ledger.audit(trusted).findings
    return {(finding.position, finding.code) for finding in findings if finding.check == "structure"}


@pytest.mark.parametrize(
    "public_key",
    [
        OTHER_KEY.public_pem.decode(),
        "no PEM",
        "-----BEGIN PUBLIC KEY----- ! -----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----- \u00e4 -----END PUBLIC KEY-----",
    ],
)
def test_an_enrolled_public_key_must_be_the_one_of_its_id(public_key: str) -> None:
    ledger = new_ledger(1)
    ledger.add(Stream("key", UUID(int=7)), replace(key_enrolled(), public_key=public_key))
    assert found(ledger) == {(5, "key-mismatch")}


def test_a_ledger_begins_with_its_opening() -> None:
    ledger = SignedLedger()
    ledger.add(session_stream(0), session_opened())
    ledger.add(key_stream(LEDGER, KeyId(KEY.key_id)), key_enrolled())
    assert found(ledger) == {(0, "no-genesis")}


def test_the_opening_names_the_ledger_it_stands_in() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened(FOREIGN))
    assert (0, "no-genesis") in found(ledger)


def test_the_key_that_opened_the_ledger_is_enrolled_next() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    ledger.add(key_stream(LEDGER, KeyId(OTHER_KEY.key_id)), key_enrolled(OTHER_KEY))
    assert found(ledger) == {(1, "no-genesis")}


def test_a_ledger_of_its_opening_alone_lacks_its_key() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    assert found(ledger) == {(1, "no-genesis")}


def test_a_ledger_is_opened_once() -> None:
    ledger = new_ledger(1)
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    assert found(ledger) == {(5, "second-opening")}


@pytest.mark.parametrize("position", [0, 1, 2, 5])
def test_an_entry_of_another_ledger_is_named(position: int) -> None:
    ledger = SignedLedger()
    for number in range(8):
        ledger.add(session_stream(number), session_opened(), ledger=FOREIGN if number == position else LEDGER)
    assert (position, "foreign-entry") in found(ledger)
    assert [place for place, code in found(ledger) if code == "foreign-entry"] == [position]


def test_an_opening_that_cannot_be_read_is_the_one_finding_about_the_beginning() -> None:
    ledger = new_ledger(1)
    ledger.rows[0] = replace(ledger.rows[0], entry=unreadable_event())
    assert found(ledger) == {(0, "malformed-event")}


def test_an_enrolment_that_cannot_be_read_is_the_one_finding_about_the_first_key() -> None:
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    entry = altered(ledger, data={}, type="KeyEnrolled", stream=f"key/{session_stream(7).id}")
    ledger.add_entry(session_stream(7), key_enrolled(), entry)
    ledger.add(session_stream(8), session_opened())
    assert found(ledger) == {(1, "malformed-event")}


def unreadable_event() -> bytes:
    beginning = SignedLedger()
    stream = str(Stream("ledger", LEDGER))
    return altered(beginning, data={}, type="LedgerOpened", stream=stream)


def test_a_run_of_foreign_entries_is_one_finding() -> None:
    ledger = new_ledger(1)
    for number in range(7, 11):
        ledger.add(session_stream(number), session_opened(), ledger=FOREIGN)
    assert found(ledger) == {(5, "foreign-entry")}


def altered(ledger: SignedLedger, /, **fields: object) -> bytes:
    """A signed body with other values in some fields."""
    value = canonical.decode(ledger.body(session_stream(7), session_opened()))
    return signed_body(canonical.encode({**value, **fields}))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "FileExploded"}, "malformed-event"),
        ({"data": {}}, "malformed-event"),
        ({"data": {"exit": "0"}, "type": "SessionClosed"}, "malformed-event"),
        ({"stream": f"file/{session_stream(7).id}"}, "wrong-stream"),
        ({"actor": "0" * 64}, "actor-mismatch"),
        ({"v": 2}, "malformed-entry"),
        ({"v": True}, "malformed-entry"),
        ({"at": "yesterday"}, "malformed-entry"),
        ({"salt": ""}, "malformed-entry"),
        ({"more": 1}, "malformed-entry"),
        ({"position": -1}, "malformed-entry"),
        ({"stream": "file/../../etc"}, "malformed-entry"),
        ({"ledger": "none"}, "malformed-entry"),
    ],
)
def test_what_is_signed_must_still_have_its_form(fields: dict[str, object], code: str) -> None:
    ledger = new_ledger(1)
    ledger.add_entry(session_stream(7), session_opened(), altered(ledger, **fields))
    assert (5, code) in found(ledger)


@pytest.mark.parametrize("body", [b"", b"null", b"[" * 9000, b'{"v":1, "v":1}', b"\xff", b'"\\ud800"'])
def test_a_signed_body_that_is_no_canonical_object_is_a_finding(body: bytes) -> None:
    ledger = new_ledger(1)
    ledger.add_entry(session_stream(7), session_opened(), signed_body(body))
    assert found(ledger) == {(5, "malformed-entry")}


def test_messages_about_hostile_values_cannot_move_the_cursor() -> None:
    ledger = new_ledger(1)
    ledger.add_entry(session_stream(7), session_opened(), altered(ledger, type="\x1b[2J\u202e"))
    [finding] = [one for one in ledger.audit().findings if one.code == "malformed-event"]
    assert finding.message.isprintable()


def test_a_session_closed_twice_closes_only_its_own() -> None:
    ledger = new_ledger(1)
    ledger.add(session_stream(7), session_opened())
    ledger.add(session_stream(0), SessionClosed(exit=0))
    assert any("begun at 5" in note for note in ledger.audit().notes)


def test_an_envelope_that_is_not_canonical_is_a_finding() -> None:
    ledger = new_ledger(1)
    body = ledger.body(session_stream(7), session_opened())
    entry = dsse.envelope(body, KEY.key_id, KEY.sign(dsse.pae(dsse.PAYLOAD_TYPE, body))) + b"\n"
    ledger.add_entry(session_stream(7), session_opened(), entry)
    assert found(ledger) == {(5, "malformed-entry")}
