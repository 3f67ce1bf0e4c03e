"""The audit of a ledger in memory: what is sound passes, what was changed is named at its position."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from custody.domain.audit.findings import MAX_FINDINGS
from custody.domain.audit.head import RawHead
from custody.domain.audit.record import RawColumns
from custody.domain.entries import dsse
from custody.domain.entries.dsse import MAX_ENTRY_BYTES
from custody.domain.errors import LedgerFailed, LedgerUnreadable
from custody.domain.events import SessionClosed
from custody.domain.identifiers import KeyId, batch_stream
from custody.domain.paths import RawPath
from custody.domain.use_cases.audit_ledger import MAX_DIFFERENCES_OF_A_CUT, ProjectionDifference
from tests.unit.signed_ledger import (
    KEY,
    LEDGER,
    OTHER_KEY,
    PLAN_SHA256,
    TRUSTED,
    MemorySource,
    SignedLedger,
    batch_queued,
    new_ledger,
    session_opened,
    session_stream,
    signed_body,
    verify_each,
)

Tamper = Callable[[SignedLedger], None]


def renumber(ledger: SignedLedger) -> None:
    ledger.rows = [replace(row, position=position) for position, row in enumerate(ledger.rows)]


def change_byte(ledger: SignedLedger, position: int, at: int) -> None:
    entry = bytearray(ledger.rows[position].entry)
    entry[at] ^= 1
    ledger.rows[position] = replace(ledger.rows[position], entry=bytes(entry))


def flip_payload(ledger: SignedLedger) -> None:
    change_byte(ledger, 5, 100)


def flip_signature(ledger: SignedLedger) -> None:
    entry = ledger.rows[5].entry
    end = len(entry) - 20
    other = b"A" if entry[end : end + 1] != b"A" else b"B"
    ledger.rows[5] = replace(ledger.rows[5], entry=entry[:end] + other + entry[end + 1 :])


def change_event(ledger: SignedLedger) -> None:
    """Another event, signed by nobody, in good form."""
    shorter = new_ledger(1)
    body = shorter.body(session_stream(1), session_opened(synchronised=False))
    signature_of_another = ledger.rows[4].entry[-92:-4]
    forged = signed_body(body)[:-92] + signature_of_another + ledger.rows[4].entry[-4:]
    ledger.rows[5] = replace(ledger.rows[5], entry=forged)


def remove(ledger: SignedLedger) -> None:
    del ledger.rows[5]


def remove_and_renumber(ledger: SignedLedger) -> None:
    del ledger.rows[5]
    renumber(ledger)


def remove_three(ledger: SignedLedger) -> None:
    del ledger.rows[5:8]


def insert_a_copy(ledger: SignedLedger) -> None:
    ledger.rows.insert(5, ledger.rows[3])
    renumber(ledger)


def insert_rubbish(ledger: SignedLedger) -> None:
    ledger.rows.insert(5, replace(ledger.rows[3], entry=b"rubbish"))
    renumber(ledger)


def insert_under_a_used_position(ledger: SignedLedger) -> None:
    ledger.rows.insert(6, ledger.rows[5])


def swap_with_the_next(ledger: SignedLedger) -> None:
    ledger.rows[5], ledger.rows[6] = ledger.rows[6], ledger.rows[5]
    renumber(ledger)


def swap_with_one_far_off(ledger: SignedLedger) -> None:
    ledger.rows[5], ledger.rows[9] = ledger.rows[9], ledger.rows[5]
    renumber(ledger)


def entry_is_text(ledger: SignedLedger) -> None:
    ledger.rows[5] = replace(ledger.rows[5], entry="not bytes")


def entry_is_null(ledger: SignedLedger) -> None:
    ledger.rows[5] = replace(ledger.rows[5], entry=None)


def entry_is_huge(ledger: SignedLedger) -> None:
    ledger.rows[5] = replace(ledger.rows[5], entry=b"{" * (MAX_ENTRY_BYTES + 1))


def change_the_revision_column(ledger: SignedLedger) -> None:
    row = ledger.rows[5]
    ledger.rows[5] = replace(row, columns=replace(row.columns, revision=7))


def change_the_stream_column(ledger: SignedLedger) -> None:
    row = ledger.rows[5]
    ledger.rows[5] = replace(row, columns=replace(row.columns, stream=bytes(16)))


def change_the_type_column(ledger: SignedLedger) -> None:
    row = ledger.rows[5]
    ledger.rows[5] = replace(row, columns=replace(row.columns, type="FileVerified"))


def columns_of_other_types(ledger: SignedLedger) -> None:
    ledger.rows[5] = replace(ledger.rows[5], columns=RawColumns("x", True, None))


AT_FIVE: tuple[Tamper, ...] = (
    flip_payload, flip_signature, change_event, remove, remove_and_renumber, remove_three, insert_a_copy,
    insert_rubbish, insert_under_a_used_position, swap_with_the_next, swap_with_one_far_off, entry_is_text,
    entry_is_null, entry_is_huge, change_the_revision_column, change_the_stream_column,
    change_the_type_column, columns_of_other_types,
)  # fmt: skip


def codes(ledger: SignedLedger, **options: object) -> set[tuple[int | None, str]]:
    return {(finding.position, finding.code) for finding in ledger.audit(**options).findings}


def test_a_sound_ledger_passes_every_check() -> None:
    result = new_ledger(3).audit()
    assert set(result.verdicts.values()) == {"passed"}
    assert (result.verdict, result.entries, result.findings, result.notes) == ("passed", 11, (), ())


@pytest.mark.parametrize("tamper", AT_FIVE)
def test_the_first_position_named_is_the_one_that_was_tampered_with(tamper: Tamper) -> None:
    ledger = new_ledger(3)
    tamper(ledger)
    result = ledger.audit()
    positions = [finding.position for finding in result.findings]
    assert (result.verdict, positions[0]) == ("failed", 5)


@pytest.mark.parametrize(
    "tamper", [flip_payload, flip_signature, change_event, remove, entry_is_null, change_the_type_column]
)
def test_no_other_position_is_blamed_for_one_bad_entry(tamper: Tamper) -> None:
    ledger = new_ledger(3)
    tamper(ledger)
    assert {finding.position for finding in ledger.audit().findings} == {5}


@pytest.mark.parametrize("tamper", [entry_is_null, insert_rubbish, insert_under_a_used_position])
def test_signatures_do_not_pass_when_one_could_not_be_checked(tamper: Tamper) -> None:
    ledger = new_ledger(3)
    tamper(ledger)
    assert ledger.audit().verdicts["signatures"] == "indeterminate"


def test_each_of_two_swapped_entries_is_named() -> None:
    ledger = new_ledger(3)
    swap_with_one_far_off(ledger)
    assert {finding.position for finding in ledger.audit().findings} == {5, 9}


def test_an_entry_changed_with_its_key_breaks_the_chain_at_its_position() -> None:
    ledger = new_ledger(3)
    other = new_ledger(1)
    other.add(session_stream(1), session_opened(synchronised=False))
    ledger.rows[5] = replace(ledger.rows[5], entry=other.rows[5].entry)
    assert (5, "chain-broken") in codes(ledger)


def test_an_entry_whose_link_was_forged_is_blamed_and_not_the_one_before() -> None:
    ledger = new_ledger(3)
    body = ledger.rows[5].entry
    other = SignedLedger(frontier=new_ledger(1).frontier, previous=b"\x01" * 32)
    forged = signed_body(other.body(session_stream(1), session_opened()), OTHER_KEY, KEY.key_id)
    assert forged != body
    ledger.rows[5] = replace(ledger.rows[5], entry=forged)
    assert {finding.position for finding in ledger.audit().findings} == {5}


def test_without_keys_the_chain_still_shows_a_changed_entry() -> None:
    ledger = new_ledger(3)
    flip_signature(ledger)
    result = ledger.audit({})
    assert (result.verdicts["signatures"], result.verdicts["chain"]) == ("indeterminate", "failed")
    assert result.findings[0].position == 5


def test_without_keys_a_sound_ledger_is_indeterminate() -> None:
    result = new_ledger(2).audit({})
    assert result.verdict == "indeterminate"
    assert result.verdicts["signatures"] == result.verdicts["checkpoints"] == "indeterminate"


def test_a_run_of_entries_by_an_unknown_key_is_one_finding() -> None:
    result = new_ledger(2).audit({KeyId(OTHER_KEY.key_id): OTHER_KEY.public_raw})
    assert [finding.position for finding in result.findings if finding.code == "unknown-key"] == [0]
    assert result.verdicts["signatures"] == "failed"


HOSTILE_DATA = {
    "nested too deeply": b"[" * 40 + b"]" * 40,
    "nested so deeply that a parser would run out of stack": b"[" * 20_000 + b"]" * 20_000,
    "an integer beyond 2^53-1": b"9007199254740992",
    "an integer of very many digits": b"1" * 30_000,
    "a float": b"1.0",
    "an exponent": b"1e3",
    "not a number": b"NaN",
    "infinite": b"-Infinity",
    "a negative zero": b"-0",
    "a repeated name": b'{"a":1,"a":1}',
    "unsorted names": b'{"b":1,"a":1}',
    "a name that is not ASCII": '{"é":1}'.encode(),
    "an escaped name that is not ASCII": b'{"\\u00e9":1}',
    "a lone surrogate": b'"\\ud800"',
    "an escape that is none of the canonical ones": b'"\\u0041"',
    "a blank": b"[1, 2]",
    "bytes that are not UTF-8": b'"\xff"',
}


@pytest.mark.parametrize("value", HOSTILE_DATA.values(), ids=HOSTILE_DATA.keys())
def test_hostile_data_that_its_author_signed_is_a_finding_at_its_position(value: bytes) -> None:
    ledger = new_ledger(2)
    body = dsse.open_envelope(ledger.rows[5].entry).body
    hostile = body.replace(b'"data":{', b'"data":{"a":' + value + b",", 1)
    assert hostile != body
    ledger.rows[5] = replace(ledger.rows[5], entry=signed_body(hostile))
    [first, *_] = ledger.audit().findings
    assert (first.position, first.code) == (5, "malformed-entry")


def test_a_position_that_is_no_number_is_a_finding() -> None:
    ledger = new_ledger(3)
    ledger.rows[5] = replace(ledger.rows[5], position="5")
    assert (5, "no-position") in codes(ledger)


def test_a_row_before_position_zero_is_a_finding() -> None:
    ledger = new_ledger(1)
    ledger.rows.insert(0, replace(ledger.rows[3], position=-1))
    assert (0, "no-position") in codes(ledger)


def test_a_first_entry_that_claims_a_predecessor_breaks_the_chain() -> None:
    ledger = SignedLedger(previous=b"\x01" * 32)
    ledger.add(session_stream(0), session_opened())
    assert (0, "chain-broken") in codes(ledger)


def test_entries_that_go_on_in_place_after_a_displaced_stretch_break_the_chain() -> None:
    ledger = new_ledger(3)
    ledger.rows = [*ledger.rows[:4], *ledger.rows[5:8], *ledger.rows[7:]]
    renumber(ledger)
    found = codes(ledger)
    assert {(4, "misplaced-entry"), (6, "chain-broken")} <= found


def test_a_ledger_without_any_entry_fails() -> None:
    ledger = new_ledger(1)
    ledger.rows.clear()
    result = ledger.audit()
    assert (None, "empty-ledger") in codes(ledger)
    assert (0, "cut") in codes(ledger)
    assert result.verdict == "failed"


def test_a_cut_tail_behind_a_checkpoint_is_named() -> None:
    ledger = new_ledger(3)
    del ledger.rows[9:]
    assert {(9, "cut"), (9, "head-differs")} == codes(ledger)


def test_a_cut_tail_is_seen_although_the_head_was_set_back() -> None:
    ledger = new_ledger(3)
    shorter = new_ledger(2)
    ledger.rows, ledger.head = ledger.rows[:8], shorter.head
    assert codes(ledger) == {(8, "cut")}


def test_a_head_that_is_not_the_one_of_the_entries_is_a_finding_of_the_tree() -> None:
    ledger = new_ledger(1)
    ledger.head = replace(ledger.head, previous=bytes(32))
    result = ledger.audit()
    assert codes(ledger) == {(None, "head-differs")}
    assert result.verdicts["tree"] == "failed"


@pytest.mark.parametrize("size", [True, "5", None, 5.0])
def test_a_head_of_wrong_types_is_a_finding(size: object) -> None:
    ledger = new_ledger(1)
    ledger.head = replace(ledger.head, size=size)
    assert codes(ledger) == {(None, "head-differs")}


def test_a_store_that_names_another_ledger_is_a_finding() -> None:
    ledger = new_ledger(1)
    ledger.head = replace(ledger.head, ledger="6f1d7f54-0000-0000-0000-000000000000")
    assert codes(ledger) == {(None, "store-of-another-ledger")}


def test_an_exported_log_needs_neither_head_nor_columns() -> None:
    ledger = new_ledger(2)
    ledger.head = None
    ledger.rows = [replace(row, columns=None) for row in ledger.rows]
    assert ledger.audit().verdict == "passed"


def test_the_last_session_left_open_is_a_note_and_no_finding() -> None:
    result = new_ledger(2, closed=False).audit()
    assert result.verdict == "passed"
    assert any("last session, begun at 5, was not closed" in note for note in result.notes)
    assert any("2 entries" in note for note in result.notes)


def test_an_earlier_session_that_crashed_is_a_note() -> None:
    ledger = new_ledger(2, closed=False)
    ledger.add(session_stream(9), session_opened())
    ledger.add(session_stream(9), SessionClosed(exit=0))
    notes = ledger.audit().notes
    assert "sessions that ended without being closed began at 5" in notes


def test_sessions_with_an_unsynchronised_clock_are_told_among_what_is_not_shown() -> None:
    ledger = new_ledger(1)
    for number in range(10, 35):
        ledger.add(session_stream(number), session_opened(synchronised=None))
    told = ledger.audit().not_shown[-1]
    assert "begun at 5, 6, 7" in told
    assert "and 5 more" in told


def test_a_cited_document_that_is_not_kept_is_a_finding() -> None:
    ledger = new_ledger(1)
    ledger.documents.clear()
    assert codes(ledger) == {(3, "document-missing")}


def test_the_batch_file_that_was_the_instruction_is_kept_too() -> None:
    ledger = new_ledger(1)
    event = replace(batch_queued(), instruction=RawPath(b"/b.toml"), instruction_sha256="0" * 64)
    ledger.add(batch_stream(LEDGER, event.batch), event)
    assert codes(ledger) == {(5, "document-missing")}


@pytest.mark.parametrize("content", [b"another plan", "text", b""])
def test_a_kept_document_that_is_not_the_one_cited_is_a_finding(content: object) -> None:
    ledger = new_ledger(1)
    ledger.documents[PLAN_SHA256] = content
    assert codes(ledger) == {(3, "document-differs")}


def test_differences_of_the_read_models_fail_the_projections() -> None:
    ledger = new_ledger(1)
    ledger.differences.append(ProjectionDifference(row="jobs 00", message="state is kept"))
    result = ledger.audit()
    assert [verdict for verdict in result.verdicts.values() if verdict != "passed"] == ["failed"]
    assert result.verdicts["projections"] == "failed"


def test_read_models_are_not_judged_by_a_damaged_ledger() -> None:
    ledger = new_ledger(3)
    flip_payload(ledger)
    ledger.differences.append(ProjectionDifference(row="jobs 00", message="state is kept"))
    assert ledger.audit().verdicts["projections"] == "indeterminate"


@pytest.mark.parametrize("error", [LedgerUnreadable("no such table"), LedgerFailed("no room")])
def test_read_models_that_cannot_be_compared_are_indeterminate(
    error: LedgerUnreadable | LedgerFailed,
) -> None:
    ledger = new_ledger(3)
    ledger.replay_error = error
    result = ledger.audit()
    assert (result.verdict, result.entries) == ("indeterminate", 11)
    assert any(error.what in reason.message for reason in result.undecided)


def test_damage_that_the_store_itself_reports_is_a_finding() -> None:
    ledger = new_ledger(1)
    ledger.damage.append("row 3 missing from index")
    assert codes(ledger) == {(None, "store-damaged")}


def test_a_ledger_that_cannot_be_read_to_its_end_is_not_judged() -> None:
    class Breaking(MemorySource):
        def records(self):  # noqa: ANN202
            yield self.ledger.rows[0]
            message = "database disk image is malformed"
            raise LedgerUnreadable(message)

    ledger = new_ledger(1)
    source = Breaking(ledger)
    ledger.source = lambda: source  # type: ignore[method-assign]
    with pytest.raises(LedgerUnreadable, match="malformed"):
        ledger.audit()


def test_findings_beyond_a_thousand_are_only_counted() -> None:
    ledger = new_ledger(1)
    ledger.damage += ["row missing"] * (MAX_FINDINGS + 7)
    result = ledger.audit()
    assert (len(result.findings), result.findings_not_listed) == (MAX_FINDINGS, 7)


def test_signatures_are_handed_over_in_batches() -> None:
    sizes: list[int] = []

    def counting(triples):  # noqa: ANN001, ANN202
        sizes.append(len(triples))
        return verify_each(triples)

    ledger = new_ledger(500)
    from custody.domain.use_cases.audit_ledger import audit

    ledger.notes.clear()
    audit(ledger.source(), TRUSTED, counting)
    assert sizes == [256] * 5 + [1502 - 5 * 256]


def test_the_order_within_a_stream_is_judged_by_its_revisions() -> None:
    ledger = new_ledger(1)
    ledger.revisions[session_stream(5).id] = 1
    ledger.add(session_stream(5), session_opened())
    assert codes(ledger) == {(5, "revision-gap")}


def test_a_revision_that_stands_before_an_earlier_one_is_a_finding() -> None:
    ledger = new_ledger(1)
    stream = session_stream(5)
    ledger.revisions[stream.id] = 1
    ledger.add(stream, session_opened())
    ledger.revisions[stream.id] = 0
    ledger.add(stream, session_opened())
    assert (5, "revision-order") in codes(ledger)


def test_the_head_may_be_missing_altogether() -> None:
    ledger = new_ledger(1)
    ledger.head = RawHead(size=None, frontier=None, previous=None, ledger=None)
    assert codes(ledger) == {(None, "head-differs"), (None, "store-of-another-ledger")}


def cut_with_differences(ledger: SignedLedger, number: int) -> None:
    ledger.differences += [ProjectionDifference(row=f"transfers {at}", message="-") for at in range(number)]
    del ledger.rows[3:]


def cut_behind_every_checkpoint(ledger: SignedLedger) -> None:
    ledger.notes.clear()


def cut_with_its_head(ledger: SignedLedger) -> None:
    ledger.head = None


@pytest.mark.parametrize("also", [lambda ledger: None, cut_behind_every_checkpoint, cut_with_its_head])
def test_a_cut_is_not_drowned_in_the_differences_of_the_read_models(also: Tamper) -> None:
    ledger = new_ledger(1)
    cut_with_differences(ledger, 300)
    also(ledger)
    result = ledger.audit()
    listed = [finding for finding in result.findings if finding.check == "projections"]
    assert (len(listed), result.findings_not_listed) == (MAX_DIFFERENCES_OF_A_CUT, 280)
    assert result.verdicts["projections"] == "failed"


def test_without_a_cut_every_difference_of_the_read_models_is_listed() -> None:
    ledger = new_ledger(1)
    ledger.differences += [ProjectionDifference(row=f"transfers {at}", message="-") for at in range(300)]
    result = ledger.audit()
    assert (len(result.findings), result.findings_not_listed) == (300, 0)
