"""What an audit holds the claims of files to: each rests on what was recorded before it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from custody.domain.audit import claims
from custody.domain.audit.record import RawRecord
from custody.domain.digest import Digests
from custody.domain.errors import LedgerUnreadable
from custody.domain.events import (
    CopyReverified,
    Event,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
    JobQueued,
    Nanoseconds,
    SessionClosed,
    Wide,
)
from custody.domain.identifiers import BatchId, JobId, Position, Stream, job_id, transfer_id
from custody.domain.paths import RawPath
from tests.unit.one_file_ledger import judged_by_both
from tests.unit.signed_ledger import LEDGER, PLAN_SHA256, MemorySource, SignedLedger, new_ledger

BATCH = BatchId(PLAN_SHA256)
JOB, SECOND_JOB, UNKNOWN_JOB = (job_id(LEDGER, BATCH, index) for index in range(3))
DESTINATION = RawPath(b"/mnt/evidence")
PATH = RawPath(b"card/clip.mov")
TRUE: Digests = {"sha256": "11" * 32, "md5": "22" * 16}
FORGED: Digests = {"sha256": "33" * 32, "md5": "22" * 16}
COPYING = FileCopying(attempt=1, temporary=RawPath(b".clip.part"))
FSYNCED = FileFsynced(attempt=1, size=7, digests=TRUE)
FIRST = 7  # position of the first event of the file: behind the beginning and two queued jobs
CLOSED = SessionClosed(exit=0)


def job_queued(index: int, destination: RawPath = DESTINATION) -> JobQueued:
    return JobQueued(
        batch=BATCH, index=index, name="card", case_number="2026-0147", destination=destination,
        sources=(RawPath(b"/media/card"),), source_count=1, algorithms=("sha256", "md5"), form={},
    )  # fmt: skip


def queued(job: JobId = JOB) -> FileQueued:
    return FileQueued(
        job=job, run=1, path=PATH, source=RawPath(b"/media/" + PATH), size=7, mtime_ns=Nanoseconds(3),
        atime_ns=Nanoseconds(4), ctime_ns=Nanoseconds(5), mode=0o100644, uid=0, gid=0, device=Wide(1),
        inode=Wide(11), links=1,
    )  # fmt: skip


def verified(digests: Digests = TRUE, *, size: int = 7, path: RawPath = PATH) -> FileVerified:
    return FileVerified(path=path, size=size, digests=digests, read_back="direct")


def skipped(
    cites: int | None,
    *,
    job: JobId = JOB,
    path: RawPath = PATH,
    size: int = 7,
    digests: Digests = TRUE,
    read_back: str | None = None,
) -> FileSkipped:
    return FileSkipped(
        job=job, run=2, path=path, source=RawPath(b"/media/" + PATH), size=size, mtime_ns=Nanoseconds(3),
        ctime_ns=Nanoseconds(5), reason="verified-before", digests=digests, read_back=read_back,
        cites=None if cites is None else Position(cites),
    )  # fmt: skip


def failed(stage: str = "read-back", *, moved_to: RawPath | None = None) -> FileFailed:
    return FileFailed(
        job=JOB, run=1, path=PATH, source=RawPath(b"/media/" + PATH), stage=stage, error="io-error",
        message="no", attempt=1, moved_to=moved_to,
    )  # fmt: skip


def resumed(found: str) -> FileResumed:
    return FileResumed(run=1, found=found)


def file_stream(job: JobId = JOB, path: RawPath = PATH) -> Stream:
    return Stream("file", transfer_id(job, path))


def two_jobs(second: RawPath = DESTINATION) -> SignedLedger:
    ledger = new_ledger(1)
    ledger.add(Stream("job", JOB), job_queued(0))
    ledger.add(Stream("job", SECOND_JOB), job_queued(1, second))
    return ledger


def one_file(*events: Event) -> SignedLedger:
    ledger = two_jobs()
    for event in events:
        ledger.add(file_stream(), event)
    return ledger


def copied() -> SignedLedger:
    """One file that was verified at position ``FIRST + 3``."""
    return one_file(queued(), COPYING, FSYNCED, verified())


def found(ledger: SignedLedger) -> list[tuple[int | None, str]]:
    return [(finding.position, finding.code) for finding in judged_by_both(ledger).findings]


@pytest.mark.parametrize(
    "events",
    [
        (queued(), COPYING, FSYNCED, verified()),
        (queued(), COPYING, resumed("published"), FSYNCED, verified()),
        (queued(), COPYING, resumed("temporary"), COPYING, FSYNCED, verified()),
        (queued(), COPYING, failed("read"), COPYING, FSYNCED, verified()),
        (queued(), COPYING, FSYNCED, failed(), FSYNCED, verified()),
        (queued(), COPYING, FSYNCED, failed(), resumed("failed"), verified()),
        (queued(), COPYING, FSYNCED, failed(), resumed("published"), FSYNCED, verified()),
        (queued(), COPYING, resumed("published"), failed("open"), resumed("published"), FSYNCED, verified()),
        (queued(), COPYING, FSYNCED, verified(), resumed("fsynced"), failed(), resumed("published"), FSYNCED,
         verified()),
        (queued(), COPYING, FSYNCED, verified(), resumed("fsynced"), verified()),
        (queued(), COPYING, FSYNCED, verified(), CopyReverified(path=PATH, size=7, digests=TRUE,
         read_back="direct"), resumed("fsynced"), verified()),
        (queued(), COPYING, FSYNCED, verified(), resumed("missing"), COPYING, FSYNCED, verified()),
        (queued(), COPYING, FSYNCED, queued(), skipped(None, read_back="direct")),
    ],
)  # fmt: skip
def test_a_claim_that_rests_on_what_came_before_passes(events: Sequence[Event]) -> None:
    assert found(one_file(*events)) == []


@pytest.mark.parametrize(
    ("events", "position"),
    [
        ((queued(), verified()), 1),
        ((queued(), COPYING, verified()), 2),
        ((queued(), COPYING, FSYNCED, verified(FORGED)), 3),
        ((queued(), COPYING, FSYNCED, verified({"sha256": "11" * 32})), 3),
        ((queued(), COPYING, FSYNCED, verified(size=8)), 3),
        ((queued(), COPYING, FSYNCED, verified(path=RawPath(b"card/other.mov"))), 3),
        ((queued(), COPYING, FileFsynced(attempt=1, size=7, digests={}), verified({})), 3),
        ((queued(), FSYNCED, verified()), 1),
        ((queued(), COPYING, failed("publish"), FSYNCED, verified()), 3),
        ((queued(), COPYING, resumed("nothing"), FSYNCED), 3),
        ((queued(), COPYING, failed("publish"), resumed("failed"), FSYNCED, verified()), 4),
        ((queued(), COPYING, failed("publish"), resumed("published"), FSYNCED, verified()), 4),
        ((queued(), COPYING, resumed("published"), verified()), 3),
        ((queued(), COPYING, FSYNCED, failed(), resumed("missing"), verified()), 5),
        ((queued(), resumed("published"), FSYNCED), 2),
        ((queued(), COPYING, FSYNCED, failed(moved_to=RawPath(b"card/bad")), verified()), 4),
        ((queued(), COPYING, FSYNCED, failed(), verified(FORGED)), 4),
        ((queued(), COPYING, FSYNCED, queued(), verified()), 4),
        ((queued(), COPYING, FSYNCED, COPYING, verified()), 4),
        ((queued(), COPYING, FSYNCED, verified(), resumed("missing"), verified()), 5),
        ((queued(), COPYING, FSYNCED, verified(), resumed("fsynced"), verified(FORGED)), 5),
        ((queued(), skipped(None)), 1),
        ((queued(), skipped(None, digests={}, read_back="direct")), 1),
    ],
)
def test_a_claim_out_of_thin_air_is_named_once(events: Sequence[Event], position: int) -> None:
    assert found(one_file(*events)) == [(FIRST + position, "claim-unfounded")]


def test_a_claim_of_a_job_that_was_never_queued_is_named() -> None:
    ledger = two_jobs()
    ledger.add(file_stream(UNKNOWN_JOB), skipped(None, job=UNKNOWN_JOB, read_back="direct"))
    assert found(ledger) == [(FIRST, "claim-unfounded")]


def test_a_skipped_file_in_the_stream_of_another_is_named() -> None:
    ledger = copied()
    ledger.add(file_stream(path=RawPath(b"card/other.mov")), skipped(FIRST + 3))
    assert found(ledger) == [(FIRST + 4, "claim-unfounded")]


def test_a_new_run_may_cite_the_proof_of_the_copy() -> None:
    ledger = copied()
    ledger.add(file_stream(), skipped(FIRST + 3))
    assert found(ledger) == []


def test_another_job_with_the_same_destination_may_cite_the_proof() -> None:
    ledger = copied()
    ledger.add(file_stream(SECOND_JOB), skipped(FIRST + 3, job=SECOND_JOB, digests={"sha256": "11" * 32}))
    assert found(ledger) == []


def test_a_job_whose_destination_lies_deeper_may_cite_the_proof_of_the_same_place() -> None:
    ledger = two_jobs(RawPath(DESTINATION + b"/card"))
    for event in (queued(), COPYING, FSYNCED, verified()):
        ledger.add(file_stream(), event)
    short = RawPath(b"clip.mov")
    ledger.add(file_stream(SECOND_JOB, short), skipped(FIRST + 3, job=SECOND_JOB, path=short))
    assert found(ledger) == []


def test_an_equal_file_that_was_read_may_be_cited() -> None:
    ledger = one_file(queued(), skipped(None, read_back="direct"))
    ledger.add(file_stream(), skipped(FIRST + 1))
    assert found(ledger) == []


@pytest.mark.parametrize(
    "citing",
    [
        skipped(FIRST + 3, digests=FORGED),
        skipped(FIRST + 3, digests={"sha1": "44" * 20}),
        skipped(FIRST + 3, size=8),
        skipped(FIRST + 2),  # FileFsynced: not read back
        skipped(FIRST),
        skipped(0),
        skipped(FIRST + 4),  # itself
        skipped(FIRST + 5),
        skipped(-1),
        skipped(2**53 - 1),
    ],
)
def test_a_citation_of_what_proves_no_such_copy_is_named(citing: FileSkipped) -> None:
    ledger = copied()
    ledger.add(file_stream(), citing)
    ledger.add(Stream("session", JOB), CLOSED)
    assert found(ledger) == [(FIRST + 4, "citation-unfounded")]


def test_a_citation_of_a_citation_is_named() -> None:
    ledger = copied()
    ledger.add(file_stream(), skipped(FIRST + 3))
    ledger.add(file_stream(), skipped(FIRST + 4))
    assert found(ledger) == [(FIRST + 5, "citation-unfounded")]


@pytest.mark.parametrize("destination", [b"/mnt/other", b"/mnt", b"/mnt/evidence/card"])
def test_a_proof_at_another_place_may_not_be_cited(destination: bytes) -> None:
    ledger = two_jobs(RawPath(destination))
    for event in (queued(), COPYING, FSYNCED, verified()):
        ledger.add(file_stream(), event)
    ledger.add(file_stream(SECOND_JOB), skipped(FIRST + 3, job=SECOND_JOB))
    assert found(ledger) == [(FIRST + 4, "citation-unfounded")]


def test_a_proof_of_another_file_of_the_job_may_not_be_cited() -> None:
    ledger = copied()
    other = RawPath(b"card/other.mov")
    ledger.add(file_stream(path=other), skipped(FIRST + 3, path=other))
    assert found(ledger) == [(FIRST + 4, "citation-unfounded")]


def test_citations_are_looked_up_a_thousand_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CITATIONS", 2)
    asked: list[Sequence[int]] = []

    class Listening(MemorySource):
        def records_at(self, positions: Sequence[int]) -> Iterable[RawRecord]:
            asked.append(positions)
            return MemorySource.records_at(self, positions)

    ledger = copied()
    for _ in range(5):
        ledger.add(file_stream(), skipped(FIRST + 3))
    source = Listening(ledger)
    ledger.source = lambda: source  # type: ignore[method-assign]
    assert (found(ledger), asked) == ([], [[FIRST + 3]] * 3)


@pytest.mark.parametrize("damage", ["missing", "unreadable"])
def test_behind_a_gap_no_claim_is_judged_and_a_note_says_so(damage: str) -> None:
    ledger = copied()
    row = ledger.rows.pop(FIRST + 2)
    if damage == "unreadable":
        ledger.rows.insert(FIRST + 2, RawRecord(position=FIRST + 2, entry=None, columns=row.columns))
    result = ledger.audit()
    assert not any(finding.code == "claim-unfounded" for finding in result.findings)
    assert any("what copies are claimed on" in note for note in result.notes)


def test_an_earlier_entry_that_cannot_be_read_again_ends_the_audit() -> None:
    class Breaking(MemorySource):
        def records_before(self, stream: bytes, revision: int) -> Iterable[RawRecord]:
            message = "database disk image is malformed"
            raise LedgerUnreadable(message)

    ledger = one_file(queued(), verified())
    source = Breaking(ledger)
    ledger.source = lambda: source  # type: ignore[method-assign]
    with pytest.raises(LedgerUnreadable, match="malformed"):
        ledger.audit()


def test_an_unfounded_claim_does_not_keep_the_read_models_from_being_judged() -> None:
    result = judged_by_both(one_file(queued(), verified()))
    assert (result.verdicts["structure"], result.verdicts["projections"]) == ("failed", "passed")


def qualified(digests: Digests = TRUE, *, path: RawPath = PATH) -> FileQualified:
    return FileQualified(
        path=path, size=7, digests=digests, read_back="direct", unreadable=((0, 7),), unreadable_count=1,
        unreadable_bytes=7,
    )  # fmt: skip


ZEROED = replace(FSYNCED, unreadable=((0, 7),), unreadable_count=1, unreadable_bytes=7)


def test_a_qualified_copy_rests_on_its_flush() -> None:
    assert not found(one_file(queued(), COPYING, ZEROED, qualified(), resumed("qualified")))


def test_a_copy_with_zeros_for_what_could_not_be_read_is_never_verified() -> None:
    assert found(one_file(queued(), COPYING, ZEROED, verified())) == [(FIRST + 3, "claim-unfounded")]
    assert found(one_file(queued(), COPYING, ZEROED, qualified(), verified())) == [
        (FIRST + 4, "claim-unfounded")
    ]


def test_a_copy_that_was_read_whole_is_not_qualified() -> None:
    assert found(one_file(queued(), COPYING, FSYNCED, qualified())) == [(FIRST + 3, "claim-unfounded")]


@pytest.mark.parametrize(
    "events",
    [
        (queued(), qualified()),
        (queued(), COPYING, qualified()),
        (queued(), COPYING, ZEROED, qualified(FORGED)),
        (queued(), COPYING, ZEROED, qualified(path=RawPath(b"card/other.mov"))),
    ],
)
def test_a_qualified_copy_that_rests_on_no_flush_is_unfounded(events: tuple[Event, ...]) -> None:
    assert found(one_file(*events)) == [(FIRST + len(events) - 1, "claim-unfounded")]


def test_a_skipped_file_may_not_rest_on_a_qualified_copy() -> None:
    ledger = one_file(queued(), COPYING, ZEROED, qualified(), skipped(FIRST + 3))

    assert found(ledger) == [(FIRST + 4, "citation-unfounded")]
