"""What an audit makes of time stamps, and of claimed times that do not agree with them."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from custody.domain.audit.auditor import LedgerAuditor
from custody.domain.audit.findings import Finding
from custody.domain.audit.stamps import CLOCK_TOLERANCE
from custody.domain.audit.terms import AuditTerms
from custody.domain.events import SessionClosed
from custody.domain.identifiers import checkpoint_stream
from custody.domain.proofs.time_stamp import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, time_text
from custody.domain.use_cases.audit_ledger import AuditResult
from tests.fakes.tokens import GOOD, MOMENT, TokenTable
from tests.unit.one_file_ledger import judged_by_both
from tests.unit.signed_ledger import (
    LEDGER,
    TRUSTED,
    SignedLedger,
    new_ledger,
    session_opened,
    session_stream,
    verify_each,
)

SECOND = timedelta(seconds=1)


@dataclass
class Stamped:
    """A ledger of one session, closed, with a checkpoint of size 5; its entries claim 21:10:00."""

    ledger: SignedLedger = field(default_factory=lambda: new_ledger(1))
    tokens: TokenTable = field(default_factory=TokenTable)

    def stamp(self, at: datetime = MOMENT, *, claims: datetime | None = None, **changes: object) -> int:
        """Record a stamp of the ledger as it is; returns the position of its entry."""
        size = self.ledger.frontier.size
        token = self.tokens.token(hashlib.sha256(self.ledger.note()).digest(), at, **changes)
        return self.record(token, size, claims or at)

    def record(self, token: bytes, size: int, claims: datetime, /, **changes: object) -> int:
        self.ledger.at = time_text(claims)
        self.ledger.add(checkpoint_stream(LEDGER, size), self.tokens.event(token, size, **changes))
        return self.ledger.frontier.size - 1

    def session(self, number: int, claims: datetime) -> int:
        """A session and its checkpoint; returns the position of its first entry."""
        self.ledger.at = time_text(claims)
        self.ledger.add(session_stream(number), session_opened())
        self.ledger.add(session_stream(number), SessionClosed(exit=0))
        self.ledger.sign_checkpoint()
        return self.ledger.frontier.size - 2

    def audit(self, *, judged: bool = True) -> AuditResult:
        return judged_by_both(self.ledger, read_token=self.tokens if judged else None)

    def found(self) -> list[tuple[str, int | None]]:
        return [(finding.code, finding.position) for finding in self.audit().findings]

    def the_finding(self) -> Finding:
        [finding] = self.audit().findings
        return finding


@pytest.fixture
def stamped() -> Stamped:
    return Stamped()


def test_a_ledger_without_stamps_has_no_verdict_about_them(stamped: Stamped) -> None:
    result = stamped.audit()
    assert result.verdict == "passed"
    assert "anchors" not in result.verdicts


def test_a_stamp_that_holds_is_told_with_its_time_and_authority(stamped: Stamped) -> None:
    stamped.stamp()
    result = stamped.audit()
    assert (result.verdict, result.verdicts["anchors"]) == ("passed", "passed")
    [note] = [note for note in result.notes if "time stamps" in note]
    assert "the first 5 entries existed at 2026-03-01T21:20:01.000000Z, by CN=Test TSA" in note


def test_the_auditor_says_which_stamps_hold_and_who_vouches_for_them(stamped: Stamped) -> None:
    position = stamped.stamp()
    stamped.stamp(trust="not-trusted")
    source = stamped.ledger.source()
    terms = AuditTerms(read_token=stamped.tokens)
    auditor = LedgerAuditor(TRUSTED, verify_each, source.checkpoints(), source, terms=terms)
    for record in source.records():
        auditor.admit(record)
    auditor.conclude(source.head())
    [stamp] = auditor.stamps
    assert (stamp.position, stamp.size, stamp.latest) == (position, 5, GOOD.latest)
    assert stamp.anchor_sha256 == hashlib.sha256(b"root").hexdigest()


def test_a_stamp_without_a_revocation_list_is_a_note(stamped: Stamped) -> None:
    stamped.stamp(revocation="not-shown")
    result = stamped.audit()
    assert result.verdict == "passed"
    assert "time stamps for which no list shows that the authority was not revoked: 1" in result.notes


def test_what_nobody_can_take_apart_is_left_open(stamped: Stamped) -> None:
    stamped.stamp()
    result = stamped.audit(judged=False)
    assert (result.verdict, result.verdicts["anchors"]) == ("indeterminate", "indeterminate")
    assert any("stamps were not judged" in one.message for one in result.undecided)


def test_a_stamp_of_an_authority_that_is_not_trusted_is_left_open(stamped: Stamped) -> None:
    stamped.stamp(trust="not-trusted")
    result = stamped.audit()
    assert (result.verdicts["anchors"], result.findings) == ("indeterminate", ())
    assert "a stamp does not count: the authority is not trusted here: CN=Test TSA" in {
        one.message for one in result.undecided
    }


def test_a_good_stamp_beside_one_that_is_not_trusted_does_not_hide_it(stamped: Stamped) -> None:
    stamped.stamp()
    stamped.session(1, MOMENT + SECOND)
    stamped.stamp(MOMENT + 2 * SECOND, trust="not-trusted")
    assert stamped.audit().verdicts["anchors"] == "indeterminate"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": "bad"}, "stamp-signature"),
        ({"certificate_bound": False}, "stamp-certificate"),
        ({"only_for_stamps": False}, "stamp-certificate"),
        ({"trust": "outside-validity"}, "stamp-outside-validity"),
        ({"revocation": "revoked"}, "stamp-revoked"),
    ],
)
def test_a_stamp_that_does_not_hold_is_a_finding(
    stamped: Stamped, changes: dict[str, object], code: str
) -> None:
    position = stamped.stamp(**changes)
    finding = stamped.the_finding()
    assert (finding.check, finding.code, finding.position) == ("anchors", code, position)


def test_a_stamp_of_another_checkpoint_is_a_finding(stamped: Stamped) -> None:
    token = stamped.tokens.token(hashlib.sha256(b"another note").digest())
    ours = hashlib.sha256(stamped.ledger.note()).hexdigest()
    position = stamped.record(token, 5, MOMENT, note_sha256=ours)
    assert stamped.found() == [("stamp-of-another-checkpoint", position)]


def test_a_stamp_of_a_checkpoint_that_is_not_kept_is_a_finding(stamped: Stamped) -> None:
    token = stamped.tokens.token(hashlib.sha256(b"a note that nobody has").digest())
    position = stamped.record(token, 5, MOMENT)
    assert stamped.found() == [("stamp-without-checkpoint", position)]


def test_a_stamp_said_to_be_of_another_size_is_a_finding(stamped: Stamped) -> None:
    token = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest())
    position = stamped.record(token, 4, MOMENT)
    assert stamped.found() == [("stamp-size", position)]


def test_a_stamp_before_the_end_of_its_own_checkpoint_is_a_finding(stamped: Stamped) -> None:
    longer = new_ledger(2)
    token = stamped.tokens.token(hashlib.sha256(longer.note()).digest())
    position = stamped.record(token, 8, MOMENT)
    result = judged_by_both(stamped.ledger, extra=[longer.note()], read_token=stamped.tokens)
    assert ("stamp-size", position) in [(finding.code, finding.position) for finding in result.findings]


@pytest.mark.parametrize(
    "lie",
    [
        {"generated_at": "2026-03-01T21:19:00.000000Z"},
        {"accuracy_microseconds": None},
        {"authority": "CN=National Time"},
        {"serial": "13"},
        {"policy": "1.2.4"},
    ],
)
def test_an_entry_that_says_otherwise_than_its_stamp_is_a_finding(
    stamped: Stamped, lie: dict[str, object]
) -> None:
    token = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest())
    position = stamped.record(token, 5, MOMENT, **lie)
    finding = stamped.the_finding()
    assert (finding.code, finding.position) == ("stamp-differs", position)
    assert next(iter(lie)) in finding.message


@pytest.mark.parametrize("token", ["", "rubbish", "AAAA"])
def test_a_stamp_that_cannot_be_read_is_a_finding(stamped: Stamped, token: str) -> None:
    real = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest())
    position = stamped.record(real, 5, MOMENT, token=token)
    assert stamped.found() == [("stamp-malformed", position)]


def test_what_was_kept_beside_a_stamp_is_handed_over_with_it(stamped: Stamped) -> None:
    contents = (b"a certificate", b"a list")
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    stamped.ledger.documents.update(zip(names, contents, strict=True))
    token = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest())
    stamped.record(token, 5, MOMENT, certificates=(names[0],), revocation_lists=(names[1],))
    assert stamped.audit().verdict == "passed"
    evidence, again = stamped.tokens.read
    assert evidence == again  # for the verifier in one file
    assert (evidence.certificates, evidence.revocation_lists) == ((contents[0],), (contents[1],))


def test_nothing_is_handed_over_that_no_honest_program_would_have_kept(stamped: Stamped) -> None:
    large = bytes(MAX_ATTACHMENT_BYTES + 1)
    name, text = hashlib.sha256(large).hexdigest(), "ab" * 32
    stamped.ledger.documents.update({name: large, text: "text"})
    token = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest())
    stamped.record(token, 5, MOMENT, certificates=(name, text) + (name,) * MAX_ATTACHMENTS)
    stamped.audit()
    assert stamped.tokens.read[0].certificates == ()


def test_a_certificate_that_is_no_longer_kept_is_a_finding(stamped: Stamped) -> None:
    token = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest())
    position = stamped.record(token, 5, MOMENT, certificates=("00" * 32,))
    assert stamped.found() == [("document-missing", position)]


def test_entries_may_claim_times_up_to_the_tolerance_outside_of_their_window(stamped: Stamped) -> None:
    stamped.session(1, MOMENT + SECOND + CLOCK_TOLERANCE)
    stamped.stamp(claims=MOMENT - SECOND - CLOCK_TOLERANCE)
    assert stamped.audit().verdict == "passed"


def test_an_entry_that_claims_to_be_younger_than_its_stamp_is_a_finding(stamped: Stamped) -> None:
    later = MOMENT + SECOND + CLOCK_TOLERANCE + timedelta(microseconds=1)
    position = stamped.session(1, later)
    stamped.stamp(claims=MOMENT)
    finding = stamped.the_finding()
    assert (finding.check, finding.code) == ("anchors", "claimed-time-outside-window")
    assert finding.position == position
    assert "existed already at 2026-03-01T21:20:01.000000Z" in finding.message


def test_an_entry_that_claims_to_be_older_than_a_stamp_before_it_is_a_finding(stamped: Stamped) -> None:
    stamped.stamp()
    earlier = MOMENT - SECOND - CLOCK_TOLERANCE - timedelta(microseconds=1)
    position = stamped.session(1, earlier)
    result = stamped.audit()
    [finding] = result.findings
    assert (finding.code, finding.position) == ("claimed-time-outside-window", position)
    assert "stands behind a stamp of 2026-03-01T21:19:59.000000Z" in finding.message
    assert result.findings_not_listed == 1  # the other entry of that session


def test_the_entry_of_a_stamp_cannot_be_older_than_it(stamped: Stamped) -> None:
    position = stamped.stamp(claims=MOMENT - timedelta(hours=1))
    assert stamped.found() == [("claimed-time-outside-window", position)]


def test_an_entry_too_young_for_two_stamps_is_told_once(stamped: Stamped) -> None:
    position = stamped.session(1, MOMENT + timedelta(hours=1))
    stamped.stamp(claims=MOMENT)
    stamped.session(2, MOMENT)
    stamped.stamp(MOMENT + SECOND)
    result = stamped.audit()
    assert [(one.code, one.position) for one in result.findings] == [
        ("claimed-time-outside-window", position)
    ]
    assert result.findings_not_listed == 1


def test_an_older_stamp_behind_a_newer_one_leaves_the_bound_where_it_is(stamped: Stamped) -> None:
    imprint = hashlib.sha256(stamped.ledger.note()).digest()
    stamped.stamp()
    stamped.record(stamped.tokens.token(imprint, MOMENT - SECOND), 5, MOMENT)  # of the same checkpoint
    position = stamped.session(1, MOMENT - timedelta(minutes=5, seconds=1, milliseconds=1))
    assert stamped.found()[0] == ("claimed-time-outside-window", position)


def test_stamps_that_contradict_one_another_are_a_finding(stamped: Stamped) -> None:
    stamped.stamp(MOMENT + timedelta(hours=1))
    stamped.session(1, MOMENT + timedelta(hours=1))
    position = stamped.stamp(MOMENT, claims=MOMENT + timedelta(hours=1))
    assert ("stamps-contradict", position) in stamped.found()


def test_a_stamp_of_entries_that_were_changed_bounds_nothing(stamped: Stamped) -> None:
    """The note is kept, but the entries make another root: there is a finding about that."""
    stamped.session(1, MOMENT + timedelta(hours=1))
    forked = new_ledger(0)
    while forked.frontier.size < stamped.ledger.frontier.size:
        forked.add(session_stream(forked.frontier.size), session_opened())
    note = forked.note()
    token = stamped.tokens.token(hashlib.sha256(note).digest())
    stamped.record(token, forked.frontier.size, MOMENT)
    result = judged_by_both(stamped.ledger, extra=[note], read_token=stamped.tokens)
    assert "claimed-time-outside-window" not in [finding.code for finding in result.findings]
    assert result.verdicts["checkpoints"] == "failed"
    assert result.verdicts["anchors"] == "indeterminate"
    assert not any("time stamps that hold" in note for note in result.notes)


def test_a_stamp_whose_last_entry_cannot_be_read_still_holds(stamped: Stamped) -> None:
    """Its root is the one that was signed; what the entry claimed is not known, and nothing is said of it."""
    stamped.ledger.add_entry(session_stream(1), session_opened(), b"no entry at all")
    stamped.ledger.sign_checkpoint()
    stamped.stamp()
    result = stamped.audit()
    assert "malformed-entry" in [finding.code for finding in result.findings]
    assert result.verdicts["anchors"] == "passed"


def test_a_withheld_entry_at_the_end_of_a_checkpoint_does_not_hide_a_false_time(stamped: Stamped) -> None:
    stamped.session(1, MOMENT + CLOCK_TOLERANCE + 5 * SECOND)
    stamped.stamp(claims=MOMENT + CLOCK_TOLERANCE + 10 * SECOND)
    stamped.ledger.head = None
    assert ("claimed-time-outside-window", 5) in stamped.found()

    stamped.ledger.withhold(6)  # the end of the session, and of the stamped checkpoint
    assert ("claimed-time-outside-window", 5) in stamped.found()


def test_a_certificate_that_is_left_out_is_a_finding_also_where_entries_are_withheld(
    stamped: Stamped,
) -> None:
    token = stamped.tokens.token(hashlib.sha256(stamped.ledger.note()).digest(), MOMENT)
    position = stamped.record(token, 5, MOMENT, certificates=("ab" * 32,))
    stamped.ledger.head = None
    stamped.ledger.withhold(3)

    assert ("document-missing", position) in stamped.found()
