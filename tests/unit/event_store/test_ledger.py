from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from custody.domain.entries import dsse, entry
from custody.domain.errors import Busy, LedgerFailed, MalformedData, NotFound, Tampered
from custody.domain.events import CaseOpened
from custody.domain.identifiers import Stream
from custody.domain.ports import Recording
from custody.domain.proofs import merkle
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.use_cases.audit_ledger import audit
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import verify
from custody.infrastructure.event_store import checkpointing, recorder
from custody.infrastructure.event_store.audit_source import open_for_audit
from custody.infrastructure.event_store.engine import reading, writing
from custody.infrastructure.event_store.ledger import SqlLedger
from tests.unit.event_store.sample_ledger import (
    JOB,
    JOB_STREAM,
    LEDGER,
    Workspace,
    opening,
    stream_of,
    window,
)


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[SqlLedger]:
    with workspace.open() as opened:
        opened.append(opening())
        yield opened


def entries_of(ledger: SqlLedger) -> list[bytes]:
    return [stored.entry for stored in ledger.reader.entries()]


def bodies_of(ledger: SqlLedger) -> list[entry.Entry]:
    return [entry.parse(dsse.open_envelope(one).body) for one in entries_of(ledger)]


def test_append_returns_the_position_of_the_last_entry(ledger: SqlLedger) -> None:
    assert ledger.append(window([0, 1])) == 12


def test_appending_nothing_records_nothing(ledger: SqlLedger) -> None:
    assert ledger.append([]) == 4
    assert ledger.size == 5


def test_the_ledger_knows_its_id(ledger: SqlLedger) -> None:
    assert ledger.ledger == ledger.reader.ledger == LEDGER


def test_every_entry_is_signed_over_its_dsse_encoding(ledger: SqlLedger, workspace: Workspace) -> None:
    ledger.append(window([0]))

    for one in entries_of(ledger):
        envelope = dsse.open_envelope(one)
        signed = b"DSSEv1 34 application/vnd.custody.entry+json %d " % len(envelope.body) + envelope.body
        assert verify(workspace.signer.public_raw, envelope.signature, signed)


def test_every_entry_names_the_leaf_hash_of_the_one_before(ledger: SqlLedger) -> None:
    ledger.append(window([0]))

    leaves = [merkle.leaf_hash(one).hex() for one in entries_of(ledger)]
    assert [body.previous for body in bodies_of(ledger)] == ["0" * 64, *leaves[:-1]]


def test_positions_have_no_gap_across_appends_and_sessions(ledger: SqlLedger, workspace: Workspace) -> None:
    ledger.append(window([0]))
    ledger.close()
    with workspace.open() as again:
        again.append(window([1]))

        assert [body.position for body in bodies_of(again)] == list(range(13))


def test_one_append_carries_one_time_in_utc_with_microseconds(ledger: SqlLedger) -> None:
    ledger.append(window([0]))

    assert [body.at for body in bodies_of(ledger)][4:] == ["2026-03-01T21:10:01.000000Z"] + [
        "2026-03-01T21:10:02.000000Z"
    ] * 4


def test_no_two_entries_share_a_salt(ledger: SqlLedger) -> None:
    for first in range(0, 1200, 300):
        ledger.append(window(range(first, first + 300)))

    salts = [dsse.open_envelope(one).body.split(b'"salt":"')[1][:32] for one in entries_of(ledger)]
    assert len(set(salts)) == len(salts) == 4805


def test_a_taken_revision_is_refused_and_nothing_of_the_append_is_kept(ledger: SqlLedger) -> None:
    taken = Recording(JOB_STREAM, 2, opening()[4].event)

    with pytest.raises(LedgerFailed, match="already recorded"):
        ledger.append([*window([0]), taken])

    assert ledger.reader.size() == ledger.size == 5
    assert ledger.read_model.transfers(JOB, states=["verified"]) == []


def test_after_a_refusal_the_ledger_goes_on(ledger: SqlLedger) -> None:
    with pytest.raises(LedgerFailed):
        ledger.append([Recording(JOB_STREAM, 2, opening()[4].event)])

    assert ledger.append(window([0])) == 8


def test_an_event_too_large_for_an_entry_is_refused_and_nothing_is_kept(ledger: SqlLedger) -> None:
    huge = Recording(Stream("case", JOB), 9, CaseOpened(case_number="x" * 46_000))

    with pytest.raises(MalformedData, match="CaseOpened of 46"):
        ledger.append([*window([0]), huge])

    assert ledger.reader.size() == 5


def test_the_largest_event_taken_still_fits_into_an_entry(ledger: SqlLedger) -> None:
    ledger.append([Recording(Stream("case", JOB), 9, CaseOpened(case_number="x" * 44_900))])

    assert 60_000 < len(entries_of(ledger)[-1]) <= dsse.MAX_ENTRY_BYTES


def test_a_second_writer_is_told_that_the_ledger_is_busy(ledger: SqlLedger, workspace: Workspace) -> None:
    with pytest.raises(Busy):
        workspace.open()


def test_closing_frees_the_ledger(ledger: SqlLedger, workspace: Workspace) -> None:
    ledger.close()

    with workspace.open() as again:
        assert again.size == 5


def test_commits_are_durable_by_wal_with_full_synchronisation(ledger: SqlLedger) -> None:
    with reading(ledger._parts.engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_head_moved_by_somebody_else_is_never_signed_over(ledger: SqlLedger, workspace: Workspace) -> None:
    ledger.append(window([0]))
    workspace.tamper(
        "DELETE FROM entries WHERE position >= 5",
        "UPDATE head SET size = 5, previous = zeroblob(32)",
    )

    with pytest.raises(Tampered, match="changed by somebody else"):
        ledger.append(window([1]))
    assert ledger.reader.size() == 5


@pytest.mark.parametrize("act", [SqlLedger.make_checkpoint, SqlLedger.rebuild])
def test_nothing_else_is_done_to_a_ledger_whose_head_moved(
    ledger: SqlLedger, workspace: Workspace, act: object
) -> None:
    workspace.tamper("UPDATE head SET size = 4")

    with pytest.raises(Tampered, match="changed by somebody else"):
        act(ledger)  # type: ignore[operator]  # a method taken from the class


def test_what_the_database_refuses_is_a_failure_of_the_ledger(
    ledger: SqlLedger, workspace: Workspace
) -> None:
    workspace.tamper("DROP TABLE transfers")

    with pytest.raises(LedgerFailed, match="takes no entries"):
        ledger.append(window([0]))
    assert ledger.reader.size() == 5


def test_a_reading_connection_cannot_write(ledger: SqlLedger) -> None:
    with (
        ledger.reader.engine.connect() as connection,
        pytest.raises(sa.exc.OperationalError, match="readonly"),
    ):
        connection.exec_driver_sql("DELETE FROM jobs")


def test_a_checkpoint_signs_the_root_over_all_entries(ledger: SqlLedger, workspace: Workspace) -> None:
    ledger.append(window([0, 1, 2]))
    note = parse_note(ledger.make_checkpoint())

    checkpoint = Checkpoint.parse(note.text)
    assert checkpoint.size == 17
    assert checkpoint.root == merkle.root_of(map(merkle.leaf_hash, entries_of(ledger)))
    assert note.verified_by(f"custody.invalid/{LEDGER}", workspace.signer.public_raw, verify)


def test_a_checkpoint_is_kept_as_row_and_as_file(ledger: SqlLedger, workspace: Workspace) -> None:
    note = ledger.make_checkpoint()

    assert (workspace.folder / "checkpoints" / "5.note").read_bytes() == note
    assert [(kept.size, kept.note, kept.where) for kept in ledger.reader.checkpoints()] == [
        (5, note, "table"),
        (5, note, "file"),
    ]


def test_a_checkpoint_is_made_once_for_a_size(ledger: SqlLedger, workspace: Workspace) -> None:
    note = ledger.make_checkpoint()
    again = ledger.make_checkpoint()
    ledger.close()

    with workspace.open() as later:
        assert note == again == later.make_checkpoint()


def test_the_latest_checkpoint_is_the_one_of_the_largest_size(ledger: SqlLedger) -> None:
    assert ledger.reader.latest_checkpoint() is None
    ledger.make_checkpoint()
    ledger.append(window([0]))
    note = ledger.make_checkpoint()

    latest = ledger.reader.latest_checkpoint()
    assert latest is not None
    assert (latest.size, latest.note) == (9, note)


def test_a_long_run_signs_a_checkpoint_in_time(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "MAX_UNSIGNED_ENTRIES", 100)
    for first in range(0, 100, 10):
        ledger.append(window(range(first, first + 10)))

    sizes = [0, *(kept.size for kept in ledger.reader.checkpoints() if kept.where == "file"), ledger.size]
    assert len(sizes) > 4
    assert all(later - earlier <= 100 + 40 for earlier, later in pairwise(sizes))


def test_a_checkpoint_file_that_cannot_be_written_halts_with_the_entries_safe(
    ledger: SqlLedger, workspace: Workspace
) -> None:
    (workspace.folder / "checkpoints").write_text("in the way")

    with pytest.raises(LedgerFailed, match=r"5\.note") as failed:
        ledger.make_checkpoint()
    assert "safe" in failed.value.done


def test_documents_come_back_by_their_hash(ledger: SqlLedger) -> None:
    sha256 = ledger.keep_document(b"[batch]\n")

    assert ledger.keep_document(b"[batch]\n") == sha256
    assert ledger.reader.document(sha256) == b"[batch]\n"


def test_a_document_never_kept_is_not_found(ledger: SqlLedger) -> None:
    with pytest.raises(NotFound):
        ledger.reader.document("00" * 32)


def test_a_document_changed_behind_our_back_is_refused(ledger: SqlLedger, workspace: Workspace) -> None:
    sha256 = ledger.keep_document(b"[batch]\n")
    workspace.tamper("UPDATE documents SET content = 'other'")

    with pytest.raises(Tampered):
        ledger.reader.document(sha256)


def test_history_is_one_stream_in_order(ledger: SqlLedger) -> None:
    ledger.append(window([0, 1]))

    history = list(ledger.reader.history(stream_of(1)))
    assert [one.revision for one in history] == [1, 2, 3, 4]
    assert [one.position for one in history] == [6, 8, 10, 12]
    assert [type(one.event).__name__ for one in history] == [
        "FileQueued",
        "FileCopying",
        "FileFsynced",
        "FileVerified",
    ]


def test_the_revision_of_an_unknown_stream_is_zero(ledger: SqlLedger) -> None:
    assert ledger.reader.revision(stream_of(0)) == 0
    assert ledger.reader.revision(JOB_STREAM) == 2


def test_recorded_events_are_those_that_were_given(ledger: SqlLedger) -> None:
    given = window([0, 1])
    ledger.append(given)

    found = list(ledger.reader.recorded(first=5))
    assert [(one.stream, one.revision, one.event) for one in found] == [
        (one.stream, one.revision, one.event) for one in given
    ]


def test_a_failed_transaction_leaves_no_lock_in_the_database(ledger: SqlLedger, workspace: Workspace) -> None:
    class Broken(Exception):
        pass

    with pytest.raises(Broken), writing(ledger._parts.engine):
        raise Broken
    ledger.append(window([0]))

    assert ledger.reader.size() == 9


@pytest.mark.parametrize("went_through", [False, True])
def test_an_interruption_around_a_commit_does_not_refute_the_ledger(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, went_through: bool
) -> None:
    real = recorder.writing

    @contextmanager
    def interrupted(engine: sa.Engine) -> Iterator[sa.Connection]:
        with real(engine) as connection:
            yield connection
            if not went_through:
                raise KeyboardInterrupt
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recorder, "writing", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ledger.append(window([0]))
    taken = 9 if went_through else 5

    assert ledger.size == taken
    assert Checkpoint.parse(parse_note(ledger.make_checkpoint()).text).size == taken
    assert ledger.append(window([1])) == taken + 3


def test_an_interruption_does_not_vouch_for_a_foreign_head(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def interrupted(engine: sa.Engine) -> Iterator[sa.Connection]:
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patched:
        patched.setattr(recorder, "writing", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ledger.append(window([0]))
    with writing(ledger._parts.engine) as connection:
        connection.exec_driver_sql("UPDATE head SET size = size - 1")

    with pytest.raises(Tampered):
        ledger.append(window([1]))
    with pytest.raises(Tampered):
        ledger.make_checkpoint()


def test_an_interruption_right_behind_a_checkpoint_does_not_stop_the_next_one(
    ledger: SqlLedger, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_book: checkpointing.CheckpointBook, _size: int, _note: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpointing.CheckpointBook, "publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ledger.make_checkpoint()

    note = ledger.make_checkpoint()
    assert (workspace.paths.checkpoints / "5.note").read_bytes() == note


def test_another_checkpoint_of_the_same_size_is_not_signed_over(ledger: SqlLedger) -> None:
    with writing(ledger._parts.engine) as connection:
        connection.exec_driver_sql("INSERT INTO checkpoints VALUES (5, x'00', x'00')")

    with pytest.raises(Tampered, match="another checkpoint of size 5"):
        ledger.make_checkpoint()


def test_a_clock_set_back_is_recorded_as_it_was_and_refutes_nothing(
    ledger: SqlLedger, workspace: Workspace
) -> None:
    ledger.append(window([0]))
    workspace.clock.time -= timedelta(days=2)
    ledger.append(window([1]))
    ledger.make_checkpoint()

    times = [body.at for body in bodies_of(ledger)]
    assert times[:9] == sorted(times[:9])
    assert times[9] < times[0]
    with open_for_audit(workspace.paths) as source, verifying_in_parallel() as verify_many:
        verdicts = audit(source, workspace.keys, verify_many).verdicts
    assert (verdicts["chain"], verdicts["signatures"], verdicts["tree"]) == ("passed",) * 3
