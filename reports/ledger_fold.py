"""Collects from a stream of records the facts that belong to one report, and nothing else.

Knows the scope: an event of another batch or job leaves no trace here. Puts nothing into words.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from custody.domain.entry import Recorded
from custody.domain.events import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStopped,
    DirectoryCreated,
    FileFailed,
    FileQueued,
    FileSkipped,
    InventoryChanged,
    InventoryTaken,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobResumed,
    JobStarted,
    KeyEnrolled,
    LinkRecorded,
    SessionClosed,
    SessionOpened,
    SpecialFileSkipped,
)
from custody.domain.identifiers import BatchId, JobId, KeyId, Position
from custody.reports.scope import Scope
from custody.reports.transfers import Transfer, beginning

_NO_SESSION: Final = -1


@dataclass(slots=True)
class Session:
    """A command that wrote; ``closed`` stays False if its end was never recorded."""

    opened: Recorded
    event: SessionOpened
    closed: bool = False


@dataclass(slots=True)
class BatchFacts:
    """A batch and what interrupted it."""

    event: BatchQueued
    incidents: list[Recorded] = field(default_factory=list)
    ended: Position | None = None
    sessions: set[int] = field(default_factory=set)
    signers: dict[KeyId, None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class JobFacts:
    """A job and everything found in its sources, by stream."""

    event: JobQueued
    outcome: Recorded | None = None
    began_at: str | None = None
    ended_at: str | None = None
    runs: int = 0
    inventories: list[tuple[Position, InventoryTaken]] = field(default_factory=list)
    incidents: list[Recorded] = field(default_factory=list)
    transfers: dict[UUID, Transfer] = field(default_factory=dict)
    links: dict[UUID, tuple[Position, LinkRecorded]] = field(default_factory=dict)
    special: dict[UUID, tuple[Position, SpecialFileSkipped]] = field(default_factory=dict)
    folders: set[UUID] = field(default_factory=set)
    sessions: set[int] = field(default_factory=set)
    signers: dict[KeyId, None] = field(default_factory=dict)


class LedgerFold:
    """Admits records in the order of the ledger; its attributes are what a report is made from."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._job_of: dict[UUID, JobFacts] = {}  # stream of a file → its job
        self._batches: dict[BatchId, BatchFacts] = {}
        self._batch_streams: dict[UUID, BatchFacts] = {}
        self.sessions: list[Session] = []
        self.jobs: dict[JobId, JobFacts] = {}
        self.keys: dict[KeyId, tuple[Position, KeyEnrolled]] = {}
        self.last: Recorded | None = None

    @property
    def batches(self) -> tuple[BatchFacts, ...]:
        """The batches in scope: the one asked for, or those of the jobs in scope."""
        wanted = {job.event.batch for job in self.jobs.values()} | {self._scope.batch}
        if self._scope == Scope():
            return tuple(self._batches.values())
        return tuple(facts for batch, facts in self._batches.items() if batch in wanted)

    @property
    def sessions_in_scope(self) -> set[int]:
        """The sessions, by their place in :attr:`sessions`, that wrote anything the report tells of."""
        return {index for owner in self._owners() for index in owner.sessions if index != _NO_SESSION}

    @property
    def signers(self) -> tuple[KeyId, ...]:
        """The keys that signed anything the report tells of, each once."""
        return tuple(dict.fromkeys(key for owner in self._owners() for key in owner.signers))

    def _owners(self) -> tuple[JobFacts | BatchFacts, ...]:
        batches = self.batches if self._scope.job is None else ()
        return (*batches, *self.jobs.values())

    def admit(self, recorded: Recorded) -> None:
        """Take the next record."""
        self.last = recorded
        owner: JobFacts | BatchFacts | None = None
        match recorded.stream.kind:
            case "file":
                owner = self._file(recorded)
            case "job":
                owner = self._job(recorded)
            case "batch":
                owner = self._batch(recorded)
            case _:
                self._people(recorded)
        if owner is not None:
            owner.sessions.add(len(self.sessions) - 1)
            owner.signers[recorded.actor] = None

    def _people(self, recorded: Recorded) -> None:
        match recorded.event:
            case SessionOpened() as event:
                self.sessions.append(Session(recorded, event))
            case SessionClosed() if self.sessions:
                self.sessions[-1].closed = True
            case KeyEnrolled() as event:
                self.keys[event.key] = (recorded.position, event)
            case _:
                pass

    def _batch(self, recorded: Recorded) -> BatchFacts | None:
        event = recorded.event
        if isinstance(event, BatchQueued):
            facts = self._batches.setdefault(event.batch, BatchFacts(event))
            self._batch_streams[recorded.stream.id] = facts
        found = self._batch_streams.get(recorded.stream.id)
        if found is None or self._scope.batch not in {None, found.event.batch}:
            return None
        if isinstance(event, BatchPaused | BatchResumed | BatchStopped):
            found.incidents.append(recorded)
        if isinstance(event, BatchCompleted):
            found.ended = recorded.position
        return found

    def _job(self, recorded: Recorded) -> JobFacts | None:
        event = recorded.event
        identity = JobId(recorded.stream.id)
        if isinstance(event, JobQueued) and self._wanted(identity, event.batch):
            self.jobs.setdefault(identity, JobFacts(event=event))
        job = self.jobs.get(identity)
        if job is not None:
            _of_job(job, recorded)
        return job

    def _wanted(self, job: JobId, batch: BatchId) -> bool:
        return self._scope.job in {None, job} and self._scope.batch in {None, batch}

    def _file(self, recorded: Recorded) -> JobFacts | None:
        event, stream = recorded.event, recorded.stream.id
        match event:
            case FileQueued() | FileFailed() | FileSkipped():
                job = self.jobs.get(event.job)
                if job is not None and stream not in job.transfers:
                    job.transfers[stream] = beginning(event, recorded)
                    self._job_of[stream] = job
                    return job
            case LinkRecorded() | SpecialFileSkipped() | DirectoryCreated():
                return _entry_without_content(self.jobs.get(event.job), event, recorded)
            case _:
                pass
        job = self._job_of.get(stream)
        if job is not None:
            job.transfers[stream].admit(recorded)
        return job


def _of_job(job: JobFacts, recorded: Recorded) -> None:
    match recorded.event:
        case JobStarted() | JobResumed():
            job.began_at = job.began_at or recorded.at
            job.ended_at, job.outcome, job.runs = None, None, job.runs + 1
        case InventoryTaken() as event:
            job.inventories.append((recorded.position, event))
        case InventoryChanged():
            job.incidents.append(recorded)
        case JobCompleted():
            job.ended_at, job.outcome = recorded.at, recorded
        case JobFailed():
            job.ended_at, job.outcome = recorded.at, recorded
            job.incidents.append(recorded)
        case _:
            pass


def _entry_without_content(
    job: JobFacts | None, event: LinkRecorded | SpecialFileSkipped | DirectoryCreated, recorded: Recorded
) -> JobFacts | None:
    if job is None:
        return None
    stream = recorded.stream.id
    match event:
        case LinkRecorded():
            job.links[stream] = (recorded.position, event)
        case SpecialFileSkipped():
            job.special[stream] = (recorded.position, event)
        case DirectoryCreated():
            job.folders.add(stream)
    return job
