"""Every event in its one plain sentence."""

import pytest

from custody.domain.events import (
    EVENT_TYPES,
    BatchCompleted,
    BatchPaused,
    BatchQueued,
    BatchResumed,
    BatchStarted,
    BatchStopped,
    BundleExported,
    CaseClosed,
    CaseOpened,
    CheckpointCosigned,
    CheckpointStamped,
    CopyRefuted,
    CopyReverified,
    CosignatureGiven,
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    DirectoryCreated,
    Event,
    ExhibitRegistered,
    ExhibitReleased,
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
    KeyEnrolled,
    KeyRevoked,
    KeyRotated,
    LedgerOpened,
    LinkRecorded,
    MetadataLost,
    Nanoseconds,
    NoteAdded,
    ReportIssued,
    SessionClosed,
    SessionOpened,
    SpecialFileSkipped,
    type_name,
)
from custody.domain.exhibits.answer import Answer, answer_envelope
from custody.domain.identifiers import KeyId, Position
from custody.domain.paths import RawPath
from custody.domain.story import tell
from tests.integration.audited_workspace import BATCH, JOB, LEDGER, SHA256

SHA = SHA256["sha256"]
KEY = KeyId("ab" * 32)
AT = "2026-03-01T21:10:00.123456Z"
ANSWER = answer_envelope(
    Answer(
        answer="accepted", offer=SHA, ledger=LEDGER, position=Position(9), case_number="26-1", exhibit="A",
        manifest_sha256=SHA, files=1, size=7, read_back={"direct": 1}, key=KEY, name="M. Berger", at=AT,
        place="lab",
    ).to_bytes(),
    KEY,
    bytes(64),
).decode()  # fmt: skip
NAME, SOURCE = RawPath(b"card/a.mov"), RawPath(b"/media/card/a.mov")
NS = Nanoseconds(1)
DONE = {"queued": 3, "verified": 2, "skipped": 1, "special": 0, "bytes": 1500, "milliseconds": 2500}
SUMS = "3 queued, 2 verified, 1 skipped, 0 special, 1,500 bytes in 2.5 s"

SENTENCES: list[tuple[Event, str]] = [
    (
        LedgerOpened(ledger=LEDGER, format="f", tool="custody", version="1"),
        f"ledger {LEDGER} opened by custody 1",
    ),
    (
        KeyEnrolled(key=KeyId("ab"), public_key="", examiner="J. Ortiz", protected=True),
        "key ab of J. Ortiz enrolled, guarded by a passphrase",
    ),
    (
        KeyEnrolled(key=KeyId("ab"), public_key="", examiner="J. Ortiz", protected=False),
        "key ab of J. Ortiz enrolled, without a passphrase",
    ),
    (
        KeyEnrolled(
            key=KeyId("ab"),
            public_key="",
            examiner="J. Ortiz",
            protected=True,
            roles=("examiner", "reviewer"),
            replaces=KeyId("cd"),
        ),
        "key ab of J. Ortiz enrolled, as examiner, reviewer, in the place of cd, guarded by a passphrase",
    ),
    (KeyRotated(key=KeyId("ab"), successor=KeyId("cd")), "key ab gave its place to its successor, cd"),
    (KeyRevoked(key=KeyId("ab"), reason="stolen"), "key ab revoked by J. Ortiz: stolen"),
    *(
        (
            SessionOpened(
                command="copy",
                examiner="J. Ortiz",
                host="lab",
                system="Linux",
                tool="custody",
                version="1",
                zone="UTC",
                utc_offset_seconds=0,
                clock_synchronised=synchronised,
            ),
            f"J. Ortiz began 'copy' on lab (Linux) with custody 1; the clock was {clock}",
        )
        for synchronised, clock in (
            (True, "synchronised"),
            (False, "not synchronised"),
            (None, "perhaps not synchronised: the system does not say"),
        )
    ),
    (SessionClosed(exit=3), "the command ended with exit code 3"),
    (CaseOpened(case_number="26-1"), "case 26-1 used for the first time, by J. Ortiz"),
    (
        CaseOpened(case_number="26-1", title="Main Street", reopened=True),
        "case 26-1 opened again, by J. Ortiz: Main Street",
    ),
    (CaseClosed(case_number="26-1", reason="final"), "case 26-1 closed by J. Ortiz: final"),
    (NoteAdded(case_number="26-1", text="t"), "note by J. Ortiz on case 26-1: t"),
    (NoteAdded(case_number="26-1", exhibit="A", text="t"), "note by J. Ortiz on exhibit A of case 26-1: t"),
    (
        ExhibitReleased(case_number="26-1", exhibit="A", to="owner", place="court"),
        "exhibit A of case 26-1 released by J. Ortiz to owner; place: court",
    ),
    *(
        (
            CustodyOffered(
                case_number="26-1",
                exhibit="A",
                receiver=KEY,
                receiver_key="",
                receiver_name=name,
                giver_name="J. Ortiz",
                manifest_sha256=SHA,
                files=1,
                bytes=7,
                purpose="why",
            ),
            (
                f"exhibit A of case 26-1 offered by J. Ortiz to {named}: 1 file, 7 bytes, "
                f"manifest {SHA}; purpose: why"
            ),
        )
        for name, named in ((None, f"key {KEY}"), ("M. Berger", f"M. Berger (key {KEY})"))
    ),
    (
        CustodyAccepted(case_number="26-1", exhibit="A", by=KEY, offer=SHA, answer=ANSWER),
        (
            f"exhibit A of case 26-1 accepted by M. Berger (key {KEY}), signed at {AT}; 1 file read again "
            "(1 direct) and found as offered; place: lab"
        ),
    ),
    (
        CustodyDeclined(case_number="26-1", exhibit="A", by=KEY, offer=SHA, answer="{}"),
        f"exhibit A of case 26-1 declined by the holder of key {KEY}, in an answer that cannot be read",
    ),
    (
        CustodyRefused(
            case_number="26-1", exhibit="A", offer=SHA, changed=1, missing=2, unreadable=0, message="a: m"
        ),
        (
            "exhibit A of case 26-1 not accepted by J. Ortiz: the copy is not what was offered: "
            "1 changed, 2 missing, 0 unreadable: a: m"
        ),
    ),
    (
        ExhibitRegistered(case_number="26-1", exhibit="A", make="Nikon", holder=KEY),
        f"exhibit A of case 26-1 registered by J. Ortiz, while somebody (key {KEY}) held it; make: Nikon",
    ),
    (
        ExhibitRegistered(case_number="26-1", exhibit="A"),
        "exhibit A of case 26-1 registered by J. Ortiz",
    ),
    (
        ReportIssued(kind="custody", at_position=Position(7), sha256=SHA, size=9),
        f"custody report issued by J. Ortiz over entries up to 7: SHA-256 {SHA}",
    ),
    (
        CheckpointCosigned(
            size=2, root=SHA, note_sha256=SHA, witness="w", key_hash="00112233", time=0, cosignature="line"
        ),
        f"witness w cosigned the first 2 entries at 1970-01-01T00:00:00Z by its clock: root {SHA}",
    ),
    (
        CosignatureGiven(origin="o", size=1, root=SHA, note="note", time=-1, cosignature="line"),
        f"J. Ortiz, as a witness, cosigned the first 1 entry of o: root {SHA}",
    ),
    (
        CheckpointStamped(
            size=7,
            note_sha256=SHA,
            generated_at="2026-03-01T21:20:00.000000Z",
            authority="CN=Test TSA",
            serial="12",
            policy="1.2.3",
            token="MAA=",
        ),
        (
            "the checkpoint of 7 entries stamped by CN=Test TSA at 2026-03-01T21:20:00.000000Z, "
            "serial number 12"
        ),
    ),
    (
        BundleExported(size=9, disclosed=9, sums_sha256=SHA),
        (
            "bundle of the whole ledger exported by J. Ortiz, 9 of 9 entries disclosed: "
            f"SHA-256 of its SHA256SUMS {SHA}"
        ),
    ),
    (
        BundleExported(size=9, disclosed=1, case_number="26-1", exhibit="A", sums_sha256=SHA, zip_sha256=SHA),
        (
            "bundle of exhibit A of case 26-1 exported by J. Ortiz, 1 of 9 entries disclosed: "
            f"SHA-256 of its SHA256SUMS {SHA}"
        ),
    ),
    *(
        (
            FileQualified(
                path=RawPath(b"a"),
                size=9,
                digests={"sha256": SHA},
                read_back="direct",
                unreadable=((0, 2),),
                unreadable_count=stretches,
                unreadable_bytes=2 * stretches,
            ),
            (
                f"qualified, not verified, as a: {2 * stretches} bytes of the source could not be "
                f"read and are zeros in the copy (2 at 0{rest}); the copy of 9 bytes was "
                f"read back (direct) and is what was written: sha256 {SHA}"
            ),
        )
        for stretches, rest in ((1, ""), (2, " and 1 more stretch"), (3, " and 2 more stretches"))
    ),
    (BatchQueued(batch=BATCH, name="b", jobs=1), f"batch 'b' queued by J. Ortiz: 1 job, plan {BATCH}"),
    (
        BatchQueued(batch=BATCH, name="b", jobs=2, instruction=RawPath(b"/b\xff.toml")),
        f"batch 'b' queued by J. Ortiz from /b\\xff.toml: 2 jobs, plan {BATCH}",
    ),
    (BatchStarted(run=1), "run 1 of the batch began"),
    (BatchPaused(run=1, reason="SIGINT"), "run 1 of the batch was paused: SIGINT"),
    (
        BatchResumed(run=1, ended="killed", verified=1, fsynced=2, copying=3, queued=4, failed=5),
        (
            "run 1 of the batch, which had ended as killed, went on with "
            "1 verified, 2 written, 3 begun, 4 queued, 5 failed"
        ),
    ),
    (
        BatchStopped(run=1, reason="too many failures", tried=9, failed=5),
        "run 1 was given up (too many failures): 5 of 9 tried failed",
    ),
    (
        BatchCompleted(run=1, failed=1, incomplete=True, **DONE),
        f"run 1 ended with something left to do: {SUMS}, 1 failed",
    ),
    (BatchCompleted(run=1, failed=0, incomplete=False, **DONE), f"run 1 ended complete: {SUMS}, 0 failed"),
    *(
        (
            JobQueued(
                batch=BATCH,
                index=0,
                name="card",
                case_number="26-1",
                exhibit=exhibit,
                destination=RawPath(b"/e"),
                sources=(SOURCE,),
                source_count=1,
                algorithms=(),
                form={},
            ),
            f"job 'card' for case 26-1{told} queued by J. Ortiz: 1 source to /e",
        )
        for exhibit, told in ((None, ""), ("A", ", exhibit A"))
    ),
    (JobStarted(run=1), "the job began in run 1"),
    (JobResumed(run=1), "the job went on in run 1"),
    (
        InventoryTaken(run=1, files=2, directories=1, links=0, special=3, unreadable=4, bytes=1, digest=SHA),
        (
            "the sources were listed: 2 files, 1 byte, 1 folder, 0 links, "
            f"3 special, 4 unreadable; listing {SHA}"
        ),
    ),
    (
        InventoryChanged(run=1, change="vanished", path=NAME, source=SOURCE),
        "the second look at the sources found /media/card/a.mov vanished",
    ),
    (JobCompleted(run=1, **DONE), f"the job was completed: {SUMS}"),
    (
        JobFailed(run=1, reason="failed", failed=1, **DONE),
        f"the job ended incomplete (failed): {SUMS}, 1 failed",
    ),
    (
        FileQueued(
            job=JOB,
            run=1,
            path=NAME,
            source=SOURCE,
            size=12345,
            mtime_ns=NS,
            atime_ns=NS,
            ctime_ns=NS,
            mode=0,
            uid=0,
            gid=0,
            device=1,
            inode=1,
            links=1,
        ),
        "queued by J. Ortiz: 12,345 bytes, found as /media/card/a.mov",
    ),
    (
        FileCopying(attempt=2, temporary=RawPath(b".part")),
        "copying began (attempt 2) under the temporary name .part",
    ),
    (
        FileCopying(attempt=3, temporary=RawPath(b".part"), resumed_at=5),
        "copying began (attempt 3) under the temporary name .part, going on behind 5 bytes",
    ),
    (
        FileProgressed(attempt=1, size=5, digests=SHA256),
        f"the first 5 bytes are durable under the temporary name; as read: sha256 {SHA}",
    ),
    (
        FileFsynced(attempt=1, size=7, digests=SHA256),
        f"7 bytes written and flushed to the device; as read: sha256 {SHA}",
    ),
    (
        FileFsynced(attempt=1, size=7, digests=SHA256, zeros=((0, 7),), zeros_count=1, zeros_bytes=7),
        f"7 bytes written and flushed to the device; as read: sha256 {SHA}; it is nothing but zeros",
    ),
    (
        FileFsynced(
            attempt=1, size=9_000, digests=SHA256, zeros=((0, 4096),), zeros_count=2, zeros_bytes=8_192
        ),
        (
            f"9,000 bytes written and flushed to the device; as read: sha256 {SHA}; long runs of zeros, "
            "8,192 bytes in all: 4,096 at 0 and 1 more run"
        ),
    ),
    (
        MetadataLost(run=1, path=NAME, attributes=("user.a", "user.b"), count=3, reason="no"),
        "attributes of the source that could not be kept: user.a, user.b and 1 more (no)",
    ),
    (
        MetadataLost(run=1, path=NAME, attributes=(), count=0, reason="no"),
        "attributes of the source that could not be kept: all of them (no)",
    ),
    (
        FileVerified(path=NAME, size=7, digests=SHA256, read_back="direct"),
        f"verified as card/a.mov: 7 bytes read back (direct), equal to the source: sha256 {SHA}",
    ),
    (
        FileFailed(
            job=JOB, run=1, path=NAME, source=SOURCE, stage="read", error="io", message="no", attempt=1
        ),
        "failed at read (attempt 1): no (io)",
    ),
    (
        FileFailed(
            job=JOB,
            run=1,
            path=NAME,
            source=SOURCE,
            stage="read",
            error="io",
            errno=5,
            offset=4096,
            message="no",
            attempt=1,
            moved_to=RawPath(b"bad"),
        ),
        "failed at read at byte 4,096 (attempt 1): no (io, errno 5); the bad copy was put aside as bad",
    ),
    (FileResumed(run=2, found="copying"), "taken up again in run 2; what was found: copying"),
    *(
        (
            FileSkipped(
                job=JOB,
                run=1,
                path=NAME,
                source=SOURCE,
                size=7,
                mtime_ns=NS,
                ctime_ns=NS,
                reason="r",
                cites=cites,
                digests=SHA256,
            ),
            f"not copied again (r): {told}: 7 bytes, sha256 {SHA}",
        )
        for cites, told in (
            (None, "an equal file was there and was compared"),
            (Position(9), "entry 9 proves the copy that is there"),
        )
    ),
    (
        LinkRecorded(job=JOB, run=1, path=NAME, source=SOURCE, target=RawPath(b"../b"), mtime_ns=NS),
        "link card/a.mov recreated as it is, not followed; it points to ../b",
    ),
    (
        SpecialFileSkipped(job=JOB, run=1, path=NAME, source=SOURCE, kind="fifo", mode=0),
        "fifo /media/card/a.mov listed; it was neither opened nor copied",
    ),
    *(
        (
            DirectoryCreated(job=JOB, run=1, path=NAME, source=SOURCE, mode=0, mtime_ns=NS, existed=existed),
            f"folder card/a.mov {told}",
        )
        for existed, told in ((False, "created"), (True, "was there already"))
    ),
    (
        CopyReverified(path=NAME, size=7, digests=SHA256, read_back="direct"),
        f"read again (direct) and found as recorded: sha256 {SHA}",
    ),
    (CopyRefuted(path=NAME, finding="changed", message="m"), "read again and refuted: changed: m"),
]


@pytest.mark.parametrize(("event", "sentence"), SENTENCES, ids=[type_name(event) for event, _ in SENTENCES])
def test_an_event_is_told_in_plain_words(event: Event, sentence: str) -> None:
    assert tell(event, "J. Ortiz") == sentence


def test_every_event_has_a_sentence() -> None:
    assert {type_name(event) for event, _ in SENTENCES} == set(EVENT_TYPES)
