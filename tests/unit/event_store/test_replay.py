"""Replaying the ledger must give the very rows that were written along with the entries."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.domain.events import (
    CopyRefuted,
    DirectoryCreated,
    Event,
    FileFailed,
    FileFsynced,
    FileResumed,
    FileSkipped,
    Nanoseconds,
)
from custody.domain.identifiers import Position
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.replay import Difference
from tests.unit.event_store.replaying import differences_of
from tests.unit.event_store.sample_ledger import (
    JOB,
    SHA256,
    Workspace,
    file_copying,
    file_queued,
    file_verified,
    new_workspace,
    opening,
    stream_of,
    window,
)


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[SqlLedger]:
    with workspace.open() as opened:
        opened.append(opening())
        opened.append(window(range(3)))
        yield opened


def test_a_replay_gives_the_same_rows(ledger: SqlLedger, tmp_path: Path) -> None:
    assert differences_of(ledger, tmp_path) == []


def test_a_changed_row_is_named_with_its_column(
    ledger: SqlLedger, workspace: Workspace, tmp_path: Path
) -> None:
    key = stream_of(1).id.bytes
    workspace.tamper(f"UPDATE transfers SET state = 'queued', attempt = 7 WHERE id = x'{key.hex()}'")

    assert differences_of(ledger, tmp_path) == [
        Difference(table="transfers", key=key, column="state", live="queued", replayed="verified"),
        Difference(table="transfers", key=key, column="attempt", live=7, replayed=1),
    ]


def test_a_removed_row_is_named(ledger: SqlLedger, workspace: Workspace, tmp_path: Path) -> None:
    key = stream_of(1).id.bytes
    workspace.tamper(f"DELETE FROM transfers WHERE id = x'{key.hex()}'")

    assert differences_of(ledger, tmp_path) == [
        Difference(table="transfers", key=key, column=None, live=None, replayed=key)
    ]


@pytest.mark.parametrize("key", [bytes(16), b"\xff" * 16])
def test_an_invented_row_is_named(
    ledger: SqlLedger, workspace: Workspace, tmp_path: Path, key: bytes
) -> None:
    workspace.tamper(
        "INSERT INTO transfers (id, job, run, ordinal, kind, path, source, state, revision) "
        f"VALUES (x'{key.hex()}', zeroblob(16), 1, 1, 'file', x'61', x'61', 'verified', 4)"
    )

    assert differences_of(ledger, tmp_path) == [
        Difference(table="transfers", key=key, column=None, live=key, replayed=None)
    ]


def test_a_rebuild_mends_whatever_was_done_to_the_rows(
    ledger: SqlLedger, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.tamper(
        "DELETE FROM transfers",
        "UPDATE jobs SET state = 'failed'",
        "ALTER TABLE batches ADD COLUMN more TEXT",
    )

    assert ledger.rebuild() == 17
    assert differences_of(ledger, tmp_path) == []


def test_after_a_rebuild_the_ledger_goes_on(ledger: SqlLedger, tmp_path: Path) -> None:
    ledger.rebuild()
    ledger.append(window([7]))

    assert differences_of(ledger, tmp_path) == []


PLACE = {"job": JOB, "path": RawPath(b"p"), "source": RawPath(b"/s")}
RUNS = st.integers(1, 3)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    RUNS.map(lambda run: file_queued(0, run=run)),
    st.builds(file_copying, st.just(0), st.integers(1, 3)),
    st.just(FileFsynced(attempt=1, size=7, digests=SHA256)),
    st.just(file_verified(0)),
    RUNS.map(
        lambda run: FileFailed(
            **PLACE, run=run, stage="read", error="io-error", message="m", attempt=1, offset=2**40
        )
    ),
    st.builds(FileResumed, run=RUNS, found=st.sampled_from(["copying", "fsynced"])),
    RUNS.map(
        lambda run: FileSkipped(
            **PLACE,
            run=run,
            size=1,
            mtime_ns=Nanoseconds(-1),
            ctime_ns=Nanoseconds(0),
            reason="x",
            cites=Position(3),
            digests=SHA256,
        )
    ),
    RUNS.map(
        lambda run: DirectoryCreated(**PLACE, run=run, mode=0o700, mtime_ns=Nanoseconds(2**64), existed=False)
    ),
    st.just(CopyRefuted(path=RawPath(b"p"), finding="missing", message="m")),
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.lists(st.tuples(st.integers(0, 2), EVENTS), max_size=6), max_size=6))
def test_whatever_happens_to_files_a_replay_gives_the_same_rows(steps: list[list[tuple[int, Event]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with new_workspace(folder / "w").open() as ledger:
            ledger.append(opening())
            revisions = dict.fromkeys(range(3), 0)
            for step in steps:
                batch = []
                for index, event in step:
                    revisions[index] += 1
                    batch.append(Recording(stream_of(index), revisions[index], event))
                ledger.append(batch)

            assert differences_of(ledger, folder) == []
