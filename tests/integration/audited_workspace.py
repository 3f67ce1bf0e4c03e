"""A workspace with a real ledger on SQLite: a key, sessions, one batch of copied files, checkpoints."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from custody.domain.events import (
    BatchQueued,
    BatchStarted,
    DirectoryCreated,
    Event,
    ExhibitRegistered,
    FileCopying,
    FileFsynced,
    FileQueued,
    FileVerified,
    JobQueued,
    JobStarted,
    KeyEnrolled,
    LedgerOpened,
    Nanoseconds,
    SessionClosed,
    SessionOpened,
)
from custody.domain.identifiers import (
    BatchId,
    KeyId,
    LedgerId,
    Stream,
    batch_stream,
    exhibit_stream,
    job_id,
    key_stream,
    transfer_id,
)
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.domain.use_cases.audit_ledger import AuditResult, audit
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store.audit_source import open_for_audit
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.opening import (
    LedgerPaths,
    create_ledger,
    open_for_reading,
    open_for_writing,
)

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
PLAN = b'{"jobs":[]}'
BATCH = BatchId(hashlib.sha256(PLAN).hexdigest())
JOB = job_id(LEDGER, BATCH, 0)
DESTINATION = RawPath(b"/mnt/evidence")
SHA256 = {"sha256": hashlib.sha256(b"content").hexdigest()}
MOMENT = datetime(2026, 3, 1, 21, 10, tzinfo=UTC)


class StandingClock:
    def now(self) -> datetime:
        return MOMENT

    def monotonic(self) -> float:
        return 0.0


@dataclass
class AuditedWorkspace:
    """Writes a ledger through the real code, lets a test tamper with its file, and audits it."""

    folder: Path
    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer(new_private_key()))

    @property
    def paths(self) -> LedgerPaths:
        return LedgerPaths.within(self.folder)

    @property
    def trusted(self) -> dict[KeyId, bytes]:
        return {KeyId(self.signer.key_id): self.signer.public_raw}

    def open(self) -> SqlLedger:
        return open_for_writing(self.paths, self.signer, self.trusted, StandingClock())

    def record(self, number: int, write: Callable[[SqlLedger], None]) -> None:
        """One session: opened, whatever is written, closed, checkpoint."""
        stream = Stream("session", uuid5(LEDGER, f"session/{number}"))
        with self.open() as ledger:
            ledger.append([Recording(stream, 1, session_opened())])
            write(ledger)
            ledger.append([Recording(stream, 2, SessionClosed(exit=0))])
            ledger.make_checkpoint()

    def audit(
        self, *, extra: tuple[bytes, ...] = (), trusted: dict[KeyId, bytes] | None = None
    ) -> AuditResult:
        keys = self.trusted if trusted is None else trusted
        with open_for_audit(self.paths) as source, verifying_in_parallel() as verify_many:
            return audit(source, keys, verify_many, extra_checkpoints=extra)

    def tamper(self, *statements: str) -> None:
        """Change the database as somebody with an editor would."""
        with closing(sqlite3.connect(self.paths.database)) as database, database:
            for statement in statements:
                database.execute(statement)

    def export(self) -> bytes:
        """The entries as `log export` writes them: one a line."""
        reader = open_for_reading(self.paths)
        try:
            return b"".join(stored.entry + b"\n" for stored in reader.entries())
        finally:
            reader.close()


def session_opened() -> SessionOpened:
    return SessionOpened(
        command="copy", examiner="J. Ortiz", host="lab-3", system="Linux", tool="custody", version="0.1.0",
        zone="UTC", utc_offset_seconds=0, clock_synchronised=True,
    )  # fmt: skip


def opened_ledger(folder: Path) -> AuditedWorkspace:
    """A new ledger with its opening and its first key."""
    folder.mkdir()
    workspace = AuditedWorkspace(folder)
    create_ledger(workspace.paths, LEDGER)
    key = KeyId(workspace.signer.key_id)
    pem = workspace.signer.public_pem.decode()
    opened = LedgerOpened(ledger=LEDGER, format="custody.ledger/1", tool="custody", version="0.1.0")
    enrolled = KeyEnrolled(key=key, public_key=pem, examiner="J. Ortiz", protected=True)
    with workspace.open() as ledger:
        ledger.append(
            [
                Recording(Stream("ledger", LEDGER), 1, opened),
                Recording(key_stream(LEDGER, key), 1, enrolled),
            ]
        )
        ledger.make_checkpoint()
    return workspace


def sample_workspace(folder: Path, files: int = 5) -> AuditedWorkspace:
    """A ledger of 10 + 4 × ``files`` entries: opening, one session with a batch, its files, the end."""
    workspace = opened_ledger(folder)
    workspace.record(1, lambda ledger: write_batch(ledger, files))
    return workspace


def write_batch(ledger: SqlLedger, files: int) -> None:
    ledger.keep_document(PLAN)
    batch, job = batch_stream(LEDGER, BATCH), Stream("job", JOB)
    queued = JobQueued(
        batch=BATCH, index=0, name="card", case_number="2026-0147", exhibit="A-001", destination=DESTINATION,
        sources=(RawPath(b"/media/card"),), source_count=1, algorithms=("sha256",), form={},
    )  # fmt: skip
    exhibit = ExhibitRegistered(case_number="2026-0147", exhibit="A-001")
    folder = DirectoryCreated(
        job=JOB, run=1, path=RawPath(b"card"), source=RawPath(b"/media/card"), mode=0o755,
        mtime_ns=Nanoseconds(1), existed=False,
    )  # fmt: skip
    events: list[tuple[Stream, int, Event]] = [
        (batch, 1, BatchQueued(batch=BATCH, name="copy", jobs=1)),
        (exhibit_stream(LEDGER, "2026-0147", "A-001"), 1, exhibit),
        (job, 1, queued),
        (batch, 2, BatchStarted(run=1)),
        (job, 2, JobStarted(run=1)),
        (Stream("file", transfer_id(JOB, b"card")), 1, folder),
    ]
    ledger.append([Recording(*one) for one in events])
    for number in range(files):
        ledger.append(file_recordings(RawPath(b"card/clip%d.mov" % number)))


def file_recordings(path: RawPath) -> list[Recording]:
    """Everything that happens to a file that goes well."""
    queued = FileQueued(
        job=JOB, run=1, path=path, source=RawPath(b"/media/" + path), size=7, mtime_ns=Nanoseconds(3),
        atime_ns=Nanoseconds(4), ctime_ns=Nanoseconds(5), mode=0o100644, uid=0, gid=0, device=2049, inode=11,
        links=1,
    )  # fmt: skip
    events: list[Event] = [
        queued,
        FileCopying(attempt=1, temporary=RawPath(b".clip.part")),
        FileFsynced(attempt=1, size=7, digests=SHA256),
        FileVerified(path=path, size=7, digests=SHA256, read_back="direct"),
    ]
    stream = Stream("file", transfer_id(JOB, path))
    return [Recording(stream, revision, event) for revision, event in enumerate(events, start=1)]
