"""The audit of a ledger of which some entries are only given as leaf hashes."""

from dataclasses import replace

import pytest

from custody.domain.audit.auditor import RawRevision, check_revisions
from custody.domain.audit.findings import Findings
from custody.domain.use_cases.audit_ledger import AuditResult
from tests.unit.one_file_ledger import judged_by_both
from tests.unit.signed_ledger import SignedLedger, new_ledger
from tests.unit.test_audit_claims import (
    FIRST,
    SECOND_JOB,
    copied,
    file_stream,
    queued,
    skipped,
    two_jobs,
    verified,
)


def codes(result: AuditResult) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.position) for finding in result.findings]


@pytest.fixture
def ledger() -> SignedLedger:
    """Eleven entries: the opening, and three sessions of three."""
    ledger = new_ledger(3)
    ledger.documents.clear()
    ledger.head = None
    return ledger


def test_a_withheld_session_is_counted_and_keeps_tree_and_chain_together(ledger: SignedLedger) -> None:
    ledger.withhold(8, 9, 10)
    result = judged_by_both(ledger)

    assert (result.verdict, result.entries, result.withheld) == ("passed", 8, 3)


def test_a_leaf_hash_that_is_not_the_one_is_seen_by_the_entry_behind_it_and_the_root(
    ledger: SignedLedger,
) -> None:
    ledger.withhold(2, 3, 4)
    ledger.rows[4] = replace(ledger.rows[4], withheld=bytes(32))

    assert codes(judged_by_both(ledger)) == [("chain-broken", 4), ("checkpoint-root", 4)]


def test_a_changed_entry_behind_withheld_ones_is_seen(ledger: SignedLedger) -> None:
    ledger.withhold(2, 3, 4)
    ledger.rows[5] = replace(ledger.rows[6], position=5)
    found = codes(judged_by_both(ledger))

    assert ("misplaced-entry", 5) in found


def test_a_gap_in_a_stream_decides_nothing_where_entries_are_withheld(ledger: SignedLedger) -> None:
    ledger.withhold(3)  # the first of the batch's stream; two more follow
    result = judged_by_both(ledger)

    assert (result.verdict, result.findings) == ("indeterminate", ())
    assert result.verdicts["structure"] == "indeterminate"


def test_a_revision_that_stands_twice_is_a_finding_all_the_same() -> None:
    findings = Findings()
    check_revisions([RawRevision(b"s", 1, 4), RawRevision(b"s", 1, 5)], findings, some_withheld=True)

    assert [finding.code for finding in findings.listed()] == ["revision-gap"]


def test_the_beginning_may_not_be_withheld(ledger: SignedLedger) -> None:
    ledger.withhold(1)

    assert ("no-genesis", 1) in codes(judged_by_both(ledger))


def test_a_withheld_entry_without_a_place_is_a_finding(ledger: SignedLedger) -> None:
    ledger.withhold(4)
    ledger.rows[4] = replace(ledger.rows[4], position="4")

    assert "no-position" in [code for code, _ in codes(judged_by_both(ledger))]


@pytest.mark.parametrize(
    ("withheld", "claims"),
    [
        ([FIRST + 1, FIRST + 2], 1),  # the copying and the flushing
        ([5], 1),  # the job
        ([FIRST + 2], 1),
    ],
)
def test_a_claim_that_rests_on_withheld_entries_is_left_open(withheld: list[int], claims: int) -> None:
    ledger = copied()
    ledger.head = None
    ledger.withhold(*withheld)
    result = judged_by_both(ledger)

    assert (result.verdicts["structure"], result.findings) == ("indeterminate", ())
    assert f"claims that rest on withheld entries: {claims}" in result.notes


def test_a_file_skipped_by_a_job_that_is_withheld_is_left_open() -> None:
    ledger = two_jobs()
    ledger.add(file_stream(), skipped(None, read_back="direct"))
    ledger.head = None
    ledger.withhold(5)

    assert judged_by_both(ledger).verdicts["structure"] == "indeterminate"


def test_a_citation_of_a_withheld_proof_is_left_open_and_one_of_a_false_one_is_not() -> None:
    ledger = copied()
    proof = FIRST + 3
    ledger.add(file_stream(SECOND_JOB), skipped(proof, job=SECOND_JOB))
    ledger.add(file_stream(SECOND_JOB), skipped(2, job=SECOND_JOB))
    ledger.head = None
    ledger.withhold(FIRST, FIRST + 1, FIRST + 2, proof)
    result = judged_by_both(ledger)

    assert codes(result) == [("citation-unfounded", FIRST + 5)]
    assert "claims that rest on withheld entries: 1" in result.notes


def test_a_false_claim_whose_history_is_there_is_a_finding_although_others_are_withheld() -> None:
    ledger = two_jobs()
    for event in (queued(), verified()):
        ledger.add(file_stream(), event)
    ledger.head = None
    ledger.withhold(2)

    assert codes(judged_by_both(ledger)) == [("claim-unfounded", FIRST + 1)]


def test_a_plan_may_be_left_out_where_entries_are_withheld(ledger: SignedLedger) -> None:
    assert ("document-missing", 3) in codes(judged_by_both(ledger))
    ledger.withhold(8, 9, 10)
    assert codes(judged_by_both(ledger)) == []
