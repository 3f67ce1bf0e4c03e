"""Tells a ledger's story, entry by entry, the way the pipeline records it; what reports are tested with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from custody.domain import events as ev
from custody.domain.entries.entry import Recorded
from custody.domain.events import Event
from custody.domain.identifiers import (
    BatchId,
    JobId,
    KeyId,
    LedgerId,
    Position,
    Stream,
    TransferId,
    batch_stream,
    checkpoint_stream,
    extra_id,
    job_id,
    key_stream,
    transfer_id,
)
from custody.domain.paths import RawPath
from custody.reports.scope import KeyFingerprint, LedgerHead

LEDGER = LedgerId(UUID("6f1c7a52-3d0e-4b55-9c1d-2a8e90b1c3d4"))
KEY = KeyId(hashlib.sha256(b"a key").hexdigest())
DEFAULT_MTIME_NS = 1_772_399_400_123_456_789
SECONDS_PER_DAY = 86_400


@dataclass(slots=True)
class Job:
    id: JobId
    batch: BatchId
    destination: RawPath


@dataclass(slots=True)
class LedgerStory:
    examiner: str = "Ada Okafor"
    key: KeyId = KEY
    boot_id: str = "3f0b8f6e-1111-4222-8333-444455556666"
    synchronised: bool | None = True
    records: list[Recorded] = field(default_factory=list)
    revisions: dict[Stream, int] = field(default_factory=dict)
    run: int = 1
    protected: bool = True
    clock_offset_seconds: int = 0

    def tell(self, stream: Stream, event: Event) -> Position:
        position = Position(len(self.records))
        seconds = (position // 10 + self.clock_offset_seconds) % SECONDS_PER_DAY
        revision = self.revisions.get(stream, 0) + 1
        self.revisions[stream] = revision
        self.records.append(
            Recorded(
                position=position,
                stream=stream,
                revision=revision,
                at=f"2026-03-02T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.123456Z",
                actor=self.key,
                event=event,
            )
        )
        return position

    def __call__(self) -> Iterator[Recorded]:
        return iter(self.records)

    @property
    def head(self) -> LedgerHead:
        position = len(self.records) - 1
        root = hashlib.sha256(f"root {position}".encode()).hexdigest()
        leaf = hashlib.sha256(f"leaf {position}".encode()).hexdigest()
        keys = (KeyFingerprint(self.key, self.examiner),)
        return LedgerHead(
            position=Position(position), size=position + 1, root_hex=root, leaf_hex=leaf, keys=keys
        )

    def opened(self) -> "LedgerStory":
        opening = ev.LedgerOpened(ledger=LEDGER, format="custody-ledger/1", tool="custody", version="0.1.0")
        self.tell(Stream("ledger", LEDGER), opening)
        enrolment = ev.KeyEnrolled(
            key=self.key, public_key="PEM", examiner=self.examiner, badge="4411", protected=self.protected
        )
        self.tell(key_stream(LEDGER, self.key), enrolment)
        return self

    def session(self, command: str = "custody batch run robbery.toml") -> Stream:
        stream = Stream("session", uuid5(LEDGER, f"session {len(self.records)}"))
        event = ev.SessionOpened(
            command=command,
            examiner=self.examiner,
            badge="4411",
            agency="Harbour Police, Digital Unit",
            host="lab-03",
            system="Linux 6.1 x86_64",
            tool="custody",
            version="0.1.0",
            boot_id=self.boot_id,
            zone="Europe/Berlin",
            utc_offset_seconds=3600,
            clock_synchronised=self.synchronised,
        )
        self.tell(stream, event)
        return stream

    def end_session(self, stream: Stream, code: int = 0) -> None:
        self.tell(stream, ev.SessionClosed(exit=code))

    def batch(self, name: str = "Main Street robbery", jobs: int = 1) -> BatchId:
        batch = BatchId(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest())
        event = ev.BatchQueued(
            batch=batch,
            name=name,
            jobs=jobs,
            instruction=RawPath(b"/home/ada/robbery.toml"),
            instruction_sha256=hashlib.sha256(b"instruction").hexdigest(),
        )
        self.tell(batch_stream(LEDGER, batch), event)
        self.of_batch(batch, ev.BatchStarted(run=self.run))
        return batch

    def of_batch(self, batch: BatchId, event: Event) -> Position:
        return self.tell(batch_stream(LEDGER, batch), event)

    def job(
        self,
        batch: BatchId,
        index: int = 0,
        *,
        name: str = "Camera 1",
        case_number: str = "2026-0147",
        exhibit: str | None = "A-001",
        destination: bytes = b"/mnt/evidence/2026-0147/Corner Store @ 12 Main Street",
        sources: tuple[bytes, ...] = (b"/mnt/wb1/DCIM",),
        form: dict[str, str] | None = None,
    ) -> Job:
        identity = job_id(LEDGER, batch, index)
        job = Job(identity, batch, RawPath(destination))
        event = ev.JobQueued(
            batch=batch,
            index=index,
            name=name,
            case_number=case_number,
            exhibit=exhibit,
            destination=RawPath(destination),
            sources=tuple(RawPath(source) for source in sources),
            source_count=len(sources),
            algorithms=("md5", "sha256"),
            form={"business_name": "Corner Store", "technician_name": "J. Ortiz"} if form is None else form,
        )
        self.of_job(job, event)
        return job

    def start(self, job: Job) -> None:
        self.of_job(job, ev.JobStarted(run=self.run))

    def of_job(self, job: Job, event: Event) -> Position:
        return self.tell(Stream("job", job.id), event)

    def inventory(self, job: Job, files: int, size: int = 0, unreadable: int = 0) -> None:
        event = ev.InventoryTaken(
            run=self.run,
            files=files,
            directories=1,
            links=0,
            special=0,
            unreadable=unreadable,
            bytes=size,
            digest=hashlib.sha256(b"listing").hexdigest(),
        )
        self.of_job(job, event)

    def complete(self, job: Job, verified: int = 0, size: int = 0) -> Position:
        event = ev.JobCompleted(
            run=self.run,
            queued=verified,
            verified=verified,
            skipped=0,
            special=0,
            bytes=size,
            milliseconds=1500,
        )
        return self.of_job(job, event)

    def fail(self, job: Job, reason: str, failed: int = 1) -> Position:
        event = ev.JobFailed(
            run=self.run,
            reason=reason,
            queued=failed,
            verified=0,
            skipped=0,
            failed=failed,
            special=0,
            bytes=0,
            milliseconds=1500,
        )
        return self.of_job(job, event)

    def pause(self, batch: BatchId, reason: str = "SIGINT") -> Position:
        return self.of_batch(batch, ev.BatchPaused(run=self.run, reason=reason))

    def end(self, batch: BatchId) -> Position:
        event = ev.BatchCompleted(
            run=self.run,
            queued=0,
            verified=0,
            skipped=0,
            failed=0,
            special=0,
            bytes=0,
            milliseconds=1,
            incomplete=False,
        )
        return self.of_batch(batch, event)

    def resume(self, batch: BatchId, ended: str = "paused") -> Position:
        event = ev.BatchResumed(
            run=self.run, ended=ended, verified=3, fsynced=1, copying=1, queued=2, failed=0
        )
        return self.of_batch(batch, event)

    def stream(self, job: Job, path: bytes) -> Stream:
        return Stream("file", TransferId(transfer_id(job.id, path)))

    def of_file(self, job: Job, path: bytes, event: Event) -> Position:
        return self.tell(self.stream(job, path), event)

    def queued(
        self, job: Job, path: bytes, size: int = 1000, mtime_ns: int = DEFAULT_MTIME_NS, links: int = 1
    ) -> Position:
        event = ev.FileQueued(
            job=job.id,
            run=self.run,
            path=RawPath(path),
            source=source(path),
            size=size,
            mtime_ns=ev.Nanoseconds(mtime_ns),
            atime_ns=ev.Nanoseconds(mtime_ns),
            ctime_ns=ev.Nanoseconds(mtime_ns),
            mode=0o644,
            uid=1000,
            gid=1000,
            device=66,
            inode=4711,
            links=links,
        )
        return self.of_file(job, path, event)

    def copying(self, job: Job, path: bytes, attempt: int = 1) -> Position:
        event = ev.FileCopying(attempt=attempt, temporary=RawPath(b".custody-00.part"))
        return self.of_file(job, path, event)

    def fsynced(self, job: Job, path: bytes, size: int = 1000, attempt: int = 1) -> Position:
        return self.of_file(job, path, ev.FileFsynced(attempt=attempt, size=size, digests=digests(path)))

    def proved(self, job: Job, path: bytes, size: int = 1000, read_back: str = "direct") -> Position:
        event = ev.FileVerified(path=RawPath(path), size=size, digests=digests(path), read_back=read_back)
        return self.of_file(job, path, event)

    def verified(
        self,
        job: Job,
        path: bytes,
        size: int = 1000,
        read_back: str = "direct",
        mtime_ns: int = DEFAULT_MTIME_NS,
    ) -> Position:
        self.queued(job, path, size, mtime_ns)
        self.copying(job, path)
        self.fsynced(job, path, size)
        return self.proved(job, path, size, read_back)

    def failed(
        self,
        job: Job,
        path: bytes,
        *,
        attempt: int = 1,
        error: str = "io-error",
        message: str = "Input/output error",
        moved_to: bytes | None = None,
        stage: str = "read",
        errno: int | None = 5,
        offset: int | None = 65_536,
    ) -> Position:
        event = ev.FileFailed(
            job=job.id,
            run=self.run,
            path=RawPath(path),
            source=source(path),
            stage=stage,
            error=error,
            errno=errno,
            offset=offset,
            message=message,
            attempt=attempt,
            moved_to=None if moved_to is None else RawPath(moved_to),
        )
        return self.of_file(job, path, event)

    def skipped(
        self, job: Job, path: bytes, *, reason: str, cites: int | None = None, size: int = 1000
    ) -> Position:
        event = ev.FileSkipped(
            job=job.id,
            run=self.run,
            path=RawPath(path),
            source=source(path),
            size=size,
            mtime_ns=ev.Nanoseconds(DEFAULT_MTIME_NS),
            ctime_ns=ev.Nanoseconds(DEFAULT_MTIME_NS),
            reason=reason,
            cites=None if cites is None else Position(cites),
            digests=digests(path),
            read_back=None if cites is not None else "dropped",
        )
        return self.of_file(job, path, event)

    def link(self, job: Job, path: bytes, target: bytes) -> Position:
        event = ev.LinkRecorded(
            job=job.id,
            run=self.run,
            path=RawPath(path),
            source=source(path),
            target=RawPath(target),
            mtime_ns=ev.Nanoseconds(0),
        )
        return self.of_file(job, path, event)

    def special(self, job: Job, path: bytes, kind: str = "fifo") -> Position:
        event = ev.SpecialFileSkipped(
            job=job.id, run=self.run, path=RawPath(path), source=source(path), kind=kind, mode=0o600
        )
        return self.of_file(job, path, event)

    def folder(self, job: Job, path: bytes) -> Position:
        event = ev.DirectoryCreated(
            job=job.id,
            run=self.run,
            path=RawPath(path),
            source=source(path),
            mode=0o755,
            mtime_ns=ev.Nanoseconds(0),
            existed=False,
        )
        return self.of_file(job, path, event)

    def changed(self, job: Job, path: bytes, change: str = "changed") -> Position:
        event = ev.InventoryChanged(run=self.run, change=change, path=RawPath(path), source=source(path))
        return self.of_job(job, event)

    def reverified(self, job: Job, path: bytes, size: int = 1000) -> Position:
        event = ev.CopyReverified(path=RawPath(path), size=size, digests=digests(path), read_back="direct")
        return self.of_file(job, path, event)

    def refuted(
        self, job: Job, path: bytes, finding: str = "changed", message: str = "SHA-256 differs"
    ) -> Position:
        event = ev.CopyRefuted(path=RawPath(path), finding=finding, message=message, size=1000)
        return self.of_file(job, path, event)

    def extra(self, job: Job, path: bytes) -> Position:
        event = ev.CopyRefuted(path=RawPath(path), finding="extra", message="no job put it there")
        return self.tell(Stream("file", extra_id(job.id, path)), event)


def source(path: bytes) -> RawPath:
    return RawPath(b"/mnt/wb1/" + path)


def digests(path: bytes) -> dict[str, str]:
    return {"md5": hashlib.md5(path).hexdigest(), "sha256": hashlib.sha256(path).hexdigest()}


def clean_story(files: int = 3) -> LedgerStory:
    """One batch, one job, every file verified, nothing out of the ordinary."""
    story = LedgerStory().opened()
    session = story.session()
    batch = story.batch()
    job = story.job(batch)
    story.start(job)
    story.inventory(job, files, files * 1000)
    for index in range(files):
        story.verified(job, f"DCIM/100MEDIA/clip_{index:05}.mov".encode())
    story.complete(job, files, files * 1000)
    story.end_session(session)
    return story


HOSTILE_NAMES = (
    b'<b>bold & "quoted"</b>.mov',
    b'<img src="/etc/passwd"/>.jpg',
    b"line one\nline two\r\ttab.txt",
    "evil\u202ecod.exe".encode(),
    b"not utf-8 \xff\xfe.bin",
    b"n" * 255,
    "証拠/現場の映像.mov".encode(),
    "доказательство.mov".encode(),
    "דוח.pdf".encode(),
    "한국어.txt".encode(),
    "café \U0001f600.png".encode(),
    b" leading and trailing ",
    b"%s %d {0} {{}} [[[ ]]] \\u202e",
)


def eventful_story() -> LedgerStory:
    """Two jobs with everything that can go wrong: failures, retries, a power cut, a refuted copy."""
    story = LedgerStory().opened()
    story.session()
    batch = story.batch(jobs=2)
    first = story.job(batch)
    second = story.job(batch, 1, name="Camera 2 <i>", exhibit="A-002", form={"notes": "a\nb <b>&"})
    story.start(first)
    story.inventory(first, 18, 30_000_000_000)
    story.folder(first, b"DCIM")
    for index, name in enumerate(HOSTILE_NAMES):
        story.verified(first, name, 10**index, read_back=("direct", "dropped", "cached")[index % 3])
    story.queued(first, b"DCIM/retried.mov")
    story.copying(first, b"DCIM/retried.mov")
    story.failed(first, b"DCIM/retried.mov")
    story.pause(batch)
    story.resume(batch)
    story.copying(first, b"DCIM/retried.mov", 2)
    story.boot_id = "99999999-1111-4222-8333-444455556666"
    session = story.session("custody batch resume")
    story.resume(batch, "restarted")
    story.of_file(first, b"DCIM/retried.mov", ev.FileResumed(run=1, found="temporary"))
    story.copying(first, b"DCIM/retried.mov", 3)
    story.fsynced(first, b"DCIM/retried.mov")
    story.proved(first, b"DCIM/retried.mov", read_back="dropped")
    story.queued(first, b"DCIM/broken.mov", links=2)
    story.failed(first, b"DCIM/broken.mov", moved_to=b"DCIM/broken.mov.custody-bad-0011", stage="read-back")
    story.skipped(first, b"DCIM/there.mov", reason="already-present")
    story.skipped(first, b"DCIM/old.mov", reason="verified-before", cites=3)
    story.link(first, b"DCIM/latest", b"../100MEDIA/clip_1.mov")
    story.special(first, b"DCIM/pipe")
    story.changed(first, b"DCIM/late.mov", "appeared")
    story.fail(first, "1 file failed")
    story.start(second)
    story.inventory(second, 3, 3000)
    story.queued(second, b"a/not begun.mov")
    story.queued(second, b"a/copying.mov")
    story.copying(second, b"a/copying.mov")
    story.queued(second, b"a/flushed.mov")
    story.copying(second, b"a/flushed.mov")
    story.fsynced(second, b"a/flushed.mov")
    stopped = ev.BatchStopped(run=1, reason="more than half of the files failed", tried=20, failed=11)
    story.of_batch(batch, stopped)
    story.end_session(session, 3)
    later = story.session("custody verify")
    story.reverified(first, HOSTILE_NAMES[0])
    story.refuted(first, HOSTILE_NAMES[7])
    story.refuted(first, HOSTILE_NAMES[9], "unreadable", "Input/output error")
    story.refuted(first, b"DCIM/latest", "missing", "nothing stands under this name")
    story.extra(first, b"DCIM/stranger.exe")
    story.end_session(later, 1)
    return vouched(story)


def vouched(story: LedgerStory) -> LedgerStory:
    """A colleague's key comes and goes; an authority and a witness sign checkpoints."""
    other = KeyId(hashlib.sha256(b"another key").hexdigest())
    colleague = ev.KeyEnrolled(
        key=other, public_key="PEM", examiner="A. Novak", protected=True, roles=("reviewer", "custodian")
    )
    story.tell(key_stream(LEDGER, other), colleague)
    size = len(story.records)
    stamp = ev.CheckpointStamped(
        size=size, note_sha256="ab" * 32, generated_at="2026-03-03T04:05:06.000000Z",
        accuracy_microseconds=500_000, authority="CN=Example TSA, O=Example", serial="4711", policy="1.2.3",
        token="AA==",
    )  # fmt: skip
    story.tell(checkpoint_stream(LEDGER, size), stamp)
    cosignature = ev.CheckpointCosigned(
        size=size - 5, root="ab" * 32, note_sha256="ab" * 32, witness="witness.example/reviewer",
        key_hash="55ca9d46", time=1_772_500_000, cosignature="line",
    )  # fmt: skip
    story.tell(checkpoint_stream(LEDGER, size - 5), cosignature)
    story.tell(key_stream(LEDGER, other), ev.KeyRevoked(key=other, reason="laptop stolen"))
    return story
