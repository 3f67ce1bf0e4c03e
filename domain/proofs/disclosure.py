"""Which entries of a ledger belong to one case or exhibit: those that a bundle about it discloses.

Knows it by a replay. Memory: one bit for each entry, about a hundred bytes for each file of the case.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    BatchQueued,
    BundleExported,
    CopyRefuted,
    ExhibitRegistered,
    JobQueued,
    LedgerOpened,
    MetadataLost,
    ReportIssued,
    SessionClosed,
    SessionOpened,
)
from custody.domain.identifiers import (
    BatchId,
    JobId,
    LedgerId,
    batch_stream,
    case_stream,
    exhibit_stream,
    extra_id,
    transfer_id,
)
from custody.domain.proofs.cited import cited_documents

_ALWAYS: Final = frozenset({"ledger", "key", "checkpoint"})
"""Kinds of streams without which nothing can be judged: they tell of no case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a bundle is about: all, a case, or one exhibit of it; ``reports`` are SHA-256 of those put in."""

    case_number: str | None = None
    exhibit: str | None = None
    reports: frozenset[str] = frozenset()

    @property
    def partial(self) -> bool:
        """Whether anything is withheld at all."""
        return self.case_number is not None

    def covers(self, case_number: str | None, exhibit: str | None) -> bool:
        """Tell whether a case, or an exhibit in it, lies within."""
        return case_number == self.case_number and self.exhibit in {None, exhibit}


@dataclass(slots=True, kw_only=True)
class Disclosure:
    """The positions to disclose, and what goes along with them."""

    marks: bytearray
    count: int = 0
    found: bool = False  # whether there is anything of the case or exhibit itself
    documents: tuple[str, ...] = ()  # SHA-256 of plans and batch files
    reports: dict[str, ReportIssued] = field(default_factory=dict)  # by SHA-256
    positions: dict[str, int] = field(default_factory=dict)  # of those, by SHA-256

    def __contains__(self, position: int) -> bool:
        """Tell whether the entry at a position is disclosed."""
        return bool(self.marks[position >> 3] & 1 << (position & 7))

    def add(self, position: int) -> None:
        """Disclose the entry at a position."""
        if position not in self:
            self.marks[position >> 3] |= 1 << (position & 7)
            self.count += 1


def everything(records: Iterable[Recorded], size: int, scope: Scope) -> Disclosure:
    """Return a disclosure of all entries; of ``records`` those suffice that cite documents or reports."""
    disclosure = Disclosure(marks=bytearray(b"\xff" * ((size + 7) // 8)), count=size)
    documents: dict[str, None] = {}
    for recorded in records:
        _note_report(disclosure, recorded, scope)
        documents.update(dict.fromkeys(cited_documents(recorded.event)))
    disclosure.documents = tuple(documents)
    return disclosure


def within(records: Iterable[Recorded], size: int, scope: Scope) -> Disclosure:
    """Return what belongs to a case or exhibit; ``records`` are all of the ledger's."""
    choice = _Choice(size, scope)
    for recorded in records:
        choice.admit(recorded)
    return choice.disclosure()


def cases_with(records: Iterable[Recorded], exhibit: str) -> frozenset[str]:
    """Return the cases that have an exhibit of this number."""
    return frozenset(
        recorded.event.case_number
        for recorded in records
        if isinstance(recorded.event, JobQueued | ExhibitRegistered) and recorded.event.exhibit == exhibit
    )


@dataclass(slots=True)
class _Session:
    """The session that the entries just read belong to."""

    opened: int
    chosen: bool = False


class _Choice:
    """Follows the ledger and marks what belongs to the scope."""

    def __init__(self, size: int, scope: Scope) -> None:
        self._scope = scope
        self._made = Disclosure(marks=bytearray((size + 7) // 8))
        self._ledger: LedgerId | None = None
        self._session: _Session | None = None
        self._streams: set[UUID] = set()  # of the case, its exhibits, batches and jobs
        self._jobs: set[JobId] = set()
        self._files: set[int] = set()  # streams of their files
        self._batches: set[BatchId] = set()
        self._jobs_of: defaultdict[UUID, int] = defaultdict(int)  # chosen jobs by batch stream
        self._queued: dict[UUID, BatchQueued] = {}
        self._cited: list[str] = []  # documents, by entries that need nothing else
        self._waiting: defaultdict[UUID, list[int]] = defaultdict(list)  # entries of batches not chosen yet

    def admit(self, recorded: Recorded) -> None:
        """Take the next entry."""
        position, event = recorded.position, recorded.event
        if isinstance(event, SessionOpened):
            self._session = _Session(position)
        elif isinstance(event, SessionClosed):
            if self._session is not None and self._session.chosen:
                self._made.add(position)
            self._session = None
        elif self._belongs(recorded):
            self._take(position)
            self._cited += () if isinstance(event, BatchQueued) else cited_documents(event)

    def disclosure(self) -> Disclosure:
        """Return what was marked; documents only of batches all of whose jobs belong to it."""
        whole = [queued for stream, queued in self._queued.items() if self._jobs_of[stream] == queued.jobs]
        self._cited += (name for queued in whole for name in cited_documents(queued))
        self._made.documents = tuple(dict.fromkeys(self._cited))
        return self._made

    def _take(self, position: int) -> None:
        self._made.add(position)
        if self._session is not None and not self._session.chosen:
            self._session.chosen = True
            self._made.add(self._session.opened)

    def _belongs(self, recorded: Recorded) -> bool:
        event, stream = recorded.event, recorded.stream
        match stream.kind:
            case "job":
                return self._of_job(recorded)
            case "file":
                return self._of_file(recorded)
            case "batch":
                return self._of_batch(recorded)
            case "report":
                return self._of_report(recorded)
            case "exhibit" if isinstance(event, ExhibitRegistered):
                if self._scope.covers(event.case_number, event.exhibit):
                    self._streams.add(stream.id)
            case "ledger" if isinstance(event, LedgerOpened):
                self._open(event.ledger)
            case _:
                pass
        if stream.id in self._streams and (stream.kind == "exhibit" or self._scope.exhibit is None):
            self._made.found = True
        return stream.kind in _ALWAYS or stream.id in self._streams

    def _open(self, ledger: LedgerId) -> None:
        self._ledger = ledger
        case_number, exhibit = self._scope.case_number or "", self._scope.exhibit
        self._streams.add(case_stream(ledger, case_number).id)
        if exhibit is not None:
            self._streams.add(exhibit_stream(ledger, case_number, exhibit).id)

    def _of_job(self, recorded: Recorded) -> bool:
        event, stream = recorded.event, recorded.stream
        if isinstance(event, JobQueued) and self._scope.covers(event.case_number, event.exhibit):
            self._jobs.add(JobId(stream.id))
            self._streams.add(stream.id)
            self._made.found = True
            self._choose_batch(event.batch)
        return stream.id in self._streams

    def _choose_batch(self, batch: BatchId) -> None:
        if self._ledger is None:
            return
        stream = batch_stream(self._ledger, batch).id
        self._batches.add(batch)
        self._streams.add(stream)
        self._jobs_of[stream] += 1
        for position in self._waiting.pop(stream, ()):
            self._take(position)

    def _of_batch(self, recorded: Recorded) -> bool:
        stream = recorded.stream.id
        if isinstance(recorded.event, BatchQueued):
            self._queued[stream] = recorded.event
        if stream not in self._streams:
            self._waiting[stream].append(recorded.position)
        return stream in self._streams

    def _of_file(self, recorded: Recorded) -> bool:
        stream, event = recorded.stream.id, recorded.event
        if stream.int in self._files:
            return True
        mine = getattr(event, "job", None) in self._jobs
        if isinstance(event, CopyRefuted | MetadataLost):  # may begin a stream without naming the job
            path = event.path
            mine = any(stream in {transfer_id(job, path), extra_id(job, path)} for job in self._jobs)
        if mine:
            self._files.add(stream.int)
        return mine

    def _of_report(self, recorded: Recorded) -> bool:
        _note_report(self._made, recorded, self._scope)
        event = recorded.event
        if isinstance(event, ReportIssued):
            return event.batch in self._batches or event.sha256 in self._scope.reports
        return isinstance(event, BundleExported) and self._scope.covers(event.case_number, event.exhibit)


def _note_report(disclosure: Disclosure, recorded: Recorded, scope: Scope) -> None:
    event = recorded.event
    if isinstance(event, ReportIssued) and event.sha256 in scope.reports:
        disclosure.reports[event.sha256] = event
        disclosure.positions[event.sha256] = recorded.position
