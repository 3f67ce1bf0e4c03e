"""What an audit makes of checkpoints: of the ledger's own, brought along, forged, and contradictory ones."""

from dataclasses import replace

import pytest

from custody.domain.audit.checkpoints import RawNote
from custody.domain.events import SessionClosed
from custody.domain.proofs.checkpoint import MAX_NOTE_BYTES, ORIGIN_PREFIX, Checkpoint, signed_note
from custody.domain.proofs.merkle import EMPTY_ROOT
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from tests.unit.signed_ledger import (
    KEY,
    LEDGER,
    OTHER_KEY,
    SignedLedger,
    new_ledger,
    session_opened,
    session_stream,
)

ORIGIN = f"{ORIGIN_PREFIX}{LEDGER}"


def codes(ledger: SignedLedger, extra: tuple[bytes, ...] = ()) -> list[str]:
    return [finding.code for finding in ledger.audit(extra=extra).findings]


def note_of(size: int, root: bytes, *, origin: str = ORIGIN, signer: Ed25519Signer = KEY) -> bytes:
    text = Checkpoint(origin=origin, size=size, root=root).text()
    return signed_note(text, origin, signer.public_raw, signer.sign(text))


def test_without_any_checkpoint_nothing_is_proved_about_cuts() -> None:
    ledger = new_ledger(1)
    ledger.notes.clear()
    result = ledger.audit()
    assert (result.verdict, result.verdicts["checkpoints"]) == ("indeterminate", "indeterminate")
    assert any("a cut of this ledger could not be seen" in note for note in result.notes)


def test_a_checkpoint_brought_along_that_fits_passes() -> None:
    ledger = new_ledger(1)
    assert ledger.audit(extra=[ledger.note()]).verdict == "passed"


def test_a_checkpoint_of_the_empty_ledger_fits_every_ledger() -> None:
    assert codes(new_ledger(1), (note_of(0, EMPTY_ROOT),)) == []


def test_a_checkpoint_brought_along_shows_a_cut_that_the_store_conceals() -> None:
    held_elsewhere = new_ledger(2).note()
    result = new_ledger(1).audit(extra=[held_elsewhere])
    assert [(finding.position, finding.code) for finding in result.findings] == [(5, "cut")]


def test_a_ledger_rewritten_by_its_key_holder_contradicts_a_checkpoint_held_elsewhere() -> None:
    held_elsewhere = new_ledger(1).note()
    rewritten = SignedLedger()
    for number in range(5):
        rewritten.add(session_stream(number), session_opened())
    found = rewritten.audit(extra=[held_elsewhere]).findings
    assert any(finding.code == "checkpoint-root" for finding in found)


def test_only_the_smallest_checkpoint_that_fails_is_told_with_the_last_that_held() -> None:
    ledger = new_ledger(3)
    changed = new_ledger(2)
    changed.add(session_stream(7), session_opened())
    changed.add(session_stream(7), SessionClosed(exit=3))
    changed.add(session_stream(8), session_opened())
    ledger.rows, ledger.head = changed.rows, changed.head
    [finding] = ledger.audit().findings
    assert (finding.code, finding.position) == ("checkpoint-root", None)
    assert "row 11" in finding.message
    assert "up to size 8 they are" in finding.message


def test_two_roots_for_one_size_are_a_fork() -> None:
    ledger = new_ledger(1)
    assert "checkpoint-fork" in codes(ledger, (note_of(5, bytes(32)),))


@pytest.mark.parametrize(
    "note",
    [
        None,
        "text",
        b"",
        b"rubbish",
        b"\xff\n\n",
        b"x" * (MAX_NOTE_BYTES + 1),
        b"a\nb\nc\n\n\xe2\x80\x94 a AAAAAAA=\n",
    ],
)
def test_a_note_that_is_no_checkpoint_is_a_finding(note: object) -> None:
    ledger = new_ledger(1)
    ledger.notes.append(RawNote(where="file 5.note", note=note))
    assert codes(ledger) == ["malformed-checkpoint"]


def test_a_checkpoint_signed_by_an_untrusted_key_is_a_finding() -> None:
    ledger = new_ledger(1)
    assert codes(ledger, (ledger.note(OTHER_KEY),)) == ["checkpoint-signature"]


def test_a_checkpoint_whose_signature_was_changed_is_a_finding() -> None:
    ledger = new_ledger(1)
    note = ledger.note().replace(b"\n5\n", b"\n4\n")
    assert codes(ledger, (note,)) == ["checkpoint-signature"]


def test_a_checkpoint_of_another_ledger_among_the_ledgers_own_is_a_finding() -> None:
    ledger = new_ledger(1)
    other = note_of(5, ledger.frontier.root(), origin=f"{ORIGIN_PREFIX}other")
    ledger.notes.append(RawNote(where="file 5.note", note=other, size=5))
    assert codes(ledger) == ["checkpoint-origin"]
    assert codes(ledger, (other,)) == ["checkpoint-origin"]


@pytest.mark.parametrize("signer", [KEY, OTHER_KEY], ids=["by the same key", "by another key"])
@pytest.mark.parametrize("size", [5, 500])
def test_a_checkpoint_of_another_ledger_brought_along_proves_nothing_in_neither_way(
    signer: Ed25519Signer, size: int
) -> None:
    ledger = new_ledger(1)
    other = note_of(size, bytes(32), origin=f"{ORIGIN_PREFIX}other", signer=signer)
    result = ledger.audit(extra=[other])
    assert (result.findings, result.verdicts["checkpoints"]) == ((), "indeterminate")
    assert result.verdict == "indeterminate"
    [note] = [one.message for one in result.undecided]
    assert note == (
        "the checkpoint 1 brought along is of another ledger and says nothing of this one: "
        f"{ORIGIN_PREFIX}other"
    )


def test_a_checkpoint_of_another_ledger_does_not_hide_that_the_entries_were_cut() -> None:
    ledger = new_ledger(1)
    held_elsewhere = new_ledger(2).note()
    other = note_of(500, bytes(32), origin=f"{ORIGIN_PREFIX}other")
    assert codes(ledger, (other, held_elsewhere)) == ["cut"]


def test_a_ledger_without_an_id_takes_every_checkpoint_for_its_own() -> None:
    ledger = SignedLedger()
    foreign = ledger.note(OTHER_KEY, origin=f"{ORIGIN_PREFIX}other")
    assert "checkpoint-signature" in codes(ledger, (foreign,))


@pytest.mark.parametrize("size", [4, True, "5"])
def test_a_checkpoint_under_the_name_of_another_size_is_a_finding(size: object) -> None:
    ledger = new_ledger(1)
    ledger.notes.append(RawNote(where="file", note=ledger.note(), size=size))
    assert codes(ledger) == ["checkpoint-size"]


@pytest.mark.parametrize("frontier", [b"", "text", bytes(8), bytes(7), b"\xff" * 40])
def test_a_tree_kept_beside_a_checkpoint_must_be_the_signed_one(frontier: object) -> None:
    ledger = new_ledger(1)
    ledger.notes[-2] = replace(ledger.notes[-2], frontier=frontier)
    result = ledger.audit()
    assert [finding.code for finding in result.findings] == ["checkpoint-frontier"]
    assert result.verdicts["tree"] == "failed"
