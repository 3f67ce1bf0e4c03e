"""Re-reading copies against the ledger."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from custody.domain.copying.reports import Began, Listed, ReadBack, Report
from custody.domain.errors import Busy, CustodyError, DestinationFailed, NotFound, Refused, UsageError
from custody.domain.events import CopyRefuted, CopyReverified, Event, FileSkipped, FileVerified, JobCompleted
from custody.domain.identifiers import JobId, Stream
from custody.domain.paths import RawPath
from custody.domain.ports import Destination
from custody.domain.use_cases.lane_feed import Interrupted
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.verification import verify_copies
from custody.domain.use_cases.verification.verify_copies import Scope, VerifyResult, resolve_scope, verify
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench, sha256


@pytest.fixture
def copied(bench: Workbench) -> Workbench:
    """Three files in two folders, copied; no sample was read again."""
    bench.settings = RunSettings(sample_files=0)
    bench.write("a", b"evidence")
    bench.write("d/b", b"more")
    bench.write("d/c", b"")
    bench.run()
    return bench


def look(bench: Workbench, scope: Scope = Scope(), *, record: bool = True) -> VerifyResult:  # noqa: B008 - frozen
    return verify(bench.workshop(), scope, record=record)


def copy_of(bench: Workbench, path: str) -> Path:
    return bench.destination / "source" / path


def raw(path: Path) -> RawPath:
    return RawPath(os.fsencode(path))


def test_good_copies_are_read_and_each_is_recorded(copied: Workbench) -> None:
    result = look(copied)
    assert (result.checked, result.bytes, result.refuted) == (3, 12, False)
    assert [(one.path, one.digests["sha256"]) for one in copied.events(CopyReverified)] == [
        (b"source/a", sha256(b"evidence")), (b"source/d/b", sha256(b"more")), (b"source/d/c", sha256(b"")),
    ]  # fmt: skip


def test_a_look_without_record_writes_nothing(copied: Workbench) -> None:
    copy_of(copied, "a").write_bytes(b"EVIDENCE")
    copy_of(copied, "stranger").write_bytes(b"")
    size = copied.ledger.size
    assert look(copied, record=False).refuted
    assert copied.ledger.size == size


def test_a_flipped_byte_is_found_and_named(copied: Workbench) -> None:
    copy_of(copied, "a").write_bytes(b"evidencE")
    result = look(copied)
    assert [one.path for one in result.changed] == [raw(copy_of(copied, "a"))]
    assert (result.checked, result.refuted) == (3, True)
    (refuted,) = copied.events(CopyRefuted)
    assert (refuted.path, refuted.finding, refuted.digests) == (
        b"source/a", "changed", {"sha256": sha256(b"evidencE")},
    )  # fmt: skip
    assert copied.row(b"source/a").refuted


def test_a_refuted_copy_that_is_put_right_is_proved_again(copied: Workbench) -> None:
    copy_of(copied, "a").write_bytes(b"evidencE")
    look(copied)
    copy_of(copied, "a").write_bytes(b"evidence")
    assert not look(copied).refuted
    assert not copied.row(b"source/a").refuted


def test_a_missing_copy_is_found(copied: Workbench) -> None:
    copy_of(copied, "d/b").unlink()
    result = look(copied)
    assert [one.path for one in result.missing] == [raw(copy_of(copied, "d/b"))]
    assert result.refuted


def test_a_copy_that_became_something_else_is_changed(copied: Workbench) -> None:
    copy_of(copied, "a").unlink()
    copy_of(copied, "a").symlink_to(copied.source / "a")
    result = look(copied)
    assert [one.path for one in result.changed] == [raw(copy_of(copied, "a"))]


def test_an_extra_entry_in_a_folder_made_for_the_copy_is_found(copied: Workbench) -> None:
    copy_of(copied, "d/stranger").write_bytes(b"")
    result = look(copied)
    assert [one.path for one in result.extra] == [raw(copy_of(copied, "d/stranger"))]
    assert result.refuted
    assert [one.finding for one in copied.events(CopyRefuted)] == ["extra"]


def test_an_extra_entry_directly_in_a_destination_made_for_one_file_is_found(bench: Workbench) -> None:
    file = bench.write("a")
    bench.run(bench.plan(bench.job(sources=[file])))
    (bench.destination / "stranger").write_bytes(b"?")
    result = look(bench)
    assert [one.path for one in result.extra] == [raw(bench.destination / "stranger")]


def test_what_lies_beside_the_copy_in_a_destination_that_was_there_is_not_extra(bench: Workbench) -> None:
    file = bench.write("a")
    bench.destination.mkdir()
    (bench.destination / "of others").write_bytes(b"?")
    bench.run(bench.plan(bench.job(sources=[file])))
    assert look(bench).extra == []


def test_a_destination_that_cannot_be_listed_is_unreadable(bench: Workbench, calls: FaultyCalls) -> None:
    file = bench.write("a")
    bench.run(bench.plan(bench.job(sources=[file])))
    calls.trouble = failing("list", [bench.destination.name.encode()], errno.EIO)
    assert raw(bench.destination) in [one.path for one in look(bench).unreadable]


def test_an_extra_entry_outside_the_scope_is_not_reported(copied: Workbench) -> None:
    copy_of(copied, "stranger").write_bytes(b"")
    copy_of(copied, "d/stranger").write_bytes(b"")
    result = look(copied, Scope(folder=raw(copy_of(copied, "d"))))
    assert [one.path for one in result.extra] == [raw(copy_of(copied, "d/stranger"))]
    assert result.checked == 2


def test_a_folder_that_is_gone_leaves_its_copies_missing_and_nothing_extra(copied: Workbench) -> None:
    shutil.rmtree(copy_of(copied, "d"))
    result = look(copied)
    assert [one.path for one in result.missing] == [
        raw(copy_of(copied, path)) for path in ("d/b", "d/c", "d")
    ]
    assert (result.extra, result.unreadable) == ([], [])


def test_a_folder_that_became_a_file_is_changed_and_its_copies_missing(copied: Workbench) -> None:
    shutil.rmtree(copy_of(copied, "d"))
    copy_of(copied, "d").write_bytes(b"")
    copied.lane.replace()
    result = look(copied)
    assert [one.path for one in result.changed] == [raw(copy_of(copied, "d"))]
    assert [one.path for one in result.missing] == [raw(copy_of(copied, path)) for path in ("d/b", "d/c")]


def test_a_folder_that_cannot_be_listed_is_unreadable(copied: Workbench, calls: FaultyCalls) -> None:
    calls.trouble = failing("list", [b"d"], errno.EIO)
    result = look(copied)
    assert (result.checked, result.refuted) == (3, False)
    assert [one.path for one in result.unreadable] == [raw(copy_of(copied, "d"))]


def test_one_copy_can_be_named(copied: Workbench) -> None:
    scope = resolve_scope("x", raw(copy_of(copied, "a")), copied.ledger.read_model)
    assert look(copied, scope).checked == 1


def test_a_destination_that_is_gone_leaves_no_copy_good(copied: Workbench) -> None:
    copied.destination.rename(copied.folder / "away")
    copied.lane.replace()  # another command, another lane: it knows no folder yet
    result = look(copied)
    paths = {"source", "source/d", "source/a", "source/d/b", "source/d/c"}
    assert {one.path for one in result.missing} == {raw(copied.destination / path) for path in paths}
    assert (result.checked, result.unreadable, result.extra) == (3, [], [])


def hang_on(bench: Workbench, *paths: str) -> None:
    """Let the lane hang at the copies of these paths, and at no other."""
    ids = {bench.row(b"source/" + path.encode()).id for path in paths}

    def hang(report: Report) -> None:
        bench.lane.silent |= isinstance(report, Began) and report.transfer in ids

    bench.hook = hang


def test_only_the_copy_that_does_not_answer_is_unreadable(copied: Workbench) -> None:
    hang_on(copied, "d/b")
    result = look(copied)
    assert [(one.path, one.message) for one in result.unreadable] == [
        (raw(copy_of(copied, "d/b")), "did not answer in time")
    ]
    assert (result.checked, result.refuted) == (3, False)
    assert [(one.path, one.finding) for one in copied.events(CopyRefuted)] == [(b"source/d/b", "unreadable")]
    assert [one.path for one in copied.events(CopyReverified)] == [b"source/a", b"source/d/c"]


def test_every_copy_that_does_not_answer_is_given_up_in_its_turn(copied: Workbench) -> None:
    hang_on(copied, "a", "d/b", "d/c")
    result = look(copied)
    assert (result.checked, len(result.unreadable), copied.events(CopyReverified)) == (3, 3, [])
    assert len(copied.events(CopyRefuted)) == 3


def test_a_copy_that_kills_the_reader_leaves_the_others_read(copied: Workbench) -> None:
    killer = copied.row(b"source/a").id

    def die(report: Report) -> None:
        copied.lane.dying |= isinstance(report, Began) and report.transfer == killer

    copied.hook = die
    result = look(copied)
    assert [(one.path, one.message) for one in result.unreadable] == [
        (raw(copy_of(copied, "a")), "the reading process died")
    ]
    assert len(copied.events(CopyReverified)) == 2


def test_a_reader_that_dies_before_it_begins_leaves_its_copies_unread_and_says_nothing_of_them(
    copied: Workbench,
) -> None:
    copied.lane.dying = True
    result = look(copied)
    assert {one.message for one in result.unreadable} == {"the reading process died"}
    assert (result.checked, len(result.unreadable), result.refuted) == (3, 3, False)
    assert not copied.events(CopyRefuted, CopyReverified)


def test_a_beginning_that_several_batches_share_is_a_usage_mistake_here_too(
    copied: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = copied.ledger.read_model.batches()
    twins = [replace(row, batch="abcdef0"), replace(row, batch="abcdef1")]
    monkeypatch.setattr(type(copied.ledger.read_model), "batches", lambda _: twins)
    with pytest.raises(UsageError, match="2 batches begin with"):
        resolve_scope("abcdef", None, copied.ledger.read_model)
    assert resolve_scope("ABCDEF1", None, copied.ledger.read_model) == Scope(batch="abcdef1")


def test_copies_are_read_in_windows(copied: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_copies, "WINDOW_FILES", 2)
    copied.lane.requests.clear()
    assert look(copied).checked == 3
    assert [len(request.items) for request in copied.lane.requests] == [2, 1]


def test_a_request_to_stop_ends_the_pass_and_keeps_what_was_read(
    copied: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_copies, "WINDOW_FILES", 1)

    def stop(report: Report) -> None:
        if isinstance(report, ReadBack):
            copied.stop.signal = "SIGINT"
            copied.lane.silent = True

    copied.hook = stop
    with pytest.raises(Interrupted) as stopped:
        look(copied)
    assert stopped.value.signal == "SIGINT"
    assert len(copied.events(CopyReverified)) == 1


def test_a_request_to_stop_is_obeyed_between_windows(
    copied: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_copies, "WINDOW_FILES", 1)

    def stop(report: Report) -> None:
        copied.stop.signal = "SIGTERM"
        copied.clock.advance(0.9)

    copied.hook = stop
    with pytest.raises(Interrupted):
        look(copied)
    assert len(copied.events(CopyReverified)) < 3


def test_a_request_to_stop_is_obeyed_among_the_folders_and_keeps_what_was_found(
    copied: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, folders = ["d", "e"], {b"source/d", b"source/e"}
    for folder in gone:
        copied.write(f"{folder}/x")
    copied.run()
    for folder in gone:
        shutil.rmtree(copy_of(copied, folder))
    journal_add = Journal.add

    def stop_at_the_first(self: Journal, stream: Stream, revision: int, event: Event) -> None:
        journal_add(self, stream, revision, event)
        if isinstance(event, CopyRefuted) and event.path in folders:
            copied.stop.signal = "SIGINT"

    monkeypatch.setattr(Journal, "add", stop_at_the_first)
    with pytest.raises(Interrupted):
        look(copied)
    assert [one.path for one in copied.events(CopyRefuted) if one.path in folders] == [b"source/d"]


def test_the_copy_of_a_source_that_changed_later_is_as_recorded(copied: Workbench) -> None:
    copied.write("a", b"grown evidence", mtime=1_700_000_100)
    assert copied.run().status == "incomplete"
    result = look(copied)
    assert (result.checked, result.changed) == (3, [])


def test_progress_is_told_of_every_copy(copied: Workbench) -> None:
    copied.write("big", b"x" * 300_000)
    copied.run()
    copied.progress.outcomes.clear()
    copied.progress.advanced.clear()
    copy_of(copied, "a").unlink()
    copied.clock.tick = 0.6
    look(copied)
    outcomes = {(path, outcome) for path, outcome, _ in copied.progress.outcomes}
    assert (raw(copy_of(copied, "a")), "failed") in outcomes
    assert (raw(copy_of(copied, "big")), "verified") in outcomes
    assert any(path == raw(copy_of(copied, "big")) for path, _, _ in copied.progress.advanced)


def test_without_a_name_everything_is_in_scope(copied: Workbench) -> None:
    assert resolve_scope(None, None, copied.ledger.read_model) == Scope()


def test_a_job_a_batch_and_the_beginning_of_a_batch_can_be_named(copied: Workbench, tmp_path: Path) -> None:
    other = copied.plan(copied.job("other", to=tmp_path / "other", sources=[copied.source / "a"]))
    copied.run(other)
    model = copied.ledger.read_model
    (job,) = model.jobs(other.id)
    assert resolve_scope(str(job.id), None, model) == Scope(batch=other.id, job=job.id)
    assert resolve_scope(other.id[:8], None, model) == Scope(batch=other.id)
    assert look(copied, Scope(batch=other.id)).checked == 1
    assert look(copied, Scope(batch=other.id, job=job.id)).checked == 1
    assert look(copied).checked == 4


@pytest.mark.parametrize(
    "text", ["elsewhere", "11111111-1111-4111-8111-111111111111", "ffffffffff"], ids=["path", "job", "batch"]
)
def test_what_this_ledger_does_not_know_is_not_found(copied: Workbench, text: str) -> None:
    with pytest.raises(NotFound, match=text):
        resolve_scope(text, RawPath(b"/elsewhere"), copied.ledger.read_model)


def test_a_job_of_another_ledger_is_verified_by_nobody(copied: Workbench) -> None:
    assert look(copied, Scope(job=JobId(copied.ledger.ledger))).checked == 0


def test_what_another_job_proved_again_is_still_read_for_the_batch_that_copied_it(copied: Workbench) -> None:
    inner = copied.job("second", to=copied.destination / "source", sources=[copied.source / "a"])
    os.utime(copy_of(copied, "a"), (1, 1))  # so that it is compared anew
    copied.run(copied.plan(inner))
    copy_of(copied, "a").write_bytes(b"EVIDENCE")
    result = look(copied, Scope(batch=copied.plan().id))
    assert result.checked == 3
    assert [one.path for one in result.changed] == [raw(copy_of(copied, "a"))]


def test_a_copy_that_two_jobs_of_a_batch_proved_is_read_once(bench: Workbench) -> None:
    bench.settings = RunSettings(sample_files=0)
    bench.write("a")
    plan = bench.plan(bench.job("one"), bench.job("two"))

    def age(report: Report) -> None:
        if isinstance(report, Listed) and bench.events(JobCompleted):
            os.utime(copy_of(bench, "a"), (1, 1))

    bench.hook = age
    bench.run(plan)
    assert len(bench.events(FileVerified)) == len(bench.events(FileSkipped)) == 1
    assert look(bench, Scope(batch=plan.id)).checked == 1
    assert [look(bench, Scope(job=job.id)).checked for job in bench.jobs(plan)] == [1, 1]


def test_a_folder_of_a_batch_can_be_looked_at_alone(copied: Workbench) -> None:
    assert look(copied, Scope(batch=copied.plan().id, folder=raw(copy_of(copied, "d")))).checked == 2


def test_a_destination_in_use_is_busy_before_anything_is_read(copied: Workbench) -> None:
    copied.lane.requests.clear()
    held = copied.open_destination(raw(copied.destination), create=False)
    with pytest.raises(Busy):
        look(copied)
    held.close()
    assert not copied.lane.requests
    assert not copied.events(CopyReverified)


def test_a_destination_in_use_elsewhere_does_not_matter_to_a_folder(copied: Workbench) -> None:
    other = copied.folder / "other"
    copied.run(copied.plan(copied.job("other", to=other)))
    held = copied.open_destination(raw(other), create=False)
    assert look(copied, Scope(folder=raw(copy_of(copied, "d")))).checked == 2
    held.close()


@pytest.mark.parametrize("refusal", [Busy("held"), Refused("not to be opened"), DestinationFailed("broken")])
def test_a_destination_that_cannot_be_searched_at_the_end_is_unreadable(
    copied: Workbench, refusal: CustodyError
) -> None:
    opened = []

    def refuse(destination: Destination) -> Destination:
        opened.append(destination)
        if len(opened) > 1:
            destination.close()
            raise refusal
        return destination

    copied.around_destination = refuse
    result = look(copied)
    assert [(one.path, one.message) for one in result.unreadable] == [(raw(copied.destination), refusal.what)]
    assert (result.checked, result.refuted) == (3, False)


def test_a_hang_in_a_look_without_record_is_told_and_not_recorded(copied: Workbench) -> None:
    hang_on(copied, "a")
    size = copied.ledger.size
    assert [one.path for one in look(copied, record=False).unreadable] == [raw(copy_of(copied, "a"))]
    assert copied.ledger.size == size


def test_every_job_of_a_batch_is_read_at_its_own_destination(bench: Workbench, tmp_path: Path) -> None:
    bench.write("a")
    plan = bench.plan(bench.job("one"), bench.job("two", to=tmp_path / "other"))
    bench.run(plan)
    assert look(bench, Scope(batch=plan.id)).checked == 2
