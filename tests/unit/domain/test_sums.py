"""Thresholds, tallies, counts and the journal: the small sums of a run."""

import pytest

from custody.domain.errors import LedgerFailed
from custody.domain.events import BatchStarted
from custody.domain.identifiers import JobId, LedgerId, Position, Stream, transfer_id
from custody.domain.ports import Recording
from custody.domain.projections.rows import Tally
from custody.domain.use_cases.tally import tally
from custody.domain.use_cases.threshold import MayGoOn
from custody.domain.use_cases.transfers import Journal, TransferRevisions, file_stream
from custody.domain.use_cases.workshop import COMMIT_EVENTS, Counts
from tests.fakes.workbench import LEDGER


@pytest.mark.parametrize(
    ("permille", "tried", "failed", "goes_on"),
    [
        (500, 9, 9, True), (500, 10, 5, True), (500, 10, 6, False), (0, 10, 0, True), (0, 10, 1, False),
        (1000, 10, 10, True), (0, 9, 9, True),
    ],
)  # fmt: skip
def test_a_share_of_failures_means_something_from_ten_files_on(
    permille: int, tried: int, failed: int, goes_on: bool
) -> None:
    assert MayGoOn(permille)(tried, failed) is goes_on


def test_the_share_is_over_all_jobs() -> None:
    may_go_on = MayGoOn(500)
    may_go_on.add(90, 0)
    assert may_go_on(10, 10)
    assert not may_go_on(100, 100)


def test_after_a_whole_job_the_share_counts_however_few_files_there_were() -> None:
    assert not MayGoOn(500).add(1, 1)
    assert MayGoOn(500).add(2, 1)
    assert MayGoOn(500).add(0, 0)


def test_a_tally_adds_up_by_outcome() -> None:
    found = tally(
        [
            Tally("file", "queued", 1, 10), Tally("file", "copying", 2, 20), Tally("file", "fsynced", 3, 30),
            Tally("file", "verified", 4, 40),
            Tally("file", "qualified", 7, 70),
            Tally("file", "failed", 5, 50), Tally("file", "skipped", 6, 60),
            Tally("directory", "recorded", 7, 0), Tally("directory", "failed", 8, 0),
            Tally("link", "recorded", 9, 0), Tally("special", "recorded", 10, 0),
        ]
    )  # fmt: skip
    assert found.counts == Counts(queued=22, verified=4, qualified=7, skipped=6, failed=13, special=10)
    assert (found.open_files, found.open_bytes, found.verified_bytes) == (6, 60, 40)


def test_counts_add_up() -> None:
    one = Counts(queued=1, verified=2, qualified=6, skipped=3, failed=4, special=5)
    assert one + one == Counts(queued=2, verified=4, qualified=12, skipped=6, failed=8, special=10)


class Ledger:
    """Implements ``ports.LedgerWriter`` and keeps the commits."""

    ledger = LedgerId(LEDGER)

    def __init__(self) -> None:
        self.commits: list[list[Recording]] = []
        self.full = False

    def append(self, recordings: list[Recording]) -> Position:
        if self.full:
            raise LedgerFailed("full")
        self.commits.append(list(recordings))
        return Position(0)

    def keep_document(self, content: bytes) -> str:
        raise NotImplementedError


STREAM = Stream("batch", LEDGER)


def test_events_are_committed_together_and_in_order() -> None:
    ledger = Ledger()
    journal = Journal(ledger)
    for revision in (1, 2, 3):
        journal.add(STREAM, revision, BatchStarted(run=revision))
    assert not ledger.commits
    journal.commit()
    journal.commit()
    assert [[one.revision for one in commit] for commit in ledger.commits] == [[1, 2, 3]]


def test_a_commit_s_worth_of_events_is_committed_at_once() -> None:
    ledger = Ledger()
    journal = Journal(ledger)
    for revision in range(1, COMMIT_EVENTS + 2):
        journal.add(STREAM, revision, BatchStarted(run=1))
    assert [len(commit) for commit in ledger.commits] == [COMMIT_EVENTS]


def test_what_a_ledger_did_not_take_is_not_offered_again() -> None:
    ledger = Ledger()
    journal = Journal(ledger)
    journal.add(STREAM, 1, BatchStarted(run=1))
    ledger.full = True
    with pytest.raises(LedgerFailed):
        journal.commit()
    ledger.full = False
    journal.commit()
    assert not ledger.commits


def test_the_revision_of_an_unknown_entry_begins_at_one_and_goes_up() -> None:
    revisions = TransferRevisions()
    transfer = transfer_id(JobId(LEDGER), b"a")
    assert [revisions.next(transfer), revisions.next(transfer)] == [1, 2]
    revisions.end(transfer)
    revisions.end(transfer)
    assert revisions.next(transfer) == 1


def test_an_entry_s_stream_is_that_of_its_transfer() -> None:
    transfer = transfer_id(JobId(LEDGER), b"a")
    assert str(file_stream(transfer)) == f"file/{transfer}"
