"""Today's ledger extends the one that was signed, or the answer says in which way it does not."""

from dataclasses import replace

import pytest

from custody.domain.errors import MalformedData, Tampered
from custody.domain.identifiers import KeyId
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, Checkpoint, Note, parse_note, signed_note
from custody.domain.proofs.merkle import EMPTY_ROOT, verify_consistency
from custody.domain.use_cases.check_checkpoint import ConsistencyResult, check_checkpoint
from tests.unit.provable import MemoryReader
from tests.unit.signed_ledger import (
    KEY,
    LEDGER,
    OTHER_KEY,
    TRUSTED,
    SignedLedger,
    new_ledger,
    session_opened,
    session_stream,
    signed_body,
    verify_each,
)
from tests.unit.witnessing import NAME, OTHER_WITNESS, TIME, WITNESSES, cosigned

ORIGIN = f"{ORIGIN_PREFIX}{LEDGER}"


def checked(
    ledger: SignedLedger, note: bytes, trusted: dict[KeyId, bytes] | None = None
) -> ConsistencyResult:
    keys = TRUSTED if trusted is None else trusted
    return check_checkpoint(MemoryReader(ledger), note, keys, verify_each)


def note_of(size: int, root: bytes) -> bytes:
    text = Checkpoint(origin=ORIGIN, size=size, root=root).text()
    return signed_note(text, ORIGIN, KEY.public_raw, KEY.sign(text))


def rewritten(at: int) -> SignedLedger:
    """What the key's holder would write: another entry there, all later ones and the checkpoint anew."""
    ledger = new_ledger(0)
    while ledger.frontier.size < 11:
        event = session_opened(synchronised=ledger.frontier.size == at)
        ledger.add(session_stream(ledger.frontier.size), event)
    ledger.sign_checkpoint()
    return ledger


def test_an_older_checkpoint_is_extended_and_the_proof_convinces_a_stranger() -> None:
    ledger = new_ledger(3)
    note = ledger.notes[2].note  # of size 5
    result = checked(ledger, note)
    assert (result.outcome, result.verdict) == ("extends", "passed")
    assert (result.given.size, result.size) == (5, 11)
    assert result.root is not None
    assert verify_consistency(
        old_size=5, new_size=11, old_root=result.given.root, new_root=result.root, proof=result.proof
    )
    assert result.own is not None
    assert (result.own.checkpoint.size, result.own.checkpoint.root) == (11, result.root)


def test_the_checkpoint_of_today_is_extended_without_a_proof() -> None:
    ledger = new_ledger(2)
    result = checked(ledger, ledger.note())
    assert (result.outcome, result.proof) == ("extends", ())


def test_a_checkpoint_of_nothing_is_extended_by_everything() -> None:
    assert checked(new_ledger(1), note_of(0, EMPTY_ROOT)).outcome == "extends"


def test_a_tail_without_checkpoint_is_no_fault() -> None:
    ledger = new_ledger(2, closed=False)
    result = checked(ledger, ledger.notes[0].note)
    assert result.outcome == "extends"
    assert result.own is not None
    assert result.own.checkpoint.size < result.size


def test_a_fork_shows_both_signed_roots() -> None:
    mine, theirs = rewritten(4), rewritten(5)
    result = checked(mine, theirs.note())
    assert (result.outcome, result.verdict, result.proof) == ("forked", "failed", ())
    assert result.own is not None
    assert (result.given.size, result.given.root) == (11, theirs.frontier.root())
    assert (result.own.checkpoint.size, result.own.checkpoint.root) == (11, mine.frontier.root())


def test_entries_changed_after_the_last_own_checkpoint_are_no_second_signed_history() -> None:
    ledger = new_ledger(2)
    note = ledger.note()
    ledger.notes = ledger.notes[:2]  # its own of size 2 are left
    ledger.rows[6] = replace(ledger.rows[6], entry=signed_body(b"{}"))
    result = checked(ledger, note)
    assert (result.outcome, result.verdict) == ("changed", "failed")
    assert result.root_then != result.given.root


def test_without_an_own_checkpoint_there_is_no_second_root() -> None:
    ledger = rewritten(4)
    ledger.notes = []
    result = checked(ledger, rewritten(5).note())
    assert (result.outcome, result.own) == ("changed", None)


def test_an_own_checkpoint_over_other_entries_is_told() -> None:
    ledger = new_ledger(2)
    note = ledger.notes[0].note
    ledger.rows[6] = replace(ledger.rows[6], entry=signed_body(b"{}"))
    result = checked(ledger, note)
    assert result.outcome == "changed"
    assert "own checkpoint of size 8" in result.message


def test_entries_that_fit_neither_checkpoint_are_changed() -> None:
    ledger = new_ledger(2)
    note = ledger.note()
    ledger.rows[6] = replace(ledger.rows[6], entry=signed_body(b"{}"))
    assert checked(ledger, note).outcome == "changed"


def test_a_ledger_shorter_than_the_checkpoint_was_cut() -> None:
    ledger = new_ledger(2)
    note = ledger.note()
    ledger.rows, ledger.notes = ledger.rows[:5], []
    result = checked(ledger, note)
    assert (result.outcome, result.verdict, result.own) == ("cut", "failed", None)
    assert "has 5 entries" in result.message


def test_a_ledger_shorter_than_its_own_checkpoint_was_cut() -> None:
    ledger = new_ledger(2)
    note = ledger.notes[0].note
    ledger.rows = ledger.rows[:5]
    result = checked(ledger, note)
    assert result.outcome == "cut"
    assert result.own is not None


def test_a_checkpoint_of_another_ledger_says_nothing() -> None:
    other = "custody.invalid/00000000-0000-4000-8000-000000000000"
    ledger = new_ledger(1)
    result = checked(ledger, ledger.note(origin=other))
    assert (result.outcome, result.verdict) == ("other-ledger", "indeterminate")


def test_without_a_trusted_key_nothing_is_decided() -> None:
    ledger = new_ledger(1)
    assert checked(ledger, ledger.note(), {}).outcome == "no-key"


def test_a_checkpoint_by_a_stranger_is_refuted() -> None:
    ledger = new_ledger(1)
    result = checked(ledger, ledger.note(OTHER_KEY))
    assert (result.outcome, result.verdict) == ("unknown-key", "failed")


def test_a_checkpoint_changed_after_it_was_signed_is_refuted() -> None:
    ledger = new_ledger(1)
    result = checked(ledger, ledger.note().replace(b"\n5\n", b"\n4\n"))
    assert (result.outcome, result.verdict) == ("bad-signature", "failed")


def test_own_checkpoints_that_are_rubbish_or_of_strangers_are_not_believed() -> None:
    ledger = new_ledger(1)
    own = ledger.notes[0]
    foreign = ledger.note(OTHER_KEY)
    ledger.notes = [replace(own, note=b"rubbish"), replace(own, note=foreign)]
    result = checked(ledger, note_of(0, EMPTY_ROOT))
    assert (result.outcome, result.own) == ("extends", None)


def test_who_cosigned_a_checkpoint_is_told_of_trusted_witnesses() -> None:
    ledger = new_ledger(2)
    note = cosigned(cosigned(ledger.notes[0].note), OTHER_WITNESS)
    result = check_checkpoint(MemoryReader(ledger), note, TRUSTED, verify_each, WITNESSES)
    assert result.outcome == "extends"
    assert [(one.name, one.time) for one in result.witnessed] == [(NAME, TIME)]
    assert checked(ledger, note).witnessed == ()


def test_what_a_trusted_witness_cosigned_counts_without_the_ledgers_own_key() -> None:
    ledger = new_ledger(2)
    note = cosigned(ledger.notes[0].note)
    result = check_checkpoint(MemoryReader(ledger), note, {}, verify_each, WITNESSES)
    assert result.outcome == "extends"
    assert check_checkpoint(MemoryReader(ledger), note, {}, verify_each).outcome == "no-key"


def test_a_cosigned_note_that_the_ledger_does_not_extend_is_refuted_with_both_roots() -> None:
    mine, theirs = rewritten(4), rewritten(5)
    note = cosigned(theirs.note(OTHER_KEY))
    assert checked(mine, note).outcome == "unknown-key"
    result = check_checkpoint(MemoryReader(mine), note, TRUSTED, verify_each, WITNESSES)
    assert (result.outcome, result.given.root, result.root_then) == (
        "forked", theirs.frontier.root(), mine.frontier.root(),
    )  # fmt: skip


def test_the_line_of_a_witness_over_another_checkpoint_refutes_the_note() -> None:
    ledger = new_ledger(2)
    note = cosigned(ledger.notes[0].note).replace(b"\n2\n", b"\n3\n")
    result = check_checkpoint(MemoryReader(ledger), note, {}, verify_each, WITNESSES)
    assert (result.outcome, NAME in result.message) == ("bad-signature", True)


def test_a_witness_does_not_heal_a_ledgers_own_bad_signature() -> None:
    ledger = new_ledger(2)
    good, other = parse_note(ledger.note()), parse_note(ledger.note(OTHER_KEY))
    forged = replace(good.signatures[0], signature=other.signatures[0].signature)
    note = cosigned(Note(good.text, (forged,)).to_bytes())
    result = check_checkpoint(MemoryReader(ledger), note, TRUSTED, verify_each, WITNESSES)
    assert result.outcome == "bad-signature"


def test_a_note_that_is_no_checkpoint_is_malformed() -> None:
    text = b"hello\n"
    with pytest.raises(MalformedData):
        checked(new_ledger(1), signed_note(text, "a", KEY.public_raw, KEY.sign(text)))


@pytest.mark.parametrize("gone", [0, 3])
def test_a_missing_entry_is_named(gone: int) -> None:
    ledger = new_ledger(2)
    note = ledger.notes[0].note
    del ledger.rows[gone]
    with pytest.raises(Tampered, match=f"position {gone}"):
        checked(ledger, note)
