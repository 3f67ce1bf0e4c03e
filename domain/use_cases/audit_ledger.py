"""The audit: the ledger against itself, against its checkpoints, and against its read models.

Knows the order of the work and what an audit does not show. Writes nothing; judging is ``domain.audit``'s.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from custody.domain.audit.auditor import KeptRecords, LedgerAuditor
from custody.domain.audit.checkpoints import RawNote
from custody.domain.audit.completeness import not_anchored
from custody.domain.audit.documents import check_documents, check_manifests
from custody.domain.audit.evidence import CopiesRead, judge_evidence
from custody.domain.audit.findings import Check, Finding, Findings, Undecided, Verdicts
from custody.domain.audit.head import RawHead
from custody.domain.audit.policy import AuditPolicy
from custody.domain.audit.record import RawRecord
from custody.domain.audit.revisions import RawRevision
from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.audit.terms import DEFAULT_TERMS, AuditTerms
from custody.domain.entries.entry import Recorded
from custody.domain.errors import Busy, CannotTell, CustodyError, Halted, Refused
from custody.domain.paths import escape_text
from custody.domain.verdict import Verdict

NOT_SHOWN: Final = (
    "who was at the keyboard: a signature shows which key was used, not by whom",
    "anything behind the last checkpoint that somebody else holds: a cut there leaves no trace",
    "that the sources were what they seemed to be before they were read",
)
_COPIES: Final = "that the copies are still intact: 'custody verify' reads them again"
MAX_DIFFERENCES_OF_A_CUT: Final = 20
"""Differences of the read models listed when entries are known to be cut off: they have one cause."""

_CLOCK: Final = "that the clock was right: times are what the workstation claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionDifference:
    """One value of a read model that is not what the ledger makes it."""

    row: str
    message: str


class AuditSource(KeptRecords, Protocol):
    """A ledger as it lies there. Nothing that it gives is believed."""

    def damage(self) -> Iterable[str]:
        """Return what the store's own check of its file says is wrong."""

    def checkpoints(self) -> Iterable[RawNote]:
        """Return every checkpoint kept, wherever."""

    def records(self) -> Iterable[RawRecord]:
        """Return all records in stored order. Raises LedgerUnreadable when the file itself is damaged."""

    def head(self) -> RawHead | None:
        """Return what the store says about its end; None when it keeps no such thing."""

    def revisions(self) -> Iterable[RawRevision]:
        """Return all records again, sorted by stream and revision."""

    def replayed(self, events: Iterable[Recorded]) -> AbstractContextManager[Iterable[ProjectionDifference]]:
        """Replay all events on entering, then give the differences to the read models that are kept.

        Raises LedgerUnreadable when those cannot be read, LedgerFailed when there is no room for a replay.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found. ``findings_not_listed`` counts those beyond the first thousand.

    ``verdicts`` has the checks that were required or carried out, ``not_required`` the others.
    """

    entries: int
    unanchored: int
    withheld: int  # of which a bundle gives only the leaf hash
    verdicts: Mapping[Check, Verdict]
    not_required: tuple[Check, ...]
    undecided: tuple[Undecided, ...]
    findings: tuple[Finding, ...]
    findings_not_listed: int
    notes: tuple[str, ...]
    not_shown: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Any failed → failed, else any indeterminate → indeterminate, else passed."""
        return Verdicts(self.verdicts).overall


def audit(
    source: AuditSource,
    trusted: TrustedKeys,
    verify_many: VerifyMany,
    *,
    extra_checkpoints: Sequence[bytes] = (),
    terms: AuditTerms = DEFAULT_TERMS,
    read_copies: Callable[[], CopiesRead] | None = None,
) -> AuditResult:
    """Carry out every check on a ledger; ``extra_checkpoints`` are notes that the auditor brought along.

    ``read_copies`` reads the copies that the read models name; without it the evidence is not judged.
    Raises LedgerUnreadable when the ledger's file cannot be read to its end; nothing else for bad evidence.
    """
    auditor = LedgerAuditor(trusted, verify_many, _notes(source, extra_checkpoints), source, terms=terms)
    passage = _Passage(auditor, source.records())
    _judge_projections(source, passage, auditor)
    passage.finish()
    auditor.conclude(source.head(), source.revisions())
    check_documents(source, auditor)
    check_manifests(source, auditor)
    for fault in source.damage():
        auditor.findings.note("structure", "store-damaged", None, escape_text(fault)[:300])
    if read_copies is not None:
        _judge_evidence(read_copies, auditor.findings)
    return _result(auditor, terms.policy)


def _result(auditor: LedgerAuditor, policy: AuditPolicy) -> AuditResult:
    findings = auditor.findings
    for check in policy.required - findings.judged():
        findings.leave_open(check, "the policy requires it, but it was not carried out")
    verdicts = findings.verdicts()
    return AuditResult(
        entries=auditor.entries,
        unanchored=auditor.unanchored,
        withheld=auditor.withheld,
        verdicts=verdicts.by_check,
        not_required=verdicts.not_required,
        undecided=findings.undecided(),
        findings=findings.listed(),
        findings_not_listed=findings.not_listed,
        notes=auditor.notes(),
        not_shown=_not_shown(auditor),
    )


class _Passage(Iterator[Recorded]):
    """The one way through the records: each is audited, then handed on for the replay of the read models."""

    def __init__(self, auditor: LedgerAuditor, records: Iterable[RawRecord]) -> None:
        self._auditor = auditor
        self._records = iter(records)
        self._broken: CustodyError | None = None

    def __next__(self) -> Recorded:
        while self._broken is None:
            try:
                record = next(self._records)
                recorded = self._auditor.admit(record)
            except CustodyError as error:  # kept: the replay must not take it for its own trouble
                self._broken = error
                break
            if recorded is not None:
                return recorded
        raise StopIteration

    def finish(self) -> None:
        """Audit what the replay left over. Raises whatever the reading of the records raised."""
        for _ in self:
            pass
        if self._broken is not None:
            raise self._broken


def _notes(source: AuditSource, extra: Sequence[bytes]) -> Iterator[RawNote]:
    yield from source.checkpoints()
    for number, note in enumerate(extra, start=1):
        yield RawNote(where=f"checkpoint {number} brought along", note=note, brought=True)


def _judge_projections(source: AuditSource, passage: Iterable[Recorded], auditor: LedgerAuditor) -> None:
    """Note the differences of the read models, or why they could not be judged."""
    findings = auditor.findings
    findings.carry_out("projections")
    try:
        with source.replayed(passage) as differences:
            if not findings.sound_ledger():
                message = "the read models were not judged: there is no sound ledger to compare them with"
                findings.leave_open("projections", message)
                return
            limit = MAX_DIFFERENCES_OF_A_CUT if auditor.is_cut(source.head()) else None
            for number, difference in enumerate(differences):
                if limit is not None and number >= limit:
                    findings.count_unlisted("projections")
                    continue
                message = f"{difference.row}: {difference.message}"
                findings.note("projections", "projection-differs", None, message)
    except (CannotTell, Halted) as error:
        message = f"the read models were not judged: {escape_text(error.what)}"
        findings.leave_open("projections", message)


def _judge_evidence(read_copies: Callable[[], CopiesRead], findings: Findings) -> None:
    """Have the copies read, unless what names them is not what the ledger says."""
    if findings.verdicts().by_check["projections"] != "passed":
        message = "the copies were not read: the read models, which name them, did not pass"
        findings.leave_open("evidence", message)
        return
    try:
        judge_evidence(findings, read_copies())
    except (Busy, CannotTell, Halted, Refused) as error:
        findings.leave_open("evidence", f"the copies were not read: {escape_text(error.what)}")


def _not_shown(auditor: LedgerAuditor) -> tuple[str, ...]:
    sessions = auditor.unsynchronised_sessions()
    clock = f"{_CLOCK}; it was not known to be synchronised in the sessions begun at {sessions}"
    unanchored = not_anchored(auditor.size, auditor.unanchored)
    copies = "" if "evidence" in auditor.findings.judged() else _COPIES
    return tuple(filter(None, (*NOT_SHOWN, unanchored, copies, clock if sessions.count else _CLOCK)))
