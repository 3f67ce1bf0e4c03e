"""Collects from a stream of records the facts that belong to one report, and nothing else.

Knows the scope: an event of another batch or job leaves no trace here. Puts nothing into words.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from custody.domain.copying.failure_words import DIFFERENCES
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStopped,
    CopyRefuted,
    CopyReverified,
    DirectoryCreated,
    Event,
    FileFailed,
    FileQueued,
    FileSkipped,
    JobQueued,
    LinkRecorded,
    SessionClosed,
    SessionOpened,
    SpecialFileSkipped,
)
from custody.domain.identifiers import BatchId, JobId, KeyId, Position, extra_id
from custody.domain.public_keys import key_id_of, raw_of_pem
from custody.reports.job_facts import JobFacts
from custody.reports.results import FOREIGN
from custody.reports.scope import Scope

_NO_SESSION: Final = -1


@dataclass(slots=True)
class Session:
    """A command that wrote; ``closed`` stays None if its end was never recorded."""

    opened: Recorded
    event: SessionOpened
    closed: Recorded | None = None


@dataclass(slots=True)
class BatchFacts:
    """A batch and what interrupted it."""

    event: BatchQueued
    incidents: list[Recorded] = field(default_factory=list)
    ended: Position | None = None
    sessions: set[int] = field(default_factory=set)
    signers: dict[KeyId, None] = field(default_factory=dict)


@dataclass(slots=True)
class Rereading:
    """What one command found when it read copies again or looked for what does not belong there."""

    began: Recorded
    equal: int = 0
    different: int = 0
    unreadable: int = 0
    foreign: int = 0

    def admit(self, event: CopyReverified | CopyRefuted) -> None:
        """Count the next result."""
        match event:
            case CopyReverified():
                self.equal += 1
            case CopyRefuted(finding=finding) if finding == FOREIGN:
                self.foreign += 1
            case CopyRefuted(finding=finding) if finding in DIFFERENCES:
                self.different += 1
            case _:
                self.unreadable += 1


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Two neighbouring entries of which the later one bears the earlier time."""

    before: Recorded
    after: Recorded
    session: int


class LedgerFold:
    """Admits records in the order of the ledger; its attributes are what a report is made from."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._job_of: dict[UUID, JobFacts] = {}  # stream of a file → its job
        self._batches: dict[BatchId, BatchFacts] = {}
        self._batch_streams: dict[UUID, BatchFacts] = {}
        self.sessions: list[Session] = []
        self.jobs: dict[JobId, JobFacts] = {}
        self._delegated: dict[KeyId, KeyId] = {}  # session keys → the keys of those they signed for
        self.rereadings: dict[int, Rereading] = {}  # by the place of their session
        self.clock_steps: list[ClockStep] = []
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
        before, self.last = self.last, recorded
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
        if before is not None and recorded.at < before.at:
            self.clock_steps.append(ClockStep(before, recorded, len(self.sessions) - 1))
        if owner is not None:
            owner.sessions.add(len(self.sessions) - 1)
            owner.signers[self._delegated.get(recorded.actor, recorded.actor)] = None

    def _people(self, recorded: Recorded) -> None:
        match recorded.event:
            case SessionOpened() as event:
                self.sessions.append(Session(recorded, event))
                if event.session_key is not None:
                    self._delegated[key_id_of(raw_of_pem(event.session_key))] = recorded.actor
            case SessionClosed() if self.sessions:
                self.sessions[-1].closed = recorded
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
            job.admit(recorded)
        return job

    def _wanted(self, job: JobId, batch: BatchId) -> bool:
        return self._scope.job in {None, job} and self._scope.batch in {None, batch}

    def _file(self, recorded: Recorded) -> JobFacts | None:
        event, stream = recorded.event, recorded.stream.id
        job = self._job_of.get(stream)
        if job is None:
            job = self._job_that_begins(event, stream)
        if job is None:
            return None
        if isinstance(event, CopyRefuted) and event.finding == FOREIGN:
            job.admit_foreign(event, recorded)
        elif not job.admit_entry(recorded):
            return None
        self._job_of[stream] = job
        if isinstance(event, CopyReverified | CopyRefuted):
            self.rereadings.setdefault(len(self.sessions) - 1, Rereading(recorded)).admit(event)
        return job

    def _job_that_begins(self, event: Event, stream: UUID) -> JobFacts | None:
        match event:
            case FileQueued() | FileFailed() | FileSkipped():
                return self.jobs.get(event.job)
            case LinkRecorded() | SpecialFileSkipped() | DirectoryCreated():
                return self.jobs.get(event.job)
            case CopyRefuted(finding=finding) if finding == FOREIGN:
                owners = (job for key, job in self.jobs.items() if extra_id(key, event.path) == stream)
                return next(owners, None)
            case _:
                return None
