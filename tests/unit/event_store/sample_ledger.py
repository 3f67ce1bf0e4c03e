"""A small workspace with a real key, and the events of a job that copies files."""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from custody.domain.events import (
    BatchQueued,
    BatchStarted,
    Event,
    FileCopying,
    FileFsynced,
    FileQueued,
    FileVerified,
    JobQueued,
    JobStarted,
    LedgerOpened,
    Nanoseconds,
)
from custody.domain.identifiers import (
    BatchId,
    JobId,
    KeyId,
    LedgerId,
    Stream,
    batch_stream,
    job_id,
    transfer_id,
)
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.opening import LedgerPaths, create_ledger, open_for_writing

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
BATCH = BatchId(hashlib.sha256(b"plan").hexdigest())
JOB = job_id(LEDGER, BATCH, 0)
DESTINATION = RawPath(b"/mnt/evidence")
BATCH_STREAM = batch_stream(LEDGER, BATCH)
JOB_STREAM = Stream("job", JOB)
SHA256 = {"sha256": hashlib.sha256(b"content").hexdigest()}


class SteppingClock:
    """One second later at each look."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 21, 10, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()


@dataclass
class Workspace:
    folder: Path
    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer(new_private_key()))
    clock: SteppingClock = field(default_factory=SteppingClock)

    @property
    def paths(self) -> LedgerPaths:
        return LedgerPaths.within(self.folder)

    @property
    def keys(self) -> dict[KeyId, bytes]:
        return {KeyId(self.signer.key_id): self.signer.public_raw}

    def open(self) -> SqlLedger:
        return open_for_writing(self.paths, self.signer, self.keys, self.clock)

    def tamper(self, *statements: str) -> None:
        """Change the database as somebody would who knows SQL."""
        connection = sqlite3.connect(self.paths.database)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()


def new_workspace(folder: Path) -> Workspace:
    folder.mkdir(exist_ok=True)
    workspace = Workspace(folder)
    create_ledger(workspace.paths, LEDGER)
    return workspace


def opening() -> list[Recording]:
    """Ledger, batch and job, ready to take files."""
    events = (
        (Stream("ledger", LEDGER), 1, LedgerOpened(ledger=LEDGER, format="1", tool="custody", version="0")),
        (BATCH_STREAM, 1, BatchQueued(batch=BATCH, name="Main Street", jobs=1)),
        (JOB_STREAM, 1, job_queued()),
        (BATCH_STREAM, 2, BatchStarted(run=1)),
        (JOB_STREAM, 2, JobStarted(run=1)),
    )
    return [Recording(stream, revision, event) for stream, revision, event in events]


def job_queued() -> JobQueued:
    return JobQueued(
        batch=BATCH,
        index=0,
        name="Camera 1",
        case_number="2026-0147",
        exhibit="A-001",
        destination=DESTINATION,
        sources=(RawPath(b"/mnt/wb1/DCIM"),),
        source_count=1,
        algorithms=("sha256",),
        form={"case_number": "2026-0147"},
    )


def path_of(index: int) -> RawPath:
    return RawPath(b"DCIM/cam%05d.mov" % index)


def stream_of(index: int) -> Stream:
    return Stream("file", transfer_id(JOB, path_of(index)))


def file_queued(index: int, *, run: int = 1, job: JobId = JOB) -> FileQueued:
    return FileQueued(
        job=job,
        run=run,
        path=path_of(index),
        source=RawPath(b"/mnt/wb1/" + path_of(index)),
        size=7,
        mtime_ns=Nanoseconds(1_772_400_000_123_456_789),
        atime_ns=Nanoseconds(1_772_400_000_987_654_321),
        ctime_ns=Nanoseconds(1_772_400_000_123_456_789),
        mode=0o644,
        uid=1000,
        gid=1000,
        device=64769,
        inode=1_000_000 + index,
        links=1,
    )


def file_copying(index: int, attempt: int = 1) -> FileCopying:
    return FileCopying(attempt=attempt, temporary=RawPath(b".custody-%08x.%d.part" % (index, attempt)))


def file_verified(index: int) -> FileVerified:
    return FileVerified(path=path_of(index), size=7, digests=SHA256, read_back="direct")


def life_of(index: int) -> tuple[Event, ...]:
    """What a file that is copied without trouble goes through, as revisions 1 to 4."""
    return (
        file_queued(index),
        file_copying(index),
        FileFsynced(attempt=1, size=7, digests=SHA256),
        file_verified(index),
    )


def window(indexes: Sequence[int]) -> list[Recording]:
    """The lives of several files, a step of all of them at a time, as the pipeline records them."""
    lives = [life_of(index) for index in indexes]
    return [
        Recording(stream_of(index), step + 1, life[step])
        for step in range(4)
        for index, life in zip(indexes, lives, strict=True)
    ]
