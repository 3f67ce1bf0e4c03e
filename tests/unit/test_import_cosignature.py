"""A cosignature becomes an entry only after all of it was verified, and once."""

import hashlib
from dataclasses import replace

import pytest

from custody.domain.errors import CannotTell, MalformedData, Tampered
from custody.domain.events import CheckpointCosigned
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, parse_note
from custody.domain.proofs.cosignature import NOBODY, TrustedWitnesses
from custody.domain.use_cases.import_cosignature import ImportResult, import_cosignatures
from tests.unit.provable import MemoryReader, MemoryWriter, recorded_at
from tests.unit.signed_ledger import OTHER_KEY, TRUSTED, SignedLedger, new_ledger, verify_each
from tests.unit.witnessing import NAME, OTHER_WITNESS, TIME, WITNESS, WITNESSES, cosigned, line_over, trusted


def imported(ledger: SignedLedger, note: bytes, witnesses: TrustedWitnesses = WITNESSES) -> ImportResult:
    return import_cosignatures(
        MemoryWriter(ledger), MemoryReader(ledger), note, trusted=TRUSTED, witnesses=witnesses,
        verify_many=verify_each,
    )  # fmt: skip


def test_a_good_cosignature_is_recorded_with_the_exact_note() -> None:
    ledger = new_ledger(1)
    note, root = ledger.note(), ledger.frontier.root()
    result = imported(ledger, cosigned(note))
    [(position, event)] = result.recorded
    assert event == CheckpointCosigned(
        size=5,
        root=root.hex(),
        note_sha256=hashlib.sha256(note).hexdigest(),
        witness=NAME,
        key_hash=next(iter(WITNESSES))[1].hex(),
        time=TIME,
        cosignature=line_over(parse_note(note).text),
    )
    assert (position, recorded_at(ledger, position).event) == (5, event)
    assert (result.known, result.ignored) == ((), 0)
    assert recorded_at(ledger, position).stream.kind == "checkpoint"


def test_the_same_cosignature_is_recorded_once() -> None:
    ledger = new_ledger(1)
    note = cosigned(ledger.note())
    first = imported(ledger, note)
    twice = note + note.splitlines(keepends=True)[-1]
    for again in (note, twice):
        result = imported(ledger, again)
        assert (result.recorded, result.known) == ((), first.recorded)
    assert len(ledger.rows) == 6


def test_several_witnesses_are_recorded_and_strangers_counted() -> None:
    ledger = new_ledger(1)
    note = cosigned(cosigned(cosigned(ledger.note()), OTHER_WITNESS), name="a.stranger")
    result = imported(ledger, note, trusted(WITNESS, OTHER_WITNESS))
    assert [position for position, _ in result.recorded] == [5, 6]
    assert len({event.key_hash for _, event in result.recorded}) == 2
    assert result.ignored == 1
    later = imported(ledger, cosigned(note, time=TIME + 1), trusted(WITNESS, OTHER_WITNESS))
    assert ([position for position, _ in later.recorded], len(later.known)) == ([7], 2)


def test_the_witness_of_an_older_checkpoint_is_recorded_too() -> None:
    ledger = new_ledger(2)
    [(position, event)] = imported(ledger, cosigned(ledger.notes[2].note)).recorded
    assert (position, event.size) == (8, 5)


@pytest.mark.parametrize("witnesses", [NOBODY, trusted(OTHER_WITNESS)])
def test_a_witness_is_never_trusted_because_the_file_names_it(witnesses: TrustedWitnesses) -> None:
    ledger = new_ledger(1)
    with pytest.raises(CannotTell, match="no witness that is trusted here"):
        imported(ledger, cosigned(ledger.note()), witnesses)
    assert len(ledger.rows) == 5


def test_a_note_that_nobody_cosigned_is_not_recorded() -> None:
    ledger = new_ledger(1)
    with pytest.raises(CannotTell, match="no witness"):
        imported(ledger, ledger.note())


def test_a_cosignature_of_another_checkpoint_is_refuted_even_beside_a_good_one() -> None:
    ledger = new_ledger(2)
    old = parse_note(cosigned(ledger.notes[2].note)).signatures[-1].line()
    note = cosigned(ledger.note()) + f"{old}\n".encode()
    with pytest.raises(Tampered, match=f"witness {NAME} does not fit"):
        imported(ledger, note)
    assert len(ledger.rows) == 8


def test_a_cosigned_checkpoint_that_the_ledger_does_not_extend_is_not_recorded() -> None:
    held = cosigned(new_ledger(2).note())
    ledger = new_ledger(1)
    result = imported(ledger, held)
    assert (result.check.outcome, result.recorded) == ("cut", ())
    assert len(ledger.rows) == 5


def test_a_checkpoint_of_another_ledger_is_not_recorded() -> None:
    ledger = new_ledger(1)
    result = imported(ledger, cosigned(ledger.note(origin=f"{ORIGIN_PREFIX}other")))
    assert (result.check.outcome, result.recorded) == ("other-ledger", ())


def test_what_a_witness_cosigned_of_a_strangers_signing_is_not_recorded() -> None:
    ledger = new_ledger(1)
    assert imported(ledger, cosigned(ledger.note(OTHER_KEY))).check.outcome == "unknown-key"


def test_a_checkpoint_that_is_not_kept_any_more_is_not_recorded() -> None:
    ledger = new_ledger(2)
    note = ledger.notes[2].note
    ledger.notes = [kept for kept in ledger.notes if kept.note != note]
    with pytest.raises(CannotTell, match="not kept here any more"):
        imported(ledger, cosigned(note))
    assert len(ledger.rows) == 8


def test_rubbish_is_malformed() -> None:
    with pytest.raises(MalformedData):
        imported(new_ledger(1), b"rubbish")


def test_the_exact_note_is_the_one_kept_whatever_lines_came_back() -> None:
    ledger = new_ledger(1)
    kept = cosigned(ledger.note(), name="somebody.else")
    ledger.notes = [replace(ledger.notes[-1], note=kept)]
    [(_, event)] = imported(ledger, cosigned(ledger.note())).recorded
    assert event.note_sha256 == hashlib.sha256(kept).hexdigest()
