"""What the pipeline is told of the state: the folded rows, as the real tables hold them."""

from collections.abc import Iterator

import pytest

from custody.domain.errors import MalformedData
from custody.domain.events import (
    BatchQueued,
    CopyRefuted,
    CopyReverified,
    DirectoryCreated,
    Event,
    FileFailed,
    FileFsynced,
    FileResumed,
    FileSkipped,
    InventoryTaken,
    JobQueued,
    Nanoseconds,
)
from custody.domain.identifiers import (
    BatchId,
    Position,
    Stream,
    TransferId,
    batch_stream,
    job_id,
    transfer_id,
)
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.domain.projections.rows import Tally, TransferRow
from custody.infrastructure.event_store.engine import writing
from custody.infrastructure.event_store.ledger import SqlLedger
from tests.unit.event_store.sample_ledger import (
    BATCH,
    DESTINATION,
    JOB,
    JOB_STREAM,
    LEDGER,
    SHA256,
    Workspace,
    file_copying,
    file_queued,
    file_verified,
    job_queued,
    opening,
    path_of,
    stream_of,
    window,
)

COPY_0 = RawPath(DESTINATION + b"/" + path_of(0))
VERIFIED = (file_queued(0), file_copying(0), FileFsynced(attempt=1, size=7, digests=SHA256), file_verified(0))
REFUTED = CopyRefuted(path=path_of(0), finding="changed", message="differs")


def failed(index: int = 0, *, run: int = 1, attempt: int = 1) -> FileFailed:
    return FileFailed(
        job=JOB, run=run, path=path_of(index), source=RawPath(b"/mnt/wb1/" + path_of(index)), stage="read",
        error="io-error", errno=5, message="Input/output error", attempt=attempt,
    )  # fmt: skip


def skipped(index: int = 0, *, run: int = 2, cites: Position | None = None) -> FileSkipped:
    return FileSkipped(
        job=JOB, run=run, path=path_of(index), source=RawPath(b"/s"), size=7,
        mtime_ns=Nanoseconds(1), ctime_ns=Nanoseconds(1), reason="verified-before", cites=cites,
        digests=SHA256,
    )  # fmt: skip


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[SqlLedger]:
    with workspace.open() as opened:
        opened.append(opening())
        yield opened


def live(ledger: SqlLedger, *events: Event, index: int = 0) -> TransferRow:
    """Record the events as the next ones of a file; return its row."""
    stream = stream_of(index)
    revision = ledger.reader.revision(stream)
    for event in events:
        revision += 1
        ledger.append([Recording(stream, revision, event)])
    return ledger.read_model.find([TransferId(stream.id)])[TransferId(stream.id)]


def test_a_queued_file_waits_with_all_that_is_known_of_it(ledger: SqlLedger) -> None:
    row = live(ledger, file_queued(0))

    assert (row.state, row.kind, row.ordinal, row.run, row.attempt) == ("queued", "file", 5, 1, 0)
    assert (row.path, row.source, row.size) == (path_of(0), b"/mnt/wb1/DCIM/cam00000.mov", 7)
    assert (row.mtime_ns, row.atime_ns) == (1_772_400_000_123_456_789, 1_772_400_000_987_654_321)
    assert (row.mode, row.device, row.inode) == (0o644, 64769, 1_000_000)
    assert (row.proved, row.digests, row.existed, row.refuted) == (None, None, False, False)


def test_a_verified_file_is_proved_by_its_entry(ledger: SqlLedger) -> None:
    row = live(ledger, *VERIFIED)

    assert (row.state, row.proved, row.digests, row.temporary) == ("verified", 8, SHA256, None)
    assert row.revision == 4


def test_a_file_in_the_middle_of_copying_names_its_temporary_file(ledger: SqlLedger) -> None:
    row = live(ledger, file_queued(0), file_copying(0, attempt=2))

    assert (row.state, row.attempt, row.temporary) == ("copying", 2, b".custody-00000000.2.part")


def test_an_unreadable_folder_is_a_failed_file_without_ever_being_queued(ledger: SqlLedger) -> None:
    row = live(ledger, failed())

    assert (row.state, row.kind, row.ordinal, row.stage, row.error) == (
        "failed",
        "file",
        5,
        "read",
        "io-error",
    )
    assert (row.errno, row.message, row.failed_at) == (5, "Input/output error", "2026-03-01T21:10:02.000000Z")


def test_a_failure_keeps_the_order_of_work(ledger: SqlLedger) -> None:
    row = live(ledger, file_queued(0), file_copying(0), failed())

    assert (row.state, row.ordinal, row.size, row.attempt) == ("failed", 5, 7, 1)


def test_a_failure_in_a_later_run_takes_its_place_in_that_run(ledger: SqlLedger) -> None:
    row = live(ledger, file_queued(0), failed(), failed(run=2))

    assert (row.run, row.ordinal) == (2, 7)


def test_a_failure_is_forgotten_once_the_file_is_verified(ledger: SqlLedger) -> None:
    row = live(ledger, file_queued(0), file_copying(0), failed(), *VERIFIED[1:])

    assert (row.stage, row.error, row.errno, row.message, row.failed_at) == (None, None, None, None, None)


def test_requeuing_forgets_the_failure_and_keeps_the_proof_of_the_earlier_run(ledger: SqlLedger) -> None:
    row = live(ledger, *VERIFIED, failed(run=2, attempt=3), file_queued(0, run=3))

    assert (row.state, row.run, row.ordinal, row.attempt, row.error) == ("queued", 3, 10, 0, None)
    assert (row.proved, row.digests) == (8, SHA256)


@pytest.mark.parametrize("found", ["copying", "published"])
def test_a_resumed_file_waits_again_and_still_names_its_temporary_file(ledger: SqlLedger, found: str) -> None:
    row = live(ledger, file_queued(0), file_copying(0), FileResumed(run=1, found=found))

    assert (row.state, row.temporary) == ("queued", b".custody-00000000.1.part")


def test_a_resumed_file_that_is_already_durable_stays_so(ledger: SqlLedger) -> None:
    row = live(ledger, *VERIFIED[:3], FileResumed(run=1, found="fsynced"))

    assert (row.state, row.temporary, row.digests) == ("fsynced", None, SHA256)


def test_a_skipped_file_is_proved_by_the_entry_it_cites(ledger: SqlLedger) -> None:
    row = live(ledger, *VERIFIED, skipped(cites=Position(8)))

    assert (row.state, row.run, row.proved, row.ordinal) == ("skipped", 2, 8, 9)


def test_a_file_skipped_at_first_sight_is_proved_by_its_own_entry(ledger: SqlLedger) -> None:
    row = live(ledger, skipped())

    assert (row.state, row.proved, row.digests, row.atime_ns) == ("skipped", 5, SHA256, 0)


def test_a_refuted_copy_says_so_until_it_is_verified_again(ledger: SqlLedger) -> None:
    assert live(ledger, *VERIFIED, REFUTED).refuted
    again = CopyReverified(path=path_of(0), size=7, digests=SHA256, read_back="direct")

    row = live(ledger, again)
    assert not row.refuted
    assert row.revision == 6


def test_a_folder_says_whether_it_was_there_before(ledger: SqlLedger) -> None:
    event = DirectoryCreated(
        job=JOB,
        run=1,
        path=path_of(0),
        source=RawPath(b"/s"),
        mode=0o755,
        mtime_ns=Nanoseconds(1),
        existed=True,
    )
    row = live(ledger, event)

    assert (row.kind, row.state, row.existed) == ("directory", "recorded", True)


def test_a_name_that_is_not_utf8_comes_back_byte_by_byte(ledger: SqlLedger) -> None:
    queued = file_queued(0)
    odd = type(queued)(**{**{f: getattr(queued, f) for f in queued.__slots__}, "path": RawPath(b"a\xff\n")})

    assert live(ledger, odd).path == b"a\xff\n"


def test_tallies_count_the_entries_last_seen_in_the_run(ledger: SqlLedger) -> None:
    ledger.append(window([0, 1, 2]))
    live(ledger, file_queued(3), index=3)
    live(ledger, skipped(run=2), index=0)

    assert ledger.read_model.tallies(JOB, 1) == [
        Tally("file", "queued", 1, 7),
        Tally("file", "verified", 2, 14),
    ]
    assert ledger.read_model.tallies(JOB, 2) == [Tally("file", "skipped", 1, 7)]


def test_transfers_come_in_pages_by_the_order_of_work(ledger: SqlLedger) -> None:
    ledger.append(window(range(5)))
    live(ledger, file_queued(5), index=5)

    def page(after: int) -> list[RawPath]:
        states = ["verified", "queued"]
        return [row.path for row in ledger.read_model.transfers(JOB, states=states, after=after, limit=4)]

    assert page(-1) == [path_of(index) for index in range(4)]
    assert page(8) == [path_of(4), path_of(5)]
    assert page(25) == []


@pytest.mark.parametrize(("step", "chosen"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (9, [0])])
def test_a_sample_is_spread_over_the_files_of_one_state_and_run(
    ledger: SqlLedger, step: int, chosen: list[int]
) -> None:
    ledger.append(window(range(5)))
    live(ledger, file_queued(5), index=5)

    found = ledger.read_model.sample(JOB, run=1, state="verified", step=step)

    assert [row.path for row in found] == [path_of(index) for index in chosen]
    assert ledger.read_model.sample(JOB, run=2, state="verified", step=step) == []


def test_a_sample_of_damaged_rows_is_named_as_damage(ledger: SqlLedger) -> None:
    ledger.append(window([0]))
    with writing(ledger._parts.engine) as connection:
        connection.exec_driver_sql("UPDATE transfers SET mtime_ns = 'noon'")

    with pytest.raises(MalformedData, match="none of its own"):
        ledger.read_model.sample(JOB, run=1, state="verified", step=1)


def test_transfers_are_only_those_of_the_job_kind_and_states_asked_for(ledger: SqlLedger) -> None:
    ledger.append(window([0]))
    other = job_id(LEDGER, BATCH, 1)

    model = ledger.read_model
    assert model.transfers(JOB, states=["queued"]) == []
    assert model.transfers(JOB, states=["verified"], kind="directory") == []
    assert model.transfers(other, states=["verified"]) == []
    assert len(model.transfers(JOB, states=["verified"])) == 1


def test_find_takes_more_ids_than_a_statement_takes_variables(ledger: SqlLedger) -> None:
    ledger.append(window([0, 1]))
    ids = [TransferId(stream_of(index).id) for index in range(1300)]

    assert ledger.read_model.find(ids).keys() == set(ids[:2])


def test_a_proved_copy_is_found_by_its_absolute_path(ledger: SqlLedger) -> None:
    ledger.append(window([0, 1]))

    found = ledger.read_model.proved_copies([COPY_0, RawPath(b"/mnt/evidence/none")])
    assert {copy: row.path for copy, row in found.items()} == {COPY_0: path_of(0)}


def test_a_copy_not_yet_verified_is_not_proved(ledger: SqlLedger) -> None:
    live(ledger, *VERIFIED[:3])

    assert ledger.read_model.proved_copies([COPY_0]) == {}


def test_a_copy_refuted_after_its_proof_is_known_as_refuted(ledger: SqlLedger) -> None:
    live(ledger, *VERIFIED, REFUTED)

    assert ledger.read_model.proved_copies([COPY_0])[COPY_0].refuted


def test_of_two_jobs_that_proved_a_copy_the_later_proof_counts(ledger: SqlLedger) -> None:
    ledger.append(window([0]))
    other = job_id(LEDGER, BATCH, 1)
    ledger.append([Recording(Stream("job", other), 1, job_queued())])
    stream = Stream("file", transfer_id(other, path_of(0)))
    ledger.append([Recording(stream, 1, file_queued(0, job=other)), Recording(stream, 2, file_verified(0))])

    assert ledger.read_model.proved_copies([COPY_0])[COPY_0].job == other


def test_a_later_session_knows_the_destinations_of_earlier_jobs(
    ledger: SqlLedger, workspace: Workspace
) -> None:
    ledger.close()
    with workspace.open() as later:
        later.append(window([0]))

        assert COPY_0 in later.read_model.proved_copies([COPY_0])


def test_a_job_shows_its_form_and_its_state(ledger: SqlLedger) -> None:
    (row,) = ledger.read_model.jobs(BATCH)

    assert (row.id, row.index, row.name, row.case_number, row.exhibit) == (
        JOB,
        0,
        "Camera 1",
        "2026-0147",
        "A-001",
    )
    assert (row.destination, row.state, row.run, row.inventoried_run) == (DESTINATION, "running", 1, 0)


def test_a_job_remembers_the_run_whose_inventory_is_complete(ledger: SqlLedger) -> None:
    taken = InventoryTaken(
        run=1, files=1, directories=0, links=0, special=0, unreadable=0, bytes=7, digest="00" * 32
    )
    ledger.append([Recording(JOB_STREAM, 3, taken)])

    (row,) = ledger.read_model.jobs(BATCH)
    assert (row.inventoried_run, row.state, row.revision) == (1, "running", 3)


def test_jobs_come_in_the_order_of_the_plan(ledger: SqlLedger) -> None:
    for index in (2, 1):
        event = job_queued()
        values = {name: getattr(event, name) for name in event.__slots__}
        stream = Stream("job", job_id(LEDGER, BATCH, index))
        ledger.append([Recording(stream, 1, JobQueued(**{**values, "index": index}))])

    assert [row.index for row in ledger.read_model.jobs(BATCH)] == [0, 1, 2]


def test_batches_come_with_the_last_queued_first(ledger: SqlLedger) -> None:
    other = BatchId(BATCH[:10] + "0" * 54)
    ledger.append(
        [Recording(batch_stream(LEDGER, other), 1, BatchQueued(batch=other, name="Second", jobs=0))]
    )

    assert [row.name for row in ledger.read_model.batches()] == ["Second", "Main Street"]


def test_a_batch_is_found_by_its_whole_id_alone(ledger: SqlLedger) -> None:
    other = BatchId(BATCH[:10] + "0" * 54)
    ledger.append(
        [Recording(batch_stream(LEDGER, other), 1, BatchQueued(batch=other, name="Second", jobs=0))]
    )

    names = {
        text: row and row.name
        for text in (BATCH, BATCH[:11], BATCH[:10], BATCH[:5], "%" * 8)
        if (row := ledger.read_model.batch(text)) or row is None
    }
    assert names == {
        BATCH: "Main Street", BATCH[:11]: None, BATCH[:10]: None, BATCH[:5]: None, "%" * 8: None,
    }  # fmt: skip


def test_a_copy_is_known_in_whatever_state_it_is(ledger: SqlLedger) -> None:
    live(ledger, file_queued(0))

    assert ledger.read_model.known_copies([COPY_0, RawPath(b"/mnt/evidence/none")]) == {COPY_0}


def proved_paths(ledger: SqlLedger, folder: bytes, **page: int) -> list[tuple[int, RawPath]]:
    rows = ledger.read_model.proved_within(RawPath(folder), **page)
    return [(cursor, row.path) for cursor, row in rows]


def test_proved_copies_within_a_folder_come_in_pages_by_their_proof(ledger: SqlLedger) -> None:
    ledger.append(window(range(3)))
    live(ledger, file_queued(3), index=3)

    assert proved_paths(ledger, DESTINATION, limit=2) == [(14, path_of(0)), (15, path_of(1))]
    assert proved_paths(ledger, DESTINATION, after=15, limit=2) == [(16, path_of(2))]


@pytest.mark.parametrize(
    ("folder", "count"),
    [
        (b"", 2),
        (b"/", 2),
        (b"/mnt/evidence/", 2),
        (COPY_0, 1),
        (b"/mnt/evid", 0),
        (b"/mnt/evidence/DCIM/cam", 0),
    ],
)
def test_a_folder_is_matched_by_whole_names(ledger: SqlLedger, folder: bytes, count: int) -> None:
    ledger.append(window([0, 1]))

    assert len(proved_paths(ledger, folder)) == count


def test_of_two_proofs_of_one_copy_only_the_later_is_listed(ledger: SqlLedger) -> None:
    ledger.append(window([0]))
    other = job_id(LEDGER, BATCH, 1)
    ledger.append([Recording(Stream("job", other), 1, job_queued())])
    stream = Stream("file", transfer_id(other, path_of(0)))
    ledger.append([Recording(stream, 1, file_queued(0, job=other)), Recording(stream, 2, file_verified(0))])

    assert [row.job for _, row in ledger.read_model.proved_within(DESTINATION)] == [other]


def test_an_entry_is_found_by_the_place_of_its_copy_or_its_source(ledger: SqlLedger) -> None:
    ledger.append(window([0, 1]))

    def found(path: bytes) -> list[RawPath]:
        return [row.path for row in ledger.read_model.placed_at(RawPath(path), limit=5)]

    assert found(COPY_0) == found(b"/mnt/wb1/" + path_of(0)) == [path_of(0)]
    assert found(path_of(0)) == []


def test_an_entry_is_found_by_the_last_names_of_its_path(ledger: SqlLedger) -> None:
    ledger.append(window([0, 1]))

    def found(ending: bytes) -> list[RawPath]:
        return [row.path for row in ledger.read_model.ending_with(RawPath(ending), limit=5)]

    assert found(b"cam00001.mov") == found(path_of(1)) == [path_of(1)]
    assert found(b"00001.mov") == found(b"") == []
