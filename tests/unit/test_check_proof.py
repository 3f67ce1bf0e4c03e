"""A proof is worth what its entries, its paths and its signatures are, and no more."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain.events import CaseOpened, SessionClosed
from custody.domain.identifiers import KeyId, LedgerId, Stream, case_stream, delegation_stream
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, Checkpoint, signed_note
from custody.domain.proofs.proof import Proof
from custody.domain.use_cases.check_proof import SESSION_NOT_SHOWN, ProofResult, TrustedKey, check_proof
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from tests.unit.key_ring import delegating
from tests.unit.provable import proof_of
from tests.unit.signed_ledger import (
    KEY,
    LEDGER,
    OTHER_KEY,
    SignedLedger,
    new_ledger,
    session_opened,
    session_stream,
    signed_body,
    verify_each,
)

ORIGIN = f"{ORIGIN_PREFIX}{LEDGER}"
TRUSTED = {KeyId(KEY.key_id): TrustedKey(raw=KEY.public_raw)}
SOUND = new_ledger(2)
OPENED, QUEUED, CLOSED = 2, 3, 4  # of the first session


def judged(proof: Proof | bytes, trusted: Mapping[KeyId, TrustedKey] = TRUSTED) -> ProofResult:
    return check_proof(proof if isinstance(proof, bytes) else proof.to_bytes(), trusted, verify_each)


def codes(result: ProofResult) -> list[tuple[int | None, str]]:
    return [(finding.position, finding.code) for finding in result.findings]


def with_entry(proof: Proof, entry: bytes) -> Proof:
    return replace(proof, entries=(replace(proof.entries[0], entry=entry), *proof.entries[1:]))


def test_a_sound_proof_passes_and_says_what_it_shows() -> None:
    result = judged(proof_of(SOUND, OPENED, CLOSED))
    assert (result.verdict, result.findings, result.notes) == ("passed", (), ())
    assert set(result.verdicts.values()) == {"passed"}
    assert [shown.position for shown in result.entries] == [OPENED, CLOSED]
    assert "J. Ortiz began 'copy'" in result.entries[0].text
    assert result.checkpoint is not None
    assert result.checkpoint.size == len(SOUND.rows)


def test_what_a_proof_does_not_show_names_the_last_entry_and_the_size() -> None:
    limits = judged(proof_of(SOUND, OPENED, CLOSED)).not_shown
    assert f"that nothing of this file was recorded after position {CLOSED} and left out" in limits
    assert f"what was recorded at position {len(SOUND.rows)} or later" in limits


def test_a_verifier_key_of_the_ledger_passes() -> None:
    named = {KeyId(KEY.key_id): TrustedKey(raw=KEY.public_raw, origin=ORIGIN)}
    assert judged(proof_of(SOUND, OPENED), named).verdict == "passed"


def test_a_verifier_key_of_another_ledger_refutes() -> None:
    named = {KeyId(KEY.key_id): TrustedKey(raw=KEY.public_raw, origin="custody.invalid/other")}
    assert codes(judged(proof_of(SOUND, OPENED), named)) == [(None, "checkpoint-origin")]


def test_without_a_trusted_key_nothing_is_decided() -> None:
    result = judged(proof_of(SOUND, OPENED), {})
    assert (result.verdict, result.findings) == ("indeterminate", ())
    assert {check for check, verdict in result.verdicts.items() if verdict == "indeterminate"} == {
        "signatures",
        "checkpoints",
    }


def test_keys_that_signed_nothing_of_it_refute_both_signatures() -> None:
    other = {KeyId(OTHER_KEY.key_id): TrustedKey(raw=OTHER_KEY.public_raw)}
    assert codes(judged(proof_of(SOUND, OPENED), other)) == [
        (OPENED, "unknown-key"),
        (None, "checkpoint-signature"),
    ]


def test_a_document_of_no_form_is_one_finding_and_leaves_all_else_open() -> None:
    result = judged(b'{"a":')
    assert codes(result) == [(None, "malformed-proof")]
    assert (result.verdict, result.checkpoint, result.entries) == ("failed", None, ())
    assert set(result.verdicts.values()) == {"failed", "indeterminate"}


def test_a_checkpoint_that_cannot_be_read_leaves_the_inclusion_open() -> None:
    result = judged(proof_of(SOUND, OPENED, note=b"rubbish"))
    assert codes(result) == [(None, "malformed-checkpoint")]
    assert result.verdicts["tree"] == "indeterminate"


def test_an_unsigned_root_made_to_fit_is_refuted() -> None:
    text = Checkpoint(origin=ORIGIN, size=len(SOUND.rows), root=SOUND.frontier.root()).text()
    forged = signed_note(text, ORIGIN, KEY.public_raw, bytes(64))
    assert codes(judged(proof_of(SOUND, OPENED, note=forged))) == [(None, "checkpoint-signature")]


def test_an_entry_of_another_history_is_not_included() -> None:
    other = new_ledger(2)
    other.rows[OPENED] = replace(other.rows[OPENED], entry=signed_body(other_body()))
    proof = with_entry(proof_of(SOUND, OPENED), other.rows[OPENED].entry)
    assert codes(judged(proof)) == [(OPENED, "not-included")]


def other_body() -> bytes:
    ledger = new_ledger(0)
    return ledger.body(session_stream(0), session_opened(synchronised=False))


@pytest.mark.parametrize("cut", [slice(1), slice(1, None), slice(0)])
def test_a_path_that_is_too_short_does_not_prove(cut: slice) -> None:
    proof = proof_of(SOUND, OPENED)
    [proved] = proof.entries
    short = replace(proof, entries=(replace(proved, path=proved.path[cut]),))
    assert codes(judged(short)) == [(OPENED, "not-included")]


def test_an_entry_that_cannot_be_read_leaves_its_signature_open() -> None:
    result = judged(with_entry(proof_of(SOUND, OPENED), b"rubbish"))
    assert (OPENED, "malformed-entry") in codes(result)
    assert result.verdicts["signatures"] == "indeterminate"


def test_a_changed_entry_is_neither_signed_nor_included() -> None:
    entry = SOUND.rows[OPENED].entry
    changed = entry.replace(b'"payload":"ey', b'"payload":"e3', 1)
    found = codes(judged(with_entry(proof_of(SOUND, OPENED), changed)))
    assert (OPENED, "not-included") in found
    assert found[0][0] == OPENED


def test_an_entry_with_a_bad_signature_is_refuted_even_if_the_tree_has_it() -> None:
    ledger = new_ledger(0)
    body = ledger.body(session_stream(0), session_opened())
    ledger.add_entry(session_stream(0), session_opened(), signed_body(body, OTHER_KEY, key_id=KEY.key_id))
    assert codes(judged(proof_of(ledger, 2))) == [(2, "bad-signature")]


def test_an_event_of_an_unknown_type_is_a_finding_and_tells_nothing() -> None:
    ledger = new_ledger(0)
    body = ledger.body(session_stream(0), session_opened()).replace(b'"SessionOpened"', b'"SessionHidden"')
    ledger.add_entry(session_stream(0), session_opened(), signed_body(body))
    result = judged(proof_of(ledger, 2))
    assert (codes(result), result.entries) == ([(2, "malformed-event")], ())
    assert not any("left out" in limit for limit in result.not_shown)


def test_an_entry_that_says_another_position_is_misplaced() -> None:
    ledger = new_ledger(0)
    body = ledger.body(session_stream(0), session_opened()).replace(b'"position":2', b'"position":7')
    ledger.add_entry(session_stream(0), session_opened(), signed_body(body))
    assert codes(judged(proof_of(ledger, 2))) == [(2, "misplaced-entry")]


def test_an_entry_of_another_ledger_is_foreign() -> None:
    ledger = new_ledger(0)
    ledger.add(session_stream(0), session_opened(), ledger=LedgerId(UUID(int=5)))
    assert codes(judged(proof_of(ledger, 2))) == [(2, "foreign-entry")]


def test_neighbours_must_be_linked() -> None:
    ledger = new_ledger(0)
    body = ledger.body(session_stream(0), session_opened())
    previous = ledger.previous.hex().encode()
    ledger.add_entry(session_stream(0), session_opened(), signed_body(body.replace(previous, b"00" * 32)))
    assert codes(judged(proof_of(ledger, 1, 2))) == [(2, "chain-broken")]


DOCUMENT = proof_of(SOUND, OPENED, CLOSED).to_bytes()


@given(st.integers(0, len(DOCUMENT) - 1), st.integers(1, 255))
def test_no_changed_byte_passes_or_raises(at: int, by: int) -> None:
    damaged = bytearray(DOCUMENT)
    damaged[at] ^= by
    assert judged(bytes(damaged)).verdict == "failed"


@given(st.integers(0, len(DOCUMENT) - 2))
def test_no_beginning_of_a_proof_passes(size: int) -> None:
    assert judged(DOCUMENT[:size]).verdict == "failed"


def test_a_withheld_entry_of_the_same_stream_is_noticed() -> None:
    ledger = three_of_one_stream()
    result = judged(proof_of(ledger, 2, 4))
    assert (result.verdict, result.findings) == ("indeterminate", ())
    assert result.notes == ("before position 4, entries of this file withheld: 1",)


def test_a_withheld_beginning_is_noticed() -> None:
    assert judged(proof_of(three_of_one_stream(), 3, 4)).verdict == "indeterminate"


def test_revisions_that_fall_are_refuted() -> None:
    ledger = three_of_one_stream()
    body = ledger.body(session_stream(0), SessionClosed(exit=0)).replace(b'"revision":4', b'"revision":1')
    ledger.add_entry(session_stream(0), SessionClosed(exit=0), signed_body(body))
    assert codes(judged(proof_of(ledger, 2, 3, 4, 5))) == [(5, "revision-order")]


def three_of_one_stream() -> SignedLedger:
    ledger = new_ledger(0)
    for _ in range(3):
        ledger.add(session_stream(0), session_opened())
    return ledger


SESSION_KEY = Ed25519Signer(new_private_key())
SESSION = delegation_stream(LEDGER, KeyId(SESSION_KEY.key_id))


def delegated_ledger(stream: Stream = SESSION, signer: Ed25519Signer = KEY) -> SignedLedger:
    """Position 5 opens a session with a key of its own, which signs position 6; 7 opens the next one."""
    ledger = new_ledger()
    ledger.add(stream, delegating(SESSION_KEY), signer=signer)
    ledger.add(case_stream(LEDGER, "1"), CaseOpened(case_number="1"), signer=SESSION_KEY)
    ledger.add(session_stream(8), session_opened())
    ledger.add(case_stream(LEDGER, "2"), CaseOpened(case_number="2"), signer=SESSION_KEY)
    return ledger


def test_an_entry_that_a_session_key_signed_is_proved_with_the_opening_of_its_session() -> None:
    result = judged(proof_of(delegated_ledger(), 5, 6))
    assert (result.verdict, result.findings) == ("passed", ())
    assert result.entries[1].text == f"case 1 used for the first time, by the holder of key {KEY.key_id}"
    assert SESSION_NOT_SHOWN in result.not_shown


@pytest.mark.parametrize(
    ("ledger", "positions", "at"),
    [
        (delegated_ledger(), (6,), 6),
        (delegated_ledger(), (5, 6, 7, 8), 8),
        (delegated_ledger(session_stream(9)), (5, 6), 6),
        (delegated_ledger(signer=OTHER_KEY), (5, 6), 5),
    ],
    ids=["opening-withheld", "next-session", "stream-of-another", "opened-by-a-stranger"],
)
def test_a_session_key_counts_in_no_other_way(
    ledger: SignedLedger, positions: tuple[int, ...], at: int
) -> None:
    assert (at, "unknown-key") in codes(judged(proof_of(ledger, *positions)))
