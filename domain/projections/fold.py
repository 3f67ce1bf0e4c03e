"""Read models as a pure fold: which row each event changes, and to what.

Knows what every event means for the state of batches, jobs and file transfers. Deliberately knows no SQL
and no table's present content.
"""

import json
from collections.abc import Mapping
from typing import Final

from custody.domain.digest import Digests
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    CopyRefuted,
    CopyReverified,
    DirectoryCreated,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileProgressed,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
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
from custody.domain.identifiers import JobId
from custody.domain.paths import RawPath, join
from custody.domain.projections.row_changes import (
    BATCH_IN,
    BATCH_QUEUED,
    DIRECTORY,
    FILE_COPYING,
    FILE_FAILED,
    FILE_FSYNCED,
    FILE_PROGRESSED,
    FILE_QUALIFIED,
    FILE_QUEUED,
    FILE_REQUEUED,
    FILE_SKIPPED,
    FILE_STILL_FSYNCED,
    FILE_STILL_QUALIFIED,
    FILE_VERIFIED,
    JOB_IN,
    JOB_INVENTORIED,
    JOB_QUEUED,
    JOB_TOUCHED,
    LINK,
    SPECIAL,
    STANDING,
    RowChange,
    Value,
)

_DIGESTS: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Projector:
    """Turns recorded events into row changes.

    Remembers the destination of every job, since the path of a copy hangs on it: those of an existing
    ledger are given at the start, new ones are learnt as their jobs are queued.
    """

    def __init__(self, destinations: Mapping[JobId, RawPath] | None = None) -> None:
        """Take the destinations of the jobs that were queued before."""
        self._destinations = dict(destinations or {})

    def changes(self, recorded: Recorded) -> tuple[RowChange, ...]:
        """Return what the event changes: one row, or none for events of sessions, keys, cases and reports."""
        change: RowChange | None
        match recorded.stream.kind:
            case "file":
                change = self._file(recorded)
            case "job":
                change = self._job(recorded)
            case "batch":
                change = _batch(recorded)
            case _:
                change = None
        return () if change is None else (change,)

    def _file(self, recorded: Recorded) -> RowChange | None:
        """Return the change by an event in the life of one copied file; asked first: they are nearly all."""
        key, revision = recorded.stream.id.bytes, recorded.revision
        change: RowChange | None
        match recorded.event:
            case FileCopying() as event:
                change = RowChange(FILE_COPYING, (revision, event.attempt, event.temporary, key))
            case FileProgressed() | MetadataLost():
                change = RowChange(FILE_PROGRESSED, (revision, key))
            case FileFsynced() as event:
                content = (event.size, _digests(event.digests))
                change = RowChange(FILE_FSYNCED, (revision, event.attempt, *content, key))
            case FileVerified() as event:
                values = (revision, recorded.position, event.size, _digests(event.digests), key)
                change = RowChange(FILE_VERIFIED, values)
            case FileQualified() as event:
                values = (revision, recorded.position, event.size, _digests(event.digests), key)
                change = RowChange(FILE_QUALIFIED, values)
            case FileResumed(found="qualified") as event:
                change = RowChange(FILE_STILL_QUALIFIED, (revision, event.run, recorded.position, key))
            case FileResumed() as event:
                shape = FILE_STILL_FSYNCED if event.found == "fsynced" else FILE_REQUEUED
                change = RowChange(shape, (revision, event.run, key))
            case CopyReverified():
                change = RowChange(STANDING, (revision, "reverified", recorded.position, key))
            case CopyRefuted():
                change = RowChange(STANDING, (revision, "refuted", recorded.position, key))
            case _:
                change = self._found(recorded)
        return change

    def _found(self, recorded: Recorded) -> RowChange | None:
        """Return the change by an event that says what stands in the source; it may be its stream's first."""
        key = recorded.stream.id.bytes
        change: RowChange | None
        match recorded.event:
            case FileQueued() as event:
                times = (str(event.mtime_ns), str(event.ctime_ns), str(event.atime_ns))
                identity = (event.mode, str(event.device), str(event.inode))
                values = (*self._place(recorded, event), event.size, *times, *identity, key)
                change = RowChange(FILE_QUEUED, values)
            case FileFailed() as event:
                failure = (event.stage, event.error, event.errno, event.offset, event.message, recorded.at)
                values = (*self._place(recorded, event), *failure, event.attempt, key)
                change = RowChange(FILE_FAILED, values)
            case FileSkipped() as event:
                proved = recorded.position if event.cites is None else event.cites
                changed = (str(event.mtime_ns), str(event.ctime_ns))
                proof = (event.size, *changed, proved, event.size, _digests(event.digests))
                change = RowChange(FILE_SKIPPED, (*self._place(recorded, event), *proof, key))
            case LinkRecorded() as event:
                change = RowChange(LINK, (*self._place(recorded, event), str(event.mtime_ns), key))
            case SpecialFileSkipped() as event:
                change = RowChange(SPECIAL, (*self._place(recorded, event), event.mode, key))
            case DirectoryCreated() as event:
                facts = (event.mode, str(event.mtime_ns), int(event.existed))
                change = RowChange(DIRECTORY, (*self._place(recorded, event), *facts, key))
            case _:
                change = None
        return change

    def _place(
        self,
        recorded: Recorded,
        event: FileQueued | FileFailed | FileSkipped | LinkRecorded | SpecialFileSkipped | DirectoryCreated,
    ) -> tuple[Value, ...]:
        """Return the values that every event on the source has, in the order of ``row_changes.PLACE``."""
        destination = self._destinations.get(event.job)
        copy = None if destination is None else join(destination, event.path)
        return (
            recorded.revision, event.job.bytes, event.run, recorded.position, event.path, event.source, copy,
        )  # fmt: skip

    def _job(self, recorded: Recorded) -> RowChange | None:
        key, revision = recorded.stream.id.bytes, recorded.revision
        change: RowChange | None
        match recorded.event:
            case JobQueued() as event:
                self._destinations[JobId(recorded.stream.id)] = event.destination
                form = (event.name, event.case_number, event.exhibit, event.destination)
                change = RowChange(JOB_QUEUED, (revision, event.batch, event.index, *form, key))
            case JobStarted() | JobResumed() as event:
                change = RowChange(JOB_IN["running"], (revision, event.run, key))
            case JobCompleted() as event:
                change = RowChange(JOB_IN["completed"], (revision, event.run, key))
            case JobFailed() as event:
                change = RowChange(JOB_IN["failed"], (revision, event.run, key))
            case InventoryTaken() as event:
                change = RowChange(JOB_INVENTORIED, (revision, event.run, key))
            case InventoryChanged():
                change = RowChange(JOB_TOUCHED, (revision, key))
            case _:
                change = None
        return change


def _batch(recorded: Recorded) -> RowChange | None:
    key, revision = recorded.stream.id.bytes, recorded.revision
    change: RowChange | None
    match recorded.event:
        case BatchQueued() as event:
            facts = (event.batch, event.name, recorded.at, event.jobs)
            change = RowChange(BATCH_QUEUED, (revision, recorded.position, *facts, key))
        case BatchStarted() | BatchResumed() as event:
            change = RowChange(BATCH_IN["running"], (revision, event.run, key))
        case BatchPaused() as event:
            change = RowChange(BATCH_IN["paused"], (revision, event.run, key))
        case BatchStopped() as event:
            change = RowChange(BATCH_IN["stopped"], (revision, event.run, key))
        case BatchCompleted() as event:
            state = "incomplete" if event.incomplete else "completed"
            change = RowChange(BATCH_IN[state], (revision, event.run, key))
        case _:
            change = None
    return change


def _digests(digests: Digests) -> bytes:
    # The values stand in a sealed entry, so the subset's check by ``canonical`` is behind them.
    return _DIGESTS.encode(dict(digests)).encode()
