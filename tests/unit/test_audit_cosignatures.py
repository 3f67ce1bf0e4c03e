"""What an audit makes of cosignatures: those that entries record, and those on notes brought along."""

import hashlib
from dataclasses import replace

import pytest

from custody.domain.audit.auditor import LedgerAuditor
from custody.domain.audit.terms import AuditTerms
from custody.domain.events import CheckpointCosigned
from custody.domain.identifiers import checkpoint_stream
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, Checkpoint, parse_note, parse_signature_line
from custody.domain.proofs.cosignature import MAX_TIME, NOBODY, TrustedWitnesses, as_cosignature, witness_vkey
from custody.domain.use_cases.audit_ledger import AuditResult
from tests.unit.one_file_ledger import judged_by_both
from tests.unit.signed_ledger import (
    LEDGER,
    OTHER_KEY,
    TRUSTED,
    SignedLedger,
    new_ledger,
    session_opened,
    session_stream,
    verify_each,
)
from tests.unit.witnessing import NAME, OTHER_WITNESS, TIME, WITNESS, WITNESSES, cosigned, line_over, trusted


def event_of(note: bytes, line: str | None = None, **changes: object) -> CheckpointCosigned:
    """What an import records of a note; ``changes`` are what somebody wrote instead."""
    text = parse_note(note).text
    checkpoint = Checkpoint.parse(text)
    line = line or line_over(text)
    read = as_cosignature(parse_signature_line(line))
    event = CheckpointCosigned(
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        note_sha256=hashlib.sha256(note).hexdigest(),
        witness=read.name,
        key_hash=read.key_hash.hex(),
        time=read.time,
        cosignature=line,
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def anchored() -> SignedLedger:
    ledger = new_ledger(1)
    event = event_of(ledger.note())
    ledger.add(checkpoint_stream(LEDGER, 5), event)
    ledger.sign_checkpoint()
    return ledger


def judged(
    ledger: SignedLedger, witnesses: TrustedWitnesses = WITNESSES, extra: tuple[bytes, ...] = ()
) -> AuditResult:
    return judged_by_both(ledger, extra=extra, witnesses=witnesses)


def found(result: AuditResult) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.position) for finding in result.findings]


def test_a_ledger_without_cosignatures_has_no_verdict_about_them() -> None:
    result = judged(new_ledger(1))
    assert "anchors" not in result.verdicts
    assert result.verdict == "passed"


def test_a_good_cosignature_of_a_trusted_witness_passes_and_is_told() -> None:
    result = judged(anchored())
    assert (found(result), result.verdicts["anchors"], result.verdict) == ([], "passed", "passed")
    [note] = result.notes
    assert note == f"witness {NAME} cosigned the first 5 entries at 2023-03-20T12:25:47Z, by its own clock"


@pytest.mark.parametrize("witnesses", [NOBODY, trusted(OTHER_WITNESS), trusted(WITNESS, name="another")])
def test_a_witness_is_never_trusted_because_the_ledger_names_it(witnesses: TrustedWitnesses) -> None:
    result = judged(anchored(), witnesses)
    assert (found(result), result.verdicts["anchors"], result.verdict) == (
        [], "indeterminate", "indeterminate",
    )  # fmt: skip
    assert any("not trusted here" in one.message and NAME in one.message for one in result.undecided)


def test_without_keys_of_the_ledger_a_cosignature_is_still_judged() -> None:
    result = anchored().audit({}, witnesses=WITNESSES)
    assert result.verdicts["anchors"] == "passed"
    assert result.verdict == "indeterminate"


def test_a_forged_cosignature_is_a_finding() -> None:
    ledger = new_ledger(1)
    text = parse_note(ledger.note()).text
    forged = replace(
        parse_signature_line(line_over(text)), signature=TIME.to_bytes(8, "big") + bytes(64)
    ).line()
    event = event_of(ledger.note(), forged)
    ledger.add(checkpoint_stream(LEDGER, 5), event)
    assert found(judged(ledger)) == [("cosignature-forged", 5)]


def test_the_cosignature_of_another_checkpoint_is_a_finding() -> None:
    ledger = new_ledger(2)
    older = line_over(parse_note(ledger.notes[2].note).text)
    ledger.add(checkpoint_stream(LEDGER, 8), event_of(ledger.note(), older))
    assert found(judged(ledger)) == [("cosignature-forged", 8)]


@pytest.mark.parametrize(
    "change",
    [
        {"witness": "somebody.else"},
        {"key_hash": "00112233"},
        {"time": TIME + 1},
        {"cosignature": "rubbish"},
        {"cosignature": "— a AAAAAAA="},
        {"cosignature": line_over(b"", time=MAX_TIME + 1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_entry_that_says_otherwise_than_its_line_is_a_finding(change: dict[str, object]) -> None:
    ledger = new_ledger(1)
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(ledger.note(), **change))
    assert found(judged(ledger)) == [("cosignature-malformed", 5)]


def test_a_note_with_another_hash_than_any_that_is_kept_is_a_finding() -> None:
    ledger = new_ledger(1)
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(ledger.note(), note_sha256="00" * 32))
    for witnesses in (WITNESSES, NOBODY):
        assert found(judged(ledger, witnesses)) == [("cosignature-without-checkpoint", 5)]


@pytest.mark.parametrize("change", [{"size": 4}, {"root": "00" * 32}], ids=["size", "root"])
def test_an_entry_of_another_size_or_root_than_its_note_is_a_finding(change: dict[str, object]) -> None:
    ledger = new_ledger(1)
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(ledger.note(), **change))
    assert found(judged(ledger)) == [("cosignature-of-another-checkpoint", 5)]


def test_an_entry_that_cites_the_note_of_another_ledger_is_a_finding() -> None:
    ledger = new_ledger(1)
    other = ledger.note(origin=f"{ORIGIN_PREFIX}other")
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(other))
    assert found(judged(ledger, extra=(other,))) == [("cosignature-of-another-checkpoint", 5)]


def test_no_entry_records_the_cosignature_of_itself() -> None:
    ledger = new_ledger(2)
    later = ledger.note()
    short = new_ledger(1)
    short.notes = ledger.notes
    short.add(checkpoint_stream(LEDGER, 8), event_of(later))
    assert ("cosignature-too-early", 5) in found(judged(short))


def test_a_checkpoint_that_the_entries_do_not_make_anchors_nothing() -> None:
    signed = new_ledger(1)
    ledger = SignedLedger()
    for number in range(5):
        ledger.add(session_stream(number), session_opened())
    ledger.notes = signed.notes
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(signed.note()))
    result = judged(ledger)
    assert "checkpoint-root" in [code for code, _ in found(result)]
    assert "anchors" not in result.verdicts


def test_a_cosigned_note_brought_along_that_fits_passes() -> None:
    ledger = new_ledger(2)
    result = judged(ledger, extra=(cosigned(ledger.notes[2].note),))
    assert (found(result), result.verdicts["anchors"]) == ([], "passed")
    assert any("first 5 entries" in note for note in result.notes)
    assert "anchors" not in ledger.audit(extra=[cosigned(ledger.notes[2].note)]).verdicts


def test_a_cosigned_note_of_another_history_is_refuted_with_both_roots() -> None:
    signed = new_ledger(1)
    ledger = SignedLedger()
    for number in range(5):
        ledger.add(session_stream(number), session_opened())
    result = judged(ledger, extra=(cosigned(signed.note()),))
    [finding] = [one for one in result.findings if one.code == "cosigned-otherwise"]
    assert signed.frontier.root().hex() in finding.message
    assert ledger.frontier.root().hex() in finding.message
    assert result.verdicts["anchors"] == "failed"


def test_a_cosigned_note_counts_without_the_ledgers_own_signature() -> None:
    ledger = new_ledger(1)
    result = judged(ledger, extra=(cosigned(ledger.note(OTHER_KEY)),))
    assert found(result) == [("checkpoint-signature", None)]
    assert result.verdicts["anchors"] == "passed"


def test_a_cosigned_note_beyond_the_end_shows_the_cut() -> None:
    held = cosigned(new_ledger(2).note())
    result = judged(new_ledger(1), extra=(held,))
    assert ("cosigned-otherwise", None) in found(result)
    assert any("8 entries" in finding.message and "only 5" in finding.message for finding in result.findings)


def test_a_cosigned_note_over_entries_that_are_missing_is_refuted() -> None:
    ledger = new_ledger(2)
    del ledger.rows[3]
    result = judged(ledger, extra=(cosigned(ledger.note()),))
    [finding] = [one for one in result.findings if one.code == "cosigned-otherwise"]
    assert "do not stand in order" in finding.message


def test_a_forged_line_on_a_note_is_a_finding() -> None:
    ledger = new_ledger(2)
    wrong = ledger.note() + f"{line_over(parse_note(ledger.notes[2].note).text)}\n".encode()
    assert found(judged(ledger, extra=(wrong,))) == [("cosignature-forged", None)]


def test_a_cosigned_note_of_another_ledger_anchors_nothing() -> None:
    ledger = new_ledger(1)
    other = cosigned(ledger.note(origin=f"{ORIGIN_PREFIX}other"))
    result = judged(ledger, extra=(other,))
    assert found(result) == []
    assert "anchors" not in result.verdicts
    assert result.verdicts["checkpoints"] == "indeterminate"


def test_a_ledger_without_an_id_is_compared_with_every_cosigned_note() -> None:
    held = cosigned(new_ledger(1).note())
    assert ("cosigned-otherwise", None) in found(judged(SignedLedger(), extra=(held,)))


def test_of_each_witness_the_farthest_checkpoint_is_told() -> None:
    ledger = new_ledger(2)
    both = trusted(WITNESS, OTHER_WITNESS)
    notes = [cosigned(ledger.note(), time=TIME + 9), cosigned(ledger.notes[2].note), cosigned(ledger.note())]
    other = cosigned(ledger.notes[0].note, OTHER_WITNESS)
    raw = [replace(ledger.notes[0], note=note, size=None, frontier=None) for note in (*notes, other)]
    auditor = LedgerAuditor(TRUSTED, verify_each, raw, ledger.source(), terms=AuditTerms(witnesses=both))
    for row in ledger.rows:
        auditor.admit(row)
    auditor.conclude(None)
    assert {(one.witness, one.name, one.size, one.time) for one in auditor.cosigned} == {
        (witness_vkey(NAME, WITNESS.public_raw), NAME, 8, TIME + 9),
        (witness_vkey(NAME, OTHER_WITNESS.public_raw), NAME, 2, TIME),
    }


def test_what_a_hostile_entry_says_is_shown_harmless() -> None:
    ledger = new_ledger(1)
    name = "\u202e" + "x" * 5000
    line = line_over(parse_note(ledger.note()).text, name=name)
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(ledger.note(), line))
    result = judged(ledger)
    assert result.verdicts["anchors"] == "indeterminate"
    assert all("\u202e" not in note and len(note) < 400 for note in result.notes)


def test_a_smaller_checkpoint_seen_later_does_not_take_the_place_of_a_larger_one() -> None:
    ledger = anchored()
    result = judged(ledger, extra=(cosigned(ledger.notes[0].note),))  # type: ignore[arg-type]
    [note] = result.notes
    assert "the first 5 entries" in note
