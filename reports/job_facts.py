"""What one job did, folded from its own stream and those of its files, folders, links and special files.

Knows which record opens, changes or closes which fact. Puts nothing into words and judges nothing as a whole.
"""

from dataclasses import dataclass, field
from uuid import UUID

from custody.domain.copying.failure_words import DIFFERENCES
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    CopyRefuted,
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
    LinkRecorded,
    MetadataLost,
    SpecialFileSkipped,
)
from custody.domain.identifiers import KeyId, Position
from custody.domain.paths import RawPath
from custody.reports.transfers import Transfer, beginning

Listed = LinkRecorded | SpecialFileSkipped | DirectoryCreated


@dataclass(slots=True, kw_only=True)
class Made:
    """A folder, link or special file: its last record, and what was found against it since."""

    event: Listed
    entry: Position
    against: Recorded | None = None
    incidents: list[Recorded] = field(default_factory=list)

    def admit(self, recorded: Recorded) -> None:
        """Take the next event of this entry's stream; being made or listed anew settles what was before."""
        match recorded.event:
            case LinkRecorded() | SpecialFileSkipped() | DirectoryCreated() as event:
                self.event, self.entry, self.against = event, recorded.position, None
            case FileFailed() | CopyRefuted():
                self.against = recorded
                self.incidents.append(recorded)
            case MetadataLost():
                self.incidents.append(recorded)
            case _:
                pass

    @property
    def is_refuted(self) -> bool:
        """Tell whether a later pass found it changed or missing."""
        event = self.against.event if self.against is not None else None
        return isinstance(event, CopyRefuted) and event.finding in DIFFERENCES


@dataclass(slots=True, kw_only=True)
class Foreign:
    """Something that no job put where it lies: each time it was found, and what said that it is gone."""

    path: RawPath
    found: list[Recorded]
    gone: Position | None = None


@dataclass(slots=True, kw_only=True)
class JobFacts:
    """A job and everything found in its sources and among its copies, by stream."""

    event: JobQueued
    outcome: Recorded | None = None
    began_at: str | None = None
    ended_at: str | None = None
    runs: int = 0
    inventories: list[tuple[Position, InventoryTaken]] = field(default_factory=list)
    incidents: list[Recorded] = field(default_factory=list)
    transfers: dict[UUID, Transfer] = field(default_factory=dict)
    made: dict[UUID, Made] = field(default_factory=dict)
    foreign: dict[UUID, Foreign] = field(default_factory=dict)
    sessions: set[int] = field(default_factory=set)
    signers: dict[KeyId, None] = field(default_factory=dict)

    def admit(self, recorded: Recorded) -> None:
        """Take the next event of the job's own stream."""
        match recorded.event:
            case JobStarted() | JobResumed():
                self.began_at = self.began_at or recorded.at
                self.ended_at, self.outcome, self.runs = None, None, self.runs + 1
            case InventoryTaken() as event:
                self.inventories.append((recorded.position, event))
            case InventoryChanged():
                self.incidents.append(recorded)
            case JobCompleted():
                self._end(recorded)
                self._nothing_foreign(recorded.position)
            case JobFailed():
                self._end(recorded)
                self.incidents.append(recorded)
            case _:
                pass

    def admit_entry(self, recorded: Recorded) -> bool:
        """Take the next event of the stream of one of its entries; tell whether it belongs to the job."""
        stream = recorded.stream.id
        match recorded.event:
            case FileQueued() | FileSkipped() as event if stream not in self.transfers:
                self.transfers[stream] = beginning(event, recorded)
            case FileFailed() as event if stream not in self.transfers and stream not in self.made:
                self.transfers[stream] = beginning(event, recorded)
            case LinkRecorded() | SpecialFileSkipped() | DirectoryCreated() as event:
                self._list(event, recorded)
            case _:
                return self._admit_known(recorded)
        return True

    def admit_foreign(self, event: CopyRefuted, recorded: Recorded) -> None:
        """Take a finding of something that no job put there."""
        known = self.foreign.setdefault(recorded.stream.id, Foreign(path=event.path, found=[]))
        known.found.append(recorded)
        known.gone = None

    def listed(self) -> list[Made]:
        """Return folders, links and special files in the order of their raw paths."""
        return sorted(self.made.values(), key=lambda made: made.event.path)

    def _end(self, recorded: Recorded) -> None:
        self.ended_at, self.outcome = recorded.at, recorded

    def _nothing_foreign(self, position: Position) -> None:
        for foreign in self.foreign.values():
            foreign.gone = foreign.gone if foreign.gone is not None else position

    def _list(self, event: Listed, recorded: Recorded) -> None:
        stream = recorded.stream.id
        if stream not in self.made:
            self.made[stream] = Made(event=event, entry=recorded.position)
            before = self.transfers.get(stream)
            if before is not None and before.was_never_a_file:  # its first record was a failure to list it
                self.made[stream].incidents = before.incidents
                del self.transfers[stream]
            return
        self.made[stream].admit(recorded)

    def _admit_known(self, recorded: Recorded) -> bool:
        known = self.transfers.get(recorded.stream.id) or self.made.get(recorded.stream.id)
        if known is not None:
            known.admit(recorded)
        return known is not None
