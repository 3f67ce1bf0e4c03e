"""What a policy asks for beyond the ledger itself: anchors, an end, checks that somebody must carry out."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from custody.domain.audit.anchors import Anchor, AnchorKind, Anchors
from custody.domain.audit.findings import CHECKS, MAX_FINDINGS, Findings
from custody.domain.audit.policy import DEFAULT_POLICY, AuditPolicy
from custody.domain.errors import Busy, CustodyError, DestinationFailed, LedgerUnreadable, Refused
from custody.domain.paths import RawPath
from custody.domain.use_cases.audit_ledger import AuditResult, ProjectionDifference
from tests.unit.signed_ledger import SignedLedger, new_ledger, session_opened, session_stream

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def anchor(kind: AnchorKind, by: str, size: int, days_ago: float = 1) -> Anchor:
    return Anchor(kind=kind, by=by, size=size, at=NOW - timedelta(days=days_ago))


def held(policy: AuditPolicy, *anchors: Anchor) -> Anchors:
    kept = Anchors(policy)
    for one in anchors:
        kept.admit(one)
    return kept


def judged(policy: AuditPolicy, *anchors: Anchor, now: datetime | None = NOW) -> tuple[str | None, list[str]]:
    findings = Findings()
    held(policy, *anchors).judge(findings, now)
    return findings.verdicts().by_check.get("anchors"), [one.message for one in findings.undecided()]


STAMPED_BY_A, STAMPED_BY_B = anchor("stamp", "a", 40), anchor("stamp", "b", 70)
COSIGNED = anchor("cosignature", "w", 60)


def test_without_a_policy_no_anchor_is_missed() -> None:
    assert judged(DEFAULT_POLICY) == (None, [])
    assert held(DEFAULT_POLICY).covered() == 0


def test_an_anchor_that_nobody_asked_for_counts_all_the_same() -> None:
    assert judged(DEFAULT_POLICY, COSIGNED) == ("passed", [])
    assert held(DEFAULT_POLICY, STAMPED_BY_A, COSIGNED).covered() == 60


@pytest.mark.parametrize(
    ("policy", "covered"),
    [
        (AuditPolicy(min_stamps=1), 70),
        (AuditPolicy(min_stamps=2), 40),
        (AuditPolicy(min_stamps=3), 0),
        (AuditPolicy(min_stamps=1, stamp_authorities=frozenset({"a", "c"})), 40),
        (AuditPolicy(min_cosignatures=1), 60),
        (AuditPolicy(min_stamps=1, min_cosignatures=1), 60),
        (AuditPolicy(min_stamps=1, min_cosignatures=2), 0),
    ],
)
def test_an_entry_is_covered_where_as_many_vouch_for_it_as_the_policy_asks_for(
    policy: AuditPolicy, covered: int
) -> None:
    assert held(policy, STAMPED_BY_A, STAMPED_BY_B, COSIGNED).covered() == covered


def test_the_farthest_and_the_newest_of_one_maker_count_whatever_their_order() -> None:
    far, late = anchor("stamp", "a", 90, days_ago=50), anchor("stamp", "a", 10, days_ago=1)
    policy = AuditPolicy(min_stamps=1, max_anchor_age_days=2)
    for anchors in ((far, late), (late, far)):
        assert held(policy, *anchors).covered() == 90
        assert judged(policy, *anchors) == ("passed", [])


def test_one_maker_counts_once_however_often_it_stamps() -> None:
    verdict, [message] = judged(AuditPolicy(min_stamps=2), STAMPED_BY_A, replace(STAMPED_BY_A, size=41))
    assert verdict == "indeterminate"
    assert "a stamp by 2 authorities that count; there is one by 1" in message


def test_a_maker_whom_the_policy_does_not_name_does_not_count() -> None:
    policy = AuditPolicy(min_cosignatures=1, cosignature_witnesses=frozenset({"x"}))
    verdict, [message] = judged(policy, COSIGNED)
    assert verdict == "indeterminate"
    assert "a cosignature by 1 witness that count" in message


@pytest.mark.parametrize(
    "policy",
    [
        AuditPolicy(required_checks=frozenset({"anchors"})),
        AuditPolicy(min_stamps=1),
        AuditPolicy(max_anchor_age_days=1),
    ],
)
def test_required_anchors_that_are_not_there_are_never_passed(policy: AuditPolicy) -> None:
    verdict, messages = judged(policy)
    assert verdict == "indeterminate"
    assert "there is none" in messages[0]


@pytest.mark.parametrize(("days_ago", "verdict"), [(2.9, "passed"), (3.1, "indeterminate")])
def test_an_anchor_over_its_age_does_not_suffice(days_ago: float, verdict: str) -> None:
    policy = AuditPolicy(max_anchor_age_days=3)
    assert judged(policy, anchor("stamp", "a", 5, days_ago))[0] == verdict


def test_of_two_required_stamps_the_older_one_decides() -> None:
    policy = AuditPolicy(min_stamps=2, max_anchor_age_days=3)
    old = anchor("stamp", "b", 70, days_ago=9)
    assert judged(policy, STAMPED_BY_A, old)[0] == "indeterminate"


def test_an_age_cannot_be_judged_without_a_clock() -> None:
    assert judged(AuditPolicy(max_anchor_age_days=3), COSIGNED, now=None)[0] == "indeterminate"


def test_the_greatest_age_is_no_trouble_to_reckon_with() -> None:
    assert judged(AuditPolicy(max_anchor_age_days=2**53 - 1), COSIGNED) == ("passed", [])


def audited(policy: AuditPolicy, ledger: SignedLedger | None = None) -> AuditResult:
    return (ledger or new_ledger(2)).audit(policy=policy, now=NOW)


def test_checks_that_nobody_required_or_carried_out_have_no_verdict() -> None:
    result = audited(DEFAULT_POLICY)
    assert result.not_required == ("anchors", "evidence")
    assert set(result.verdicts) | set(result.not_required) == set(CHECKS)
    assert (result.verdict, result.unanchored) == ("passed", result.entries)


@pytest.mark.parametrize("check", ["anchors", "evidence"])
def test_a_required_check_that_was_not_carried_out_is_never_passed(check: str) -> None:
    result = audited(AuditPolicy(required_checks=frozenset({check})))  # type: ignore[arg-type]
    assert (result.verdict, result.verdicts[check]) == ("indeterminate", "indeterminate")  # type: ignore[index]
    assert [one.check for one in result.undecided] == [check]
    assert check not in result.not_required


def test_to_require_what_is_always_checked_changes_nothing() -> None:
    policy = AuditPolicy(required_checks=frozenset({"structure", "completeness", "projections"}))
    assert audited(policy) == audited(DEFAULT_POLICY)


def crashed_before_the_last_session() -> SignedLedger:
    ledger = new_ledger(1, closed=False)
    ledger.add(session_stream(7), session_opened())
    return ledger


@pytest.mark.parametrize("ledger", [new_ledger(2, closed=False), crashed_before_the_last_session()])
def test_an_open_session_is_a_note_unless_the_policy_forbids_it(ledger: SignedLedger) -> None:
    usual = audited(DEFAULT_POLICY, ledger)
    assert usual.verdicts["completeness"] == "passed"
    assert any("was not closed" in note for note in usual.notes)
    strict = audited(AuditPolicy(open_session_allowed=False), ledger)
    assert (strict.verdict, strict.verdicts["completeness"]) == ("indeterminate", "indeterminate")
    assert audited(AuditPolicy(open_session_allowed=False)).verdict == "passed"


@pytest.mark.parametrize(("limit", "verdict"), [(8, "passed"), (7, "indeterminate")])
def test_a_longer_tail_without_an_anchor_than_allowed_is_not_passed(limit: int, verdict: str) -> None:
    result = audited(AuditPolicy(max_unanchored_entries=limit))
    assert (result.entries, result.verdicts["completeness"]) == (8, verdict)


def test_the_audit_says_that_no_anchor_covers_the_entries() -> None:
    assert any("the entries were not written anew" in limit for limit in audited(DEFAULT_POLICY).not_shown)


@dataclass
class Problem:
    path: RawPath
    message: str


@dataclass
class Read:
    checked: int = 2
    changed: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)
    extra: list[Problem] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)


PROBLEM = Problem(RawPath(b"/copies/\xff"), "it is \x1b[31m not the same")


def with_copies(read: Read, ledger: SignedLedger | None = None) -> AuditResult:
    return (ledger or new_ledger(1)).audit(read_copies=lambda: read)


def test_copies_that_were_read_and_are_as_recorded_pass() -> None:
    result = with_copies(Read())
    assert (result.verdict, result.verdicts["evidence"]) == ("passed", "passed")
    assert not any("copies are still intact" in limit for limit in result.not_shown)


@pytest.mark.parametrize("kind", ["changed", "missing", "extra"])
def test_a_copy_that_is_not_as_recorded_fails_the_evidence(kind: str) -> None:
    result = with_copies(Read(**{kind: [PROBLEM]}))  # type: ignore[arg-type]
    [finding] = result.findings
    assert (finding.check, finding.code, result.verdict) == ("evidence", f"copy-{kind}", "failed")
    assert finding.message == "/copies/\\xff: it is \\x1b[31m not the same"


def test_a_copy_that_could_not_be_read_leaves_the_evidence_open() -> None:
    result = with_copies(Read(unreadable=[PROBLEM]))
    assert (result.verdict, result.verdicts["evidence"]) == ("indeterminate", "indeterminate")
    assert "/copies/\\xff" in result.undecided[0].message


def test_where_there_is_no_copy_nothing_was_shown() -> None:
    assert with_copies(Read(checked=0)).verdicts["evidence"] == "indeterminate"


def test_copies_are_not_looked_for_by_read_models_that_did_not_pass() -> None:
    ledger = new_ledger(1)
    ledger.differences.append(ProjectionDifference(row="jobs 00", message="state is kept"))
    result = with_copies(Read(changed=[PROBLEM]), ledger)
    assert result.verdicts["evidence"] == "indeterminate"
    assert {finding.check for finding in result.findings} == {"projections"}


@pytest.mark.parametrize("error", [Busy, DestinationFailed, LedgerUnreadable, Refused])
def test_a_reading_that_could_not_go_on_leaves_the_evidence_open(error: type[CustodyError]) -> None:
    def fail() -> Read:
        raise error("the disk is gone")

    result = new_ledger(1).audit(read_copies=fail)
    assert result.verdicts["evidence"] == "indeterminate"
    assert "the disk is gone" in result.undecided[0].message


def test_reasons_are_said_once_and_not_without_end() -> None:
    findings = Findings()
    for number in range(3 * MAX_FINDINGS):
        findings.leave_open("evidence", f"copy {number // 2}")
    reasons = findings.undecided()
    assert len(reasons) == len(set(reasons)) == MAX_FINDINGS
