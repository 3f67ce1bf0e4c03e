"""The check of a whole job: the second walk, foreign entries, sums."""

import errno
import os
from collections.abc import Callable

import pytest

from custody.domain.copying.orders import Walk
from custody.domain.copying.reports import ListedEntry, ReadBack, Report
from custody.domain.events import CopyRefuted, InventoryChanged, InventoryTaken, JobFailed
from custody.domain.identifiers import Stream
from custody.domain.paths import RawPath
from custody.domain.use_cases.acquisition.final_check import FinalCheck
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.listing import Listing
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench, tree


def meanwhile(bench: Workbench, change: Callable[[], object]) -> None:
    """Change something once, when the first file was read back."""
    done = []

    def act(report: Report) -> None:
        if isinstance(report, ReadBack) and not done:
            done.append(report)
            change()

    bench.hook = act


def link_anew(bench: Workbench) -> None:
    (bench.source / "l").unlink()
    (bench.source / "l").symlink_to("elsewhere")


def replace_pipe(bench: Workbench) -> None:
    (bench.source / "pipe").unlink()
    (bench.source / "pipe").mkdir()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda bench: bench.write("new"), {(b"source/new", "appeared"), (b"source", "changed")}),
        (lambda bench: (bench.source / "b").unlink(), {(b"source/b", "vanished"), (b"source", "changed")}),
        (lambda bench: bench.write("b", b"longer content"), {(b"source/b", "changed")}),
        (lambda bench: bench.write("b", b"CONTENT", mtime=1_700_000_999), {(b"source/b", "changed")}),
        (lambda bench: (bench.source / "b").chmod(0o600), {(b"source/b", "changed")}),
        (lambda bench: (bench.source / "d").chmod(0o700), {(b"source/d", "changed")}),
        (link_anew, {(b"source/l", "changed"), (b"source", "changed")}),
        (replace_pipe, {(b"source/pipe", "changed"), (b"source", "changed")}),
    ],
    ids=["appeared", "vanished", "grown", "touched", "mode", "folder mode", "link", "another kind"],
)  # fmt: skip
def test_what_changed_at_the_source_during_the_copying_is_recorded(
    bench: Workbench, change: Callable[[Workbench], object], found: set[tuple[bytes, str]]
) -> None:
    bench.write("a")
    bench.write("b")
    (bench.source / "d").mkdir()
    (bench.source / "l").symlink_to("a")
    os.mkfifo(bench.source / "pipe")
    meanwhile(bench, lambda: change(bench))
    result = bench.run()
    assert result.status == "incomplete"
    assert {(one.path, one.change) for one in bench.events(InventoryChanged)} == found
    (failed,) = bench.events(JobFailed)
    assert f"{len(found)} differences between the first and the second walk" in failed.reason


def test_a_source_that_is_only_read_shows_no_difference(bench: Workbench) -> None:
    bench.write("a")
    before = tree(bench.source)
    assert bench.run().status == "completed"
    assert not bench.events(InventoryChanged)
    assert tree(bench.source) == before


def test_a_file_skipped_on_an_earlier_proof_is_not_said_to_have_changed(bench: Workbench) -> None:
    bench.write("a").chmod(0o640)
    bench.run()
    bench.write("b")
    meanwhile(bench, lambda: bench.write("c"))
    bench.run(bench.plan(bench.job("another")))
    assert {one.path for one in bench.events(InventoryChanged)} == {b"source/c", b"source"}


def test_a_walk_lost_between_two_changes_leaves_a_ledger_that_goes_on(bench: Workbench) -> None:
    for number in range(4):
        bench.write(f"d{number}/a")

    def grow() -> None:
        for number in range(4):
            bench.write(f"d{number}/new")

    meanwhile(bench, grow)
    plan = bench.plan(bench.job(sources=[bench.source / f"d{number}" for number in range(4)]))
    walks = []
    submit = bench.lane.submit

    def count(request: object) -> None:
        walks.append(isinstance(request, Walk))
        submit(request)
        if sum(walks) == 10:  # four of the inventory, four of the second walk, two of naming the changes
            bench.lane.silent = True

    bench.lane.submit = count
    result = bench.run(plan)
    assert result.status == "incomplete"
    (failed,) = bench.events(JobFailed)
    assert failed.reason == "the source did not answer while it was listed"
    assert len(bench.events(InventoryChanged)) == 2
    revisions = [one.revision for one in bench.recorded() if one.stream == Stream("job", result_job(bench))]
    assert revisions == list(range(1, len(revisions) + 1))


def test_a_change_that_was_undone_before_it_could_be_named_is_still_a_difference(bench: Workbench) -> None:
    bench.write("a")
    walks = []
    submit = bench.lane.submit

    def touch_and_undo(request: object) -> None:
        walks.append(isinstance(request, Walk))
        (bench.source / "a").chmod(0o600 if sum(walks) == 2 else 0o644)
        submit(request)

    bench.lane.submit = touch_and_undo
    assert bench.run().status == "incomplete"
    assert [(one.path, one.change) for one in bench.events(InventoryChanged)] == [(b"source", "changed")]


def test_what_could_not_be_listed_is_not_said_to_have_changed(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("d/a")
    bench.write("b")
    calls.trouble = failing("list", [b"d"], errno.EACCES)
    meanwhile(bench, lambda: bench.write("c"))
    bench.run()
    assert {one.path for one in bench.events(InventoryChanged)} == {b"source/c", b"source"}


def fail_to_list_again(bench: Workbench, calls: FaultyCalls, folder: bytes, code: int) -> None:
    """Let the source's folder fail in every walk but the first, and nothing at the destination."""
    walks = []
    submit = bench.lane.submit

    def begin(request: object) -> None:
        walks.append(isinstance(request, Walk))
        if sum(walks) > 1:
            calls.trouble = failing("list", [folder], code, times=1)
        submit(request)

    bench.lane.submit = begin


@pytest.mark.parametrize("contents", [["d/a", "d/e/b"], []], ids=["files", "nothing"])
def test_a_folder_that_cannot_be_listed_again_says_nothing_of_what_lies_in_it(
    bench: Workbench, calls: FaultyCalls, contents: list[str]
) -> None:
    bench.write("a")
    (bench.source / "d").mkdir()
    for path in contents:
        bench.write(path)
    fail_to_list_again(bench, calls, b"d", errno.EIO)
    assert bench.run().status == "incomplete"
    assert bench.events(InventoryChanged) == []
    (failed,) = bench.events(JobFailed)
    assert failed.reason == "1 folders could not be listed again"


def test_what_else_changed_is_recorded_beside_a_folder_that_cannot_be_listed_again(
    bench: Workbench, calls: FaultyCalls
) -> None:
    bench.write("d/a")
    bench.write("b")
    fail_to_list_again(bench, calls, b"d", errno.EACCES)
    meanwhile(bench, lambda: bench.write("b", b"longer content"))
    bench.run()
    assert {(one.path, one.change) for one in bench.events(InventoryChanged)} == {(b"source/b", "changed")}
    (failed,) = bench.events(JobFailed)
    assert failed.reason == (
        "1 differences between the first and the second walk of the sources; "
        "1 folders could not be listed again"
    )


def test_a_source_that_is_gone_at_the_second_walk_has_vanished(bench: Workbench) -> None:
    bench.write("d/a")
    meanwhile(bench, lambda: bench.source.rename(bench.folder / "elsewhere"))
    bench.run()
    vanished = {(path, "vanished") for path in (b"source", b"source/d", b"source/d/a")}
    assert {(one.path, one.change) for one in bench.events(InventoryChanged)} == vanished
    assert "could not be listed again" not in bench.events(JobFailed)[0].reason


def result_job(bench: Workbench) -> object:
    return bench.ledger.read_model.jobs(bench.ledger.read_model.batches()[0].batch)[0].id


def test_a_foreign_entry_in_a_folder_made_for_the_copy_is_recorded(bench: Workbench) -> None:
    bench.write("a")
    meanwhile(bench, lambda: (bench.destination / "source/stranger").write_bytes(b"?"))
    result = bench.run()
    assert result.status == "incomplete"
    assert [(one.path, one.finding) for one in bench.events(CopyRefuted)] == [(b"source/stranger", "extra")]
    assert bench.events(JobFailed)[0].reason == "1 foreign entries in folders made for the copy"


def test_a_foreign_entry_directly_in_a_destination_made_for_the_copy_is_recorded(bench: Workbench) -> None:
    bench.write("a")
    meanwhile(bench, lambda: (bench.destination / "stranger").write_bytes(b"?"))
    result = bench.run()
    assert result.status == "incomplete"
    assert [(one.path, one.finding) for one in bench.events(CopyRefuted)] == [(b"stranger", "extra")]


def test_a_later_run_still_knows_that_the_destination_was_made_for_the_job(bench: Workbench) -> None:
    bench.write("a")
    bench.run()
    (bench.destination / "stranger").write_bytes(b"?")
    assert bench.run().status == "incomplete"


def test_the_destination_of_an_inner_job_is_not_foreign(bench: Workbench) -> None:
    bench.write("a")
    bench.write("two/b")
    plan = bench.plan(bench.job("outer", sources=[bench.source / "a"]))
    bench.run(plan)
    bench.run(bench.plan(bench.job("inner", to=bench.destination / "x/y", sources=[bench.source / "two"])))
    assert bench.run(plan).status == "completed"


def test_the_same_foreign_entry_is_recorded_by_every_run_that_finds_it(bench: Workbench) -> None:
    bench.write("a")
    meanwhile(bench, lambda: (bench.destination / "source/stranger").write_bytes(b"?"))
    bench.run()
    bench.run()
    assert [one.finding for one in bench.events(CopyRefuted)] == ["extra", "extra"]


def test_what_lies_in_a_folder_that_was_there_before_is_not_foreign(bench: Workbench) -> None:
    bench.write("a")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/of others").write_bytes(b"?")
    (bench.destination / "beside").write_bytes(b"?")
    assert bench.run().status == "completed"


def test_the_copy_of_another_job_is_not_foreign(bench: Workbench) -> None:
    bench.write("one/a")
    bench.write("two/b")
    bench.run(bench.plan(bench.job("first")))
    inner = bench.job("second", to=bench.destination / "source", sources=[bench.source / "two"])
    bench.run(bench.plan(inner))
    assert bench.run(bench.plan(bench.job("first"))).status == "completed"


def test_a_bad_copy_that_was_put_aside_is_not_foreign_later(bench: Workbench) -> None:
    bench.write("a", b"evidence")
    bench.settings = RunSettings(sample_files=0)
    spoilt = []

    def spoil(report: Report) -> None:
        copy = bench.destination / "source/a"
        if copy.exists() and not spoilt:
            spoilt.append(copy.write_bytes(b"EVIDENCE"))

    bench.hook = spoil
    assert bench.run().refuted
    result = bench.run()
    assert (result.status, result.files.verified) == ("completed", 1)


def site(bench: Workbench) -> JobSite:
    (job,) = bench.jobs()
    return JobSite(
        id=job.id,
        run=1,
        destination_path=job.destination,
        destination=bench.open_destination(job.destination, create=False),
        algorithms=("sha256",),
    )


@pytest.mark.parametrize(
    ("wrong", "agrees"), [({}, True), ({"files": 2}, False), ({"bytes": 8}, False), ({"links": 1}, False)]
)
def test_the_outcomes_must_add_up_to_the_inventory(
    bench: Workbench, wrong: dict[str, int], agrees: bool
) -> None:
    from dataclasses import replace

    bench.write("a")
    bench.run()
    (inventory,) = bench.events(InventoryTaken)
    workshop, place = bench.workshop(), site(bench)
    feed = LaneFeed(bench.lane, bench.clock, bench.stop, bench.settings)
    check = FinalCheck(workshop, bench.jobs()[0], place, feed, Journal(bench.ledger))
    assert check.sums_agree(replace(inventory, **wrong)) is agrees
    place.destination.close()


def entry(**values: object) -> ListedEntry:
    facts = {
        "path": RawPath(b"x"), "kind": "file", "size": 1, "mtime_ns": 2, "atime_ns": 3, "ctime_ns": 4,
        "mode": 0o644, "uid": 0, "gid": 0, "device": 1, "inode": 1, "links": 1, "target": None,
    }  # fmt: skip
    return ListedEntry(**(facts | values))


def digest_of(*entries: ListedEntry) -> str:
    listing = Listing()
    for one in entries:
        listing.add(one)
    return listing.digest


@pytest.mark.parametrize(
    "change",
    [
        {"path": RawPath(b"y")}, {"kind": "fifo"}, {"size": 2}, {"mtime_ns": 3}, {"mode": 0o600},
        {"path": RawPath(b"\xff")},
    ],
)  # fmt: skip
def test_the_listing_s_digest_covers_what_a_copy_must_reproduce(change: dict[str, object]) -> None:
    assert digest_of(entry(**change)) != digest_of(entry())


@pytest.mark.parametrize("change", [{"atime_ns": 9}, {"ctime_ns": 9}, {"inode": 9}, {"uid": 9}, {"links": 9}])
def test_the_listing_s_digest_leaves_out_what_reading_or_moving_changes(change: dict[str, object]) -> None:
    assert digest_of(entry(**change)) == digest_of(entry())


def test_the_listing_s_digest_covers_the_target_of_a_link() -> None:
    one = entry(kind="link", target=RawPath(b"a"))
    assert digest_of(one) != digest_of(entry(kind="link", target=RawPath(b"b")))


def test_the_size_of_a_folder_is_its_file_system_s_affair() -> None:
    assert digest_of(entry(kind="directory", size=1)) == digest_of(entry(kind="directory", size=2))


def test_a_listing_counts_by_kind() -> None:
    listing = Listing()
    for one in (
        entry(size=5), entry(size=6), entry(kind="directory"), entry(kind="link"), entry(kind="fifo"),
        entry(kind="socket"),
    ):  # fmt: skip
        listing.add(one)
    assert (listing.files, listing.directories, listing.links, listing.special) == (2, 1, 1, 2)
    assert (listing.bytes, listing.unreadable) == (11, 0)
