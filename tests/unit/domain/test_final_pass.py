"""Re-verification at the end of a batch: what is refuted, and what could only not be looked at."""

import errno

import pytest

from custody.domain.copying.reports import Began, Report
from custody.domain.events import CopyRefuted, CopyReverified
from custody.domain.use_cases.batches import final_pass
from custody.domain.use_cases.batches.final_pass import SampleResult, reverify_sample
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench


@pytest.fixture
def copied(bench: Workbench) -> Workbench:
    """Three files, copied; none was read again."""
    bench.settings = RunSettings(sample_files=0)
    for name in "abc":
        bench.write(name, b"evidence")
    bench.run()
    bench.settings = RunSettings(final_pass=True)
    return bench


def sample(bench: Workbench) -> SampleResult:
    return reverify_sample(bench.workshop(), bench.jobs(), 1, Journal(bench.ledger))


def facts(result: SampleResult) -> list[tuple[bytes, str, str, int | None]]:
    return [(one.path, one.stage, one.error, one.errno) for one in result.failures]


def test_good_copies_are_neither_refuted_nor_unreadable(copied: Workbench) -> None:
    assert sample(copied) == SampleResult(refuted=0, unreadable=0, failures=())
    assert len(copied.events(CopyReverified)) == 3


def test_of_many_copies_a_spread_sample_is_read_again(copied: Workbench) -> None:
    copied.settings = RunSettings(sample_files=2)
    sample(copied)
    assert [one.path for one in copied.events(CopyReverified)] == [b"source/a", b"source/b", b"source/c"]
    copied.settings = RunSettings(sample_files=1)
    sample(copied)
    assert [one.path for one in copied.events(CopyReverified)[3:]] == [b"source/a"]


def test_a_copy_that_changed_is_refuted_and_named(copied: Workbench) -> None:
    (copied.destination / "source/b").write_bytes(b"EVIDENCE")
    result = sample(copied)
    assert (result.refuted, result.unreadable) == (1, 0)
    assert facts(result) == [(b"source/b", "final-check", "changed", None)]
    assert result.failures[0].failed_at.endswith("Z")
    assert result.failures[0].source == bytes(copied.source / "b")


def test_a_copy_that_is_gone_is_refuted(copied: Workbench) -> None:
    (copied.destination / "source/b").unlink()
    result = sample(copied)
    assert (result.refuted, result.unreadable) == (1, 0)
    assert facts(result) == [(b"source/b", "final-check", "missing", errno.ENOENT)]


def test_a_copy_that_cannot_be_read_is_not_refuted(copied: Workbench, calls: FaultyCalls) -> None:
    calls.trouble = failing("open", [b"b"], errno.EIO)
    result = sample(copied)
    assert (result.refuted, result.unreadable) == (0, 1)
    assert facts(result) == [(b"source/b", "final-check", "unreadable", errno.EIO)]


def test_only_the_copy_that_hangs_is_given_up(copied: Workbench) -> None:
    hanging = copied.row(b"source/a").id

    def hang(report: Report) -> None:
        copied.lane.silent |= isinstance(report, Began) and report.transfer == hanging

    copied.hook = hang
    result = sample(copied)
    assert (result.refuted, result.unreadable) == (0, 1)
    assert facts(result) == [(b"source/a", "final-check", "unreadable", None)]
    assert [(one.path, one.finding) for one in copied.events(CopyRefuted)] == [(b"source/a", "unreadable")]
    assert [one.path for one in copied.events(CopyReverified)] == [b"source/b", b"source/c"]


def test_a_lane_that_dies_before_it_begins_leaves_copies_unread_of_which_nothing_is_recorded(
    copied: Workbench,
) -> None:
    copied.lane.dying = True
    result = sample(copied)
    assert (result.refuted, result.unreadable) == (0, 3)
    assert not copied.events(CopyRefuted, CopyReverified)


def test_only_the_first_failures_are_listed_and_all_are_counted(
    copied: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(final_pass, "MAX_FAILURES_LISTED", 2)
    for name in "abc":
        (copied.destination / "source" / name).write_bytes(b"EVIDENCE")
    result = sample(copied)
    assert (result.refuted, len(result.failures)) == (3, 2)
