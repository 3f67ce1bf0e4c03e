from uuid import UUID

import pytest

from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    EVENT_TYPES,
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    CopyRefuted,
    CopyReverified,
    DirectoryCreated,
    Event,
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
    Nanoseconds,
    SessionClosed,
    SpecialFileSkipped,
)
from custody.domain.identifiers import BatchId, JobId, KeyId, Position, Stream
from custody.domain.paths import RawPath
from custody.domain.projections.fold import Projector
from custody.domain.projections.row_changes import PLACE, Value

ID = UUID("0b8f6d2e-6a0b-4a61-9a54-6f3c3a6e2b10")
JOB = JobId(UUID("9f2184a8-1db1-58fc-aace-ef993b4b81c6"))
BATCH = BatchId("ab" * 32)
SUMS = {"queued": 3, "verified": 2, "skipped": 1, "special": 0, "bytes": 9, "milliseconds": 5}
PLACE_OF = {"job": JOB, "run": 2, "path": RawPath(b"a/b"), "source": RawPath(b"/src/b")}
TIMES = {
    "mtime_ns": Nanoseconds(2**63), "atime_ns": Nanoseconds(-5), "ctime_ns": Nanoseconds(0),
}  # fmt: skip
QUEUED = FileQueued(
    **PLACE_OF, **TIMES, size=7, mode=0o644, uid=1, gid=1, device=2**64 - 1, inode=12, links=1,
)  # fmt: skip
FAILED = FileFailed(
    **PLACE_OF, stage="read", error="io-error", errno=5, offset=4096, message="Input/output error", attempt=2
)
JOB_QUEUED = JobQueued(
    batch=BATCH, index=4, name="Camera", case_number="2026-0147", destination=RawPath(b"/out"), sources=(),
    source_count=0, algorithms=("sha256",), form={},
)  # fmt: skip
SHA256 = {"sha256": "00" * 32, "md5": "11" * 16}
SHA256_JSON = b'{"md5":"' + b"11" * 16 + b'","sha256":"' + b"00" * 32 + b'"}'

CASES: list[tuple[Event, dict[str, Value]]] = [
    (QUEUED, {"kind": "file", "state": "queued", "run": 2, "ordinal": 40}),
    (QUEUED, {"attempt": 0, "temporary": None, "existed": 0}),
    (QUEUED, {"path": b"a/b", "source": b"/src/b", "size": 7, "mode": 0o644, "inode": "12"}),
    (QUEUED, {"mtime_ns": str(2**63), "atime_ns": "-5", "device": str(2**64 - 1)}),
    (QUEUED, {"stage": None, "error": None, "errno": None, "message": None, "failed_at": None}),
    (FileCopying(attempt=2, temporary=RawPath(b"t")), {"state": "copying", "temporary": b"t"}),
    (FileCopying(attempt=2, temporary=RawPath(b"t")), {"attempt": 2}),
    (FileProgressed(attempt=1, size=5, digests=SHA256), {}),
    (
        MetadataLost(run=1, path=RawPath(b"a/b"), attributes=("user.x",), count=1, reason="no"),
        {"revision": 6},
    ),
    (FileFsynced(attempt=1, size=7, digests=SHA256), {"state": "fsynced", "digests": SHA256_JSON}),
    (
        FileVerified(path=RawPath(b"a/b"), size=7, digests=SHA256, read_back="direct"),
        {"state": "verified", "proved": 40, "digests": SHA256_JSON, "temporary": None},
    ),
    (
        FileQualified(
            path=RawPath(b"a/b"), size=7, digests=SHA256, read_back="direct", unreadable=((0, 7),),
            unreadable_count=1, unreadable_bytes=7,
        ),
        {"state": "qualified", "proved": 40, "digests": SHA256_JSON, "temporary": None},
    ),
    (FAILED, {"kind": "file", "state": "failed", "stage": "read", "error": "io-error", "errno": 5}),
    (FAILED, {"failed_offset": 4096, "message": "Input/output error", "attempt": 2, "failed_at": "T"}),
    (FileResumed(run=3, found="copying"), {"state": "queued", "run": 3}),
    (FileResumed(run=3, found="fsynced"), {"state": "fsynced", "run": 3}),
    (
        FileSkipped(
            **PLACE_OF, size=7, mtime_ns=Nanoseconds(1), ctime_ns=Nanoseconds(2), reason="x",
            cites=Position(9), digests=SHA256,
        ),
        {"kind": "file", "state": "skipped", "proved": 9, "digests": SHA256_JSON, "size": 7, "ctime_ns": "2"},
    ),
    (
        FileSkipped(
            **PLACE_OF,
            size=7,
            mtime_ns=Nanoseconds(1),
            ctime_ns=Nanoseconds(2),
            reason="already-present",
            digests=SHA256,
        ),
        {"state": "skipped", "proved": 40},
    ),
    (
        LinkRecorded(**PLACE_OF, target=RawPath(b"../x"), mtime_ns=Nanoseconds(1)),
        {"kind": "link", "state": "recorded", "mtime_ns": "1"},
    ),
    (
        SpecialFileSkipped(**PLACE_OF, kind="fifo", mode=0o600),
        {"kind": "special", "state": "recorded", "mode": 0o600},
    ),
    (
        DirectoryCreated(**PLACE_OF, mode=0o755, mtime_ns=Nanoseconds(1), existed=True),
        {"kind": "directory", "state": "recorded", "mode": 0o755, "existed": 1},
    ),
    (
        CopyReverified(path=RawPath(b"a/b"), size=7, digests=SHA256, read_back="direct"),
        {"revision": 6},
    ),
    (
        CopyRefuted(path=RawPath(b"a/b"), finding="changed", message="differs"),
        {"revision": 6, "standing": "refuted"},
    ),
    (JOB_QUEUED, {"state": "queued", "batch": BATCH, "job_index": 4, "destination": b"/out"}),
    (JOB_QUEUED, {"name": "Camera", "case_number": "2026-0147", "exhibit": None}),
    (JobStarted(run=2), {"state": "running", "run": 2}),
    (JobResumed(run=2), {"state": "running", "run": 2}),
    (
        InventoryTaken(run=2, files=1, directories=1, links=0, special=0, unreadable=0, bytes=7, digest="00"),
        {"inventoried_run": 2},
    ),
    (
        InventoryChanged(run=2, change="appeared", path=RawPath(b"a"), source=RawPath(b"/a")),
        {"revision": 6},
    ),
    (JobCompleted(run=2, **SUMS), {"state": "completed", "run": 2}),
    (JobFailed(run=2, reason="x", failed=1, **SUMS), {"state": "failed", "run": 2}),
    (
        BatchQueued(batch=BATCH, name="Main", jobs=3),
        {"state": "queued", "batch": BATCH, "name": "Main", "jobs": 3, "queued_at": "T", "position": 40},
    ),
    (BatchStarted(run=2), {"state": "running", "run": 2}),
    (
        BatchResumed(run=2, ended="killed", verified=1, fsynced=0, copying=1, queued=1, failed=0),
        {"state": "running", "run": 2},
    ),
    (BatchPaused(run=2, reason="SIGINT"), {"state": "paused", "run": 2}),
    (BatchStopped(run=2, reason="x", tried=4, failed=3), {"state": "stopped", "run": 2}),
    (BatchCompleted(run=2, failed=0, incomplete=False, **SUMS), {"state": "completed", "run": 2}),
    (BatchCompleted(run=2, failed=1, incomplete=True, **SUMS), {"state": "incomplete", "run": 2}),
]  # fmt: skip
WITHOUT_ROWS = {
    "LedgerOpened", "KeyEnrolled", "KeyRotated", "KeyRevoked", "SessionOpened", "SessionClosed",
    "CaseOpened", "ExhibitRegistered", "ReportIssued", "CheckpointCosigned", "CosignatureGiven",
    "CheckpointStamped", "NoteAdded", "CaseClosed", "ExhibitReleased", "CustodyOffered", "CustodyAccepted",
    "CustodyDeclined", "CustodyRefused", "BundleExported",
}  # fmt: skip


def recorded(event: Event, stream: Stream | None = None) -> Recorded:
    return Recorded(
        position=Position(40),
        stream=stream or Stream(event.stream_kind, ID),
        revision=6,
        at="T",
        actor=KeyId("00" * 32),
        event=event,
    )


def row_of(event: Event, projector: Projector | None = None) -> dict[str, Value]:
    (change,) = (projector or Projector()).changes(recorded(event))
    row = dict(zip((*change.shape.columns, "id"), change.values, strict=True))
    assert not row.keys() & change.shape.fixed.keys()
    return {**row, **change.shape.fixed}


@pytest.mark.parametrize(("event", "expected"), CASES, ids=lambda value: type(value).__name__)
def test_an_event_sets_the_columns_of_its_row(event: Event, expected: dict[str, Value]) -> None:
    assert row_of(event).items() >= {**expected, "id": ID.bytes, "revision": 6}.items()


def test_every_event_type_has_a_case_or_is_known_to_have_no_row() -> None:
    assert {type(event).__name__ for event, _ in CASES} | WITHOUT_ROWS == EVENT_TYPES.keys()


@pytest.mark.parametrize("kind", ["session", "file", "job", "batch"])
def test_an_event_without_a_row_changes_nothing_on_whatever_stream(kind: str) -> None:
    stream = Stream(kind, ID)  # type: ignore[arg-type]  # the kinds are those of the type

    assert Projector().changes(recorded(SessionClosed(exit=0), stream)) == ()


def test_the_table_follows_from_the_stream() -> None:
    tables = {
        type(event).stream_kind: Projector().changes(recorded(event))[0].shape.table for event, _ in CASES
    }

    assert tables == {"file": "transfers", "job": "jobs", "batch": "batches"}


def test_a_copy_lies_below_the_destination_given_at_the_start() -> None:
    assert row_of(QUEUED, Projector({JOB: RawPath(b"/mnt/evidence")}))["copy"] == b"/mnt/evidence/a/b"


def test_a_copy_lies_below_the_destination_learnt_from_its_job() -> None:
    projector = Projector()
    projector.changes(recorded(JOB_QUEUED, Stream("job", JOB)))

    assert row_of(QUEUED, projector)["copy"] == b"/out/a/b"


def test_a_copy_of_a_job_never_queued_has_no_path() -> None:
    assert row_of(QUEUED)["copy"] is None


def test_requeuing_keeps_what_proved_an_earlier_copy() -> None:
    (change,) = Projector().changes(recorded(QUEUED))

    assert not {"proved", "digests"} & {*change.shape.columns, *change.shape.fixed}


def test_resuming_keeps_the_temporary_name_that_says_the_copying_was_begun() -> None:
    (change,) = Projector().changes(recorded(FileResumed(run=3, found="copying")))

    assert "temporary" not in {*change.shape.columns, *change.shape.fixed}


def test_a_failure_keeps_the_place_of_a_row_that_exists() -> None:
    (change,) = Projector().changes(recorded(FAILED))

    assert change.shape.keeps >= {"job", "kind", "path", "source", "copy"}
    assert change.shape.keeps_in_run == {"ordinal"}


def test_every_event_on_the_source_says_where_it_belongs() -> None:
    for event, _ in CASES:
        (change,) = Projector().changes(recorded(event))
        if change.shape.inserts and change.shape.table == "transfers":
            assert change.shape.columns[: len(PLACE)] == PLACE


def test_a_change_knows_its_key() -> None:
    (change,) = Projector().changes(recorded(QUEUED))

    assert change.key == ID.bytes
