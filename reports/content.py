"""Builds the custody report from the ledger: a pure function of the records up to a position.

Knows how folded facts become the report's sections. Reads no clock, no disk and no ledger of its own; the
caller passes only records up to the position, and the head computed over them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from custody.domain.entries.entry import Recorded
from custody.domain.errors import NotFound
from custody.domain.events import SessionClosed
from custody.domain.exhibits.history import CustodyHistory
from custody.domain.identifiers import LedgerId
from custody.reports import statements
from custody.reports.anchors import AnchorLine, anchor_of, what_others_hold
from custody.reports.chain import chain_of_custody
from custody.reports.custody_report import (
    BatchSection,
    Counts,
    CustodyReport,
    JobSection,
    RereadingLine,
    SessionLine,
)
from custody.reports.happenings import happenings
from custody.reports.job_sections import job_section
from custody.reports.keys import KeyFold
from custody.reports.ledger_fold import BatchFacts, LedgerFold, Rereading, Session
from custody.reports.results import GOOD, Result
from custody.reports.scope import KeyFingerprint, LedgerHead, Scope
from custody.reports.summary import Findings, summarise

__all__ = ["CustodyReport", "KeyFingerprint", "LedgerHead", "Scope", "build"]


def build(
    records: Callable[[], Iterable[Recorded]], *, ledger: LedgerId, scope: Scope, head: LedgerHead
) -> CustodyReport:
    """Return the report on ``scope`` that the records, in ledger order, support.

    Raises NotFound if there are no records, or none of the batch or job asked for.
    """
    folded = _folded(records(), scope)
    found = _findings(folded, head, whole_batches=scope.job is None)
    exhibits = None if scope == Scope() else _exhibits(found.jobs)
    return CustodyReport(
        ledger=ledger, scope=scope, head=head, made_at=folded.made_at,
        summary=summarise(found), counts=found.counts, jobs=found.jobs, sessions=found.sessions,
        batches=tuple(_batch(facts) for facts in folded.ledger.batches),
        happenings=found.happenings, rereadings=found.rereadings,
        keys=found.keys, key_changes=tuple(folded.keys.changes),
        anchors=found.anchors, held=what_others_hold(found.anchors, head),
        method=statements.method(found.jobs), clock=statements.clock(found.sessions),
        checks=statements.checks(scope, head, found.anchors), limits=statements.limits(),
        chain=chain_of_custody(folded.history, exhibits),
    )  # fmt: skip


@dataclass(slots=True)
class _Folded:
    """What is collected from the records, all in one pass."""

    ledger: LedgerFold
    history: CustodyHistory = field(default_factory=CustodyHistory)
    keys: KeyFold = field(default_factory=KeyFold)
    anchors: list[AnchorLine] = field(default_factory=list)
    made_at: str = ""  # the time of the last record

    def admit(self, recorded: Recorded) -> None:
        self.ledger.admit(recorded)
        self.history.admit(recorded)
        self.keys.admit(recorded)
        if (anchor := anchor_of(recorded)) is not None:
            self.anchors.append(anchor)
        self.made_at = recorded.at


def _findings(folded: _Folded, head: LedgerHead, *, whole_batches: bool) -> Findings:
    fold = folded.ledger
    jobs = _jobs(fold)
    trusted = {fingerprint.key: fingerprint.examiner for fingerprint in head.keys}
    return Findings(
        head=head,
        counts=_counts(jobs),
        jobs=jobs,
        sessions=tuple(_session(fold.sessions[index]) for index in sorted(fold.sessions_in_scope)),
        happenings=happenings(fold, whole_batches=whole_batches),
        rereadings=tuple(_rereading(fold, index, facts) for index, facts in fold.rereadings.items()),
        keys=tuple(folded.keys.lines(fold.signers, trusted)),
        anchors=tuple(folded.anchors),
    )


def _exhibits(jobs: Sequence[JobSection]) -> frozenset[tuple[str, str]]:
    """Return the exhibits that these jobs are about: case number and exhibit number."""
    return frozenset((job.case_number, job.exhibit) for job in jobs if job.exhibit is not None)


def _folded(records: Iterable[Recorded], scope: Scope) -> _Folded:
    folded = _Folded(LedgerFold(scope))
    for recorded in records:
        folded.admit(recorded)
    fold = folded.ledger
    if fold.last is None or (scope != Scope() and not (fold.jobs or fold.batches)):
        message = "the ledger holds nothing to report on in this scope"
        raise NotFound(message, done="no report was made", hint="list the batches with `custody batch list`")
    return folded


def _jobs(fold: LedgerFold) -> tuple[JobSection, ...]:
    order = {facts.event.batch: index for index, facts in enumerate(fold.batches)}
    found = sorted(fold.jobs.items(), key=lambda item: (order[item[1].event.batch], item[1].event.index))
    return tuple(job_section(identity, facts) for identity, facts in found)


def _batch(facts: BatchFacts) -> BatchSection:
    event = facts.event
    return BatchSection(
        batch=event.batch, name=event.name, jobs=event.jobs, instruction=event.instruction,
        instruction_sha256=event.instruction_sha256,
    )  # fmt: skip


def _session(session: Session) -> SessionLine:
    event, closed = session.event, session.closed
    return SessionLine(
        entry=session.opened.position, at=session.opened.at, command=event.command, examiner=event.examiner,
        badge=event.badge, agency=event.agency, host=event.host, system=event.system, tool=event.tool,
        version=event.version, boot_id=event.boot_id, zone=event.zone,
        utc_offset_seconds=event.utc_offset_seconds, clock_synchronised=event.clock_synchronised,
        ended_at=None if closed is None else closed.at,
        exit=closed.event.exit if closed is not None and isinstance(closed.event, SessionClosed) else None,
    )  # fmt: skip


def _rereading(fold: LedgerFold, session: int, facts: Rereading) -> RereadingLine:
    return RereadingLine(
        entry=facts.began.position, at=facts.began.at,
        command=fold.sessions[session].event.command if session >= 0 else "not recorded",
        equal=facts.equal, different=facts.different, unreadable=facts.unreadable, foreign=facts.foreign,
    )  # fmt: skip


def _counts(jobs: Sequence[JobSection]) -> Counts:
    files = [row for job in jobs for row in job.files]
    tally = Counter(row.result for row in files)
    good = [row for row in files if row.result in GOOD]
    return Counts(
        files=len(files),
        by_result={result: tally[result] for result in Result},
        good_bytes=sum(row.size or 0 for row in good),
        read_back=dict(sorted(Counter(row.read_back for row in good if row.read_back is not None).items())),
        read_twice=sum(row.source_readings > 1 for row in good),
        with_zeros=sum(row.zeros is not None for row in files),
        links=sum(len(job.links) for job in jobs),
        folders=sum(job.folders for job in jobs),
        special=sum(len(job.special) for job in jobs),
        refuted_entries=sum(job.refuted_entries for job in jobs),
        failed_entries=sum(job.failed_entries for job in jobs),
        foreign=sum(len(job.foreign) for job in jobs),
    )
