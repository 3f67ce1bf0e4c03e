"""The audit: the ledger against itself, against its checkpoints, and against its read models.

Knows the order of the work and what an audit does not show. Writes nothing; judging is ``domain.audit``'s.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from custody.domain.audit.auditor import LedgerAuditor, RawHead, RawRevision
from custody.domain.audit.checkpoints import RawNote
from custody.domain.audit.claims import EarlierEntries
from custody.domain.audit.findings import Check, Finding, Verdict, Verdicts
from custody.domain.audit.record import RawRecord
from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.entry import Recorded
from custody.domain.errors import CannotTell, CustodyError, Halted
from custody.domain.paths import escape_text

NOT_SHOWN: Final = (
    "who was at the keyboard: a signature shows which key was used, not by whom",
    "anything behind the last checkpoint that somebody else holds: a cut there leaves no trace",
    "that the sources were what they seemed to be before they were read",
    "that the copies are still intact: 'custody verify' reads them again",
)
MAX_DIFFERENCES_OF_A_CUT: Final = 20
"""Differences of the read models listed when entries are known to be cut off: they have one cause."""

_CLOCK: Final = "that the clock was right: times are what the workstation claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionDifference:
    """One value of a read model that is not what the ledger makes it."""

    row: str
    message: str


class AuditSource(EarlierEntries, Protocol):
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

    def document(self, sha256: str) -> object:
        """Return the document kept under a SHA-256, unchecked; None when there is none."""

    def replayed(self, events: Iterable[Recorded]) -> AbstractContextManager[Iterable[ProjectionDifference]]:
        """Replay all events on entering, then give the differences to the read models that are kept.

        Raises LedgerUnreadable when those cannot be read, LedgerFailed when there is no room for a replay.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found. ``findings_not_listed`` counts those beyond the first thousand."""

    entries: int
    withheld: int = 0  # of which a bundle gives only the leaf hash
    verdicts: Mapping[Check, Verdict]
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
) -> AuditResult:
    """Carry out every check on a ledger; ``extra_checkpoints`` are notes that the auditor brought along.

    Raises LedgerUnreadable when the ledger's file cannot be read to its end; nothing else for bad evidence.
    """
    auditor = LedgerAuditor(trusted, verify_many, _notes(source, extra_checkpoints), source)
    passage = _Passage(auditor, source.records())
    notes = _judge_projections(source, passage, auditor)
    passage.finish()
    auditor.conclude(source.head(), source.revisions())
    _check_documents(source, auditor)
    for fault in source.damage():
        auditor.findings.note("structure", "store-damaged", None, escape_text(fault)[:300])
    return AuditResult(
        entries=auditor.entries,
        withheld=auditor.withheld,
        verdicts=auditor.findings.verdicts().by_check,
        findings=auditor.findings.listed(),
        findings_not_listed=auditor.findings.not_listed,
        notes=(*auditor.notes(), *notes),
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
        yield RawNote(where=f"checkpoint {number} brought along", note=note)


def _judge_projections(
    source: AuditSource, passage: Iterable[Recorded], auditor: LedgerAuditor
) -> tuple[str, ...]:
    """Note the differences of the read models; returns why they could not be judged, if so."""
    findings = auditor.findings
    try:
        with source.replayed(passage) as differences:
            if not findings.sound_ledger():
                findings.leave_open("projections")
                return ("the read models were not judged: there is no sound ledger to compare them with",)
            limit = MAX_DIFFERENCES_OF_A_CUT if auditor.is_cut(source.head()) else None
            for number, difference in enumerate(differences):
                if limit is not None and number >= limit:
                    findings.count_unlisted("projections")
                    continue
                message = f"{difference.row}: {difference.message}"
                findings.note("projections", "projection-differs", None, message)
    except (CannotTell, Halted) as error:
        findings.leave_open("projections")
        return (f"the read models were not judged: {escape_text(error.what)}",)
    return ()


def _check_documents(source: AuditSource, auditor: LedgerAuditor) -> None:
    """See that every plan and batch file that an entry cites is kept, and is the one it cites."""
    for position, sha256 in auditor.cited:
        content = source.document(sha256)
        cited = escape_text(sha256)[:64]
        if content is None and auditor.withheld:
            continue  # a plan may tell of what is withheld
        if content is None:
            message = f"the document that the entry cites is not kept: {cited}"
            auditor.findings.note("structure", "document-missing", position, message)
        elif not isinstance(content, bytes) or hashlib.sha256(content).hexdigest() != sha256:
            message = f"the document kept is not the one that the entry cites: {cited}"
            auditor.findings.note("structure", "document-differs", position, message)


def _not_shown(auditor: LedgerAuditor) -> tuple[str, ...]:
    sessions = auditor.unsynchronised_sessions()
    clock = f"{_CLOCK}; it was not known to be synchronised in the sessions begun at {sessions}"
    return (*NOT_SHOWN, clock if sessions.count else _CLOCK)
