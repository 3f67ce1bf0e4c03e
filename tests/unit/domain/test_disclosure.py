"""Which entries a bundle about a case or exhibit discloses."""

from uuid import UUID, uuid5

import pytest

from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    BatchCompleted,
    BatchQueued,
    BundleExported,
    CaseOpened,
    CheckpointStamped,
    CopyRefuted,
    CustodyOffered,
    Event,
    ExhibitRegistered,
    FileCopying,
    FileQueued,
    JobQueued,
    JobStarted,
    LedgerOpened,
    MetadataLost,
    Nanoseconds,
    ReportIssued,
    SessionClosed,
    SessionOpened,
    Wide,
)
from custody.domain.identifiers import (
    BatchId,
    JobId,
    KeyId,
    LedgerId,
    Position,
    Stream,
    batch_stream,
    case_stream,
    exhibit_stream,
    extra_id,
    job_id,
    transfer_id,
)
from custody.domain.paths import RawPath
from custody.domain.proofs.disclosure import Disclosure, Scope, cases_with, everything, within
from tests.unit.signed_ledger import key_enrolled

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
CASE, OTHER = "2026-0147", "2026-0200"
FILE = RawPath(b"clip.mov")


def digest(number: int) -> str:
    return f"{number:064x}"


class Story:
    """A ledger being told; ``at`` has the positions by a name."""

    def __init__(self) -> None:
        self.records: list[Recorded] = []
        self.at: dict[str, int] = {}
        self.tell(
            "opened",
            Stream("ledger", LEDGER),
            LedgerOpened(ledger=LEDGER, format="custody-ledger/1", tool="custody", version="1"),
        )
        self.tell("key", Stream("key", uuid5(LEDGER, "key")), key_enrolled())

    def tell(self, name: str, stream: Stream, event: Event) -> None:
        self.at[name] = len(self.records)
        recorded = Recorded(
            position=Position(len(self.records)),
            stream=stream,
            revision=1,
            at="",
            actor=KeyId("00"),
            event=event,
        )
        self.records.append(recorded)

    def begin(self, name: str) -> None:
        event = SessionOpened(
            command="copy", examiner="J. Ortiz", host="lab", system="Linux", tool="custody", version="1",
            zone="UTC", utc_offset_seconds=0,
        )  # fmt: skip
        self.tell(f"{name} begins", Stream("session", uuid5(LEDGER, name)), event)

    def end(self, name: str) -> None:
        self.tell(f"{name} ends", Stream("session", uuid5(LEDGER, name)), SessionClosed(exit=0))

    def batch(
        self, number: int, *jobs: tuple[str, str | None], instruction: str | None = None
    ) -> list[JobId]:
        """A batch with its jobs, of a case and exhibit each, and one file each."""
        batch = BatchId(digest(number))
        stream = batch_stream(LEDGER, batch)
        queued = BatchQueued(batch=batch, name="copy", jobs=len(jobs), instruction_sha256=instruction)
        self.tell(f"batch {number}", stream, queued)
        ids = [job_id(LEDGER, batch, index) for index in range(len(jobs))]
        for index, (job, (case, exhibit)) in enumerate(zip(ids, jobs, strict=True)):
            event = JobQueued(
                batch=batch, index=index, name="card", case_number=case, exhibit=exhibit,
                destination=RawPath(b"/mnt"), sources=(), source_count=0, algorithms=("sha256",), form={},
            )  # fmt: skip
            self.tell(f"job {number}.{index}", Stream("job", job), event)
        for index, job in enumerate(ids):
            self.tell(f"started {number}.{index}", Stream("job", job), JobStarted(run=1))
            self.file(f"file {number}.{index}", job)
        completed = BatchCompleted(
            run=1,
            queued=1,
            verified=1,
            skipped=0,
            failed=0,
            special=0,
            bytes=1,
            milliseconds=1,
            incomplete=False,
        )
        self.tell(f"completed {number}", stream, completed)
        return ids

    def file(self, name: str, job: JobId) -> None:
        stream = Stream("file", transfer_id(job, FILE))
        queued = FileQueued(
            job=job, run=1, path=FILE, source=FILE, size=1, mtime_ns=Nanoseconds(1), atime_ns=Nanoseconds(1),
            ctime_ns=Nanoseconds(1), mode=0, uid=0, gid=0, device=Wide(1), inode=Wide(1), links=1,
        )  # fmt: skip
        self.tell(f"{name} queued", stream, queued)
        self.tell(f"{name} copying", stream, FileCopying(attempt=1, temporary=RawPath(b".part")))

    def within(self, scope: Scope) -> tuple[set[str], Disclosure]:
        disclosure = within(self.records, len(self.records), scope)
        names = {name for name, position in self.at.items() if position in disclosure}
        assert disclosure.count == len(names)
        return names - {"opened", "key"}, disclosure


@pytest.fixture
def story() -> Story:
    return Story()


def test_the_opening_and_the_keys_are_always_disclosed(story: Story) -> None:
    disclosure = within(story.records, 2, Scope(case_number=CASE))

    assert (0 in disclosure, 1 in disclosure, disclosure.count, disclosure.found) == (True, True, 2, False)


def test_a_case_is_disclosed_with_its_sessions_and_nothing_of_another(story: Story) -> None:
    story.begin("ours")
    story.tell("case", case_stream(LEDGER, CASE), CaseOpened(case_number=CASE))
    story.batch(1, (CASE, "A-1"))
    story.end("ours")
    story.begin("theirs")
    story.tell("other case", case_stream(LEDGER, OTHER), CaseOpened(case_number=OTHER))
    story.batch(2, (OTHER, None))
    story.end("theirs")
    names, disclosure = story.within(Scope(case_number=CASE))

    assert names == {
        "ours begins", "case", "batch 1", "job 1.0", "started 1.0", "file 1.0 queued", "file 1.0 copying",
        "completed 1", "ours ends",
    }  # fmt: skip
    assert disclosure.found
    assert disclosure.documents == (digest(1),)


def test_of_a_shared_batch_the_other_jobs_and_the_plan_are_withheld(story: Story) -> None:
    story.batch(1, (CASE, None), (OTHER, None), instruction=digest(9))
    names, disclosure = story.within(Scope(case_number=CASE))

    assert names == {
        "batch 1", "job 1.0", "started 1.0", "file 1.0 queued", "file 1.0 copying", "completed 1"
    }  # fmt: skip
    assert disclosure.documents == ()


def test_one_exhibit_leaves_the_other_exhibits_of_its_case_out(story: Story) -> None:
    for number, exhibit in enumerate(("A-1", "A-2"), start=1):
        registered = ExhibitRegistered(case_number=CASE, exhibit=exhibit)
        story.tell(exhibit, exhibit_stream(LEDGER, CASE, exhibit), registered)
        story.batch(number, (CASE, exhibit))
    names, _ = story.within(Scope(case_number=CASE, exhibit="A-2"))

    assert "A-2" in names
    assert "batch 2" in names
    assert not {
        name
        for name in names
        if "1" in name and "A-2" not in name and not name.startswith(("job 2", "file 2", "started 2"))
    }


def test_all_exhibits_of_a_case_are_disclosed_with_it(story: Story) -> None:
    story.tell("ours", exhibit_stream(LEDGER, CASE, "A"), ExhibitRegistered(case_number=CASE, exhibit="A"))
    story.tell(
        "theirs", exhibit_stream(LEDGER, OTHER, "A"), ExhibitRegistered(case_number=OTHER, exhibit="A")
    )

    assert story.within(Scope(case_number=CASE))[0] == {"ours"}


def test_what_begins_a_stream_without_naming_its_job_belongs_to_it(story: Story) -> None:
    (ours,) = story.batch(1, (CASE, None))
    (theirs,) = story.batch(2, (OTHER, None))
    extra = RawPath(b"foreign")
    refuted = CopyRefuted(path=extra, finding="extra", message="found")
    lost = MetadataLost(run=1, path=extra, attributes=(), count=0, reason="no room")
    story.tell("our extra", Stream("file", extra_id(ours, extra)), refuted)
    story.tell("their extra", Stream("file", extra_id(theirs, extra)), refuted)
    story.tell("our loss", Stream("file", transfer_id(ours, extra)), lost)
    names, _ = story.within(Scope(case_number=CASE))

    assert {"our extra", "our loss"} <= names
    assert "their extra" not in names


def test_reports_and_bundles_of_the_case_are_disclosed(story: Story) -> None:
    story.batch(1, (CASE, None))
    story.batch(2, (OTHER, None))
    given = digest(77)

    def report(name: str, sha256: str, batch: int | None) -> None:
        issued = ReportIssued(
            kind="custody", at_position=Position(1), sha256=sha256, size=1,
            batch=None if batch is None else BatchId(digest(batch)),
        )  # fmt: skip
        story.tell(name, Stream("report", uuid5(LEDGER, name)), issued)

    def bundle(name: str, case: str | None) -> None:
        exported = BundleExported(size=1, disclosed=1, case_number=case, sums_sha256=digest(5))
        story.tell(name, Stream("report", uuid5(LEDGER, name)), exported)

    report("our report", digest(70), 1)
    report("their report", digest(71), 2)
    report("whole report", digest(72), None)
    report("given report", given, None)
    bundle("our bundle", CASE)
    bundle("whole bundle", None)
    story.tell("odd", Stream("report", uuid5(LEDGER, "odd")), SessionClosedElsewhere())
    names, disclosure = story.within(Scope(case_number=CASE, reports=frozenset({given})))

    assert {name for name in names if "report" in name or "bundle" in name} == {
        "our report", "given report", "our bundle"
    }  # fmt: skip
    assert disclosure.positions == {given: story.at["given report"]}
    assert disclosure.reports[given].sha256 == given


def SessionClosedElsewhere() -> Event:  # noqa: N802 - stands for an event type of a later version
    return CaseOpened(case_number=CASE)


def test_a_session_that_was_not_closed_ends_with_the_next(story: Story) -> None:
    story.begin("crashed")
    story.batch(1, (CASE, None))
    story.begin("next")
    story.end("next")
    story.end("stray")
    names, _ = story.within(Scope(case_number=CASE))

    assert "crashed begins" in names
    assert not {"next begins", "next ends", "stray ends"} & names


def test_a_ledger_without_its_opening_discloses_no_batch_by_mistake() -> None:
    story = Story()
    story.batch(1, (CASE, None))
    names = within(story.records[2:], len(story.records), Scope(case_number=CASE))

    assert story.at["batch 1"] not in names
    assert story.at["job 1.0"] in names


def test_everything_is_everything(story: Story) -> None:
    story.batch(1, (CASE, None), instruction=digest(9))
    issued = ReportIssued(kind="custody", at_position=Position(1), sha256=digest(3), size=1)
    story.tell("report", Stream("report", uuid5(LEDGER, "r")), issued)
    size = len(story.records)
    disclosure = everything(story.records, size, Scope(reports=frozenset({digest(3)})))

    assert disclosure.count == size
    assert all(position in disclosure for position in range(size))
    assert disclosure.documents == (digest(1), digest(9))
    assert disclosure.positions == {digest(3): size - 1}
    assert not Scope().partial


def test_the_cases_that_have_an_exhibit_are_named(story: Story) -> None:
    story.batch(1, (CASE, "A"), (OTHER, "B"))
    story.tell("x", exhibit_stream(LEDGER, "X", "A"), ExhibitRegistered(case_number="X", exhibit="A"))

    assert cases_with(story.records, "A") == {CASE, "X"}
    assert cases_with(story.records, "C") == frozenset()


def test_an_entry_counts_once() -> None:
    disclosure = Disclosure(marks=bytearray(1))
    disclosure.add(3)
    disclosure.add(3)

    assert disclosure.count == 1


def test_what_stamps_and_offers_cite_goes_along(story: Story) -> None:
    stamp = CheckpointStamped(
        size=1, note_sha256=digest(20), generated_at="2026-11-22T12:00:00Z", authority="TSA", serial="1",
        policy="1.2", token="", certificates=(digest(21),), revocation_lists=(digest(22),),
    )  # fmt: skip
    story.tell("stamp", Stream("checkpoint", uuid5(LEDGER, "1")), stamp)
    for case, number in ((CASE, 23), (OTHER, 24)):
        offered = CustodyOffered(
            case_number=case, exhibit="A", receiver=KeyId("00"), receiver_key="", giver_name="J. Ortiz",
            manifest_sha256=digest(number), files=0, bytes=0,
        )  # fmt: skip
        stream = exhibit_stream(LEDGER, case, "A")
        story.tell(f"{case} registered", stream, ExhibitRegistered(case_number=case, exhibit="A"))
        story.tell(f"{case} offered", stream, offered)
    mine = (digest(21), digest(22), digest(23))

    assert story.within(Scope(case_number=CASE))[1].documents == mine
    assert everything(story.records, len(story.records), Scope()).documents == (*mine, digest(24))
