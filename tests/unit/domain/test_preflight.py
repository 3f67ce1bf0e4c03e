"""The look before the work: every obstacle is found and nothing is written."""

import errno
import itertools
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from custody.cli.exit_codes import ExitCode
from custody.cli.surveys import survey_answer
from custody.domain.copying.plan import JobPlan
from custody.domain.copying.reports import Began, Done, Probed, Report
from custody.domain.paths import RawPath
from custody.domain.ports import LaneDied, Room
from custody.domain.use_cases.batches import preflight
from custody.domain.use_cases.batches.estimate import estimate_seconds
from custody.domain.use_cases.batches.places import place_problems
from custody.domain.use_cases.batches.preflight import Obstacles, Survey, look_at_places, survey
from custody.domain.use_cases.lane_feed import Interrupted
from custody.infrastructure.files.inspector import FileInspector
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.lanes import ScriptedLane
from tests.fakes.workbench import Workbench, tree


@dataclass
class RoomyInspector(FileInspector):
    """The real inspector, on a disk of a made-up size."""

    free_bytes: int = 1 << 40
    free_inodes: int | None = None

    def __post_init__(self) -> None:
        super().__init__(LinuxFileCalls())

    def room(self, destination: RawPath) -> tuple[int, Room]:
        return super().room(destination)[0], Room(self.free_bytes, self.free_inodes)


def surveyed(bench: Workbench, *jobs: JobPlan, inspector: RoomyInspector | None = None) -> Survey:
    return survey(bench.plan(*jobs), bench.surveyor(inspector or RoomyInspector()))


def problems(bench: Workbench, *jobs: JobPlan, inspector: RoomyInspector | None = None) -> tuple[str, ...]:
    before = (bench.ledger.size, tree(bench.folder / "source"), tree_of(bench.destination))
    with pytest.raises(Obstacles) as found:
        surveyed(bench, *jobs, inspector=inspector)
    assert (bench.ledger.size, tree(bench.folder / "source"), tree_of(bench.destination)) == before
    return found.value.problems


def tree_of(folder: Path) -> object:
    return tree(folder) if folder.is_dir() else None


def test_a_survey_says_what_there_is_to_do_and_makes_nothing(bench: Workbench) -> None:
    bench.write("a", b"12345")
    bench.write("d/b", b"123")
    (bench.source / "l").symlink_to("a")
    os.mkfifo(bench.source / "pipe")
    found = surveyed(bench)
    assert (found.files, found.bytes, found.directories, found.links, found.special, found.present) == (
        2, 8, 2, 1, 1, 0,
    )  # fmt: skip
    assert [(job.name, job.files, job.bytes) for job in found.jobs] == [("Camera 1", 2, 8)]
    assert not bench.destination.exists()


def test_what_cannot_be_listed_is_told_and_no_obstacle(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("d/a")
    bench.write("e/b")
    bench.write("c")
    calls.trouble = failing("list", [b"d", b"e"], errno.EIO)
    found = surveyed(bench)
    assert found.files == 1
    assert found.unlisted == tuple(
        f"{bench.source / name} cannot be listed: Input/output error" for name in "de"
    )
    said = survey_answer(bench.plan(), found, None)
    assert (said.code, said.verdict.split()[0]) == (ExitCode.INCOMPLETE, "INCOMPLETE")
    assert said.fields["unlisted"] == list(found.unlisted)


def test_what_this_ledger_proved_needs_no_copying(bench: Workbench) -> None:
    bench.write("a", b"12345")
    bench.run()
    bench.write("b", b"123")
    bench.lane.requests.clear()
    found = surveyed(bench)
    assert (found.files, found.bytes, found.present) == (1, 3, 1)
    assert not [request for request in bench.lane.requests if hasattr(request, "items")]


def test_an_equal_file_of_others_is_compared_and_needs_no_copying(bench: Workbench) -> None:
    bench.write("a", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"same")
    found = surveyed(bench)
    assert (found.files, found.present) == (0, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"SAME", "the same size, but other content"), (b"longer", "6 bytes there, 4 bytes at the source")],
)
def test_a_different_file_that_stands_there_is_an_obstacle(
    bench: Workbench, content: bytes, words: str
) -> None:
    bench.write("a", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(content)
    (problem,) = problems(bench)
    assert problem == f"{bench.destination}/source/a exists and differs from the source: {words}"


def test_a_copy_of_this_ledger_whose_source_changed_is_an_obstacle(bench: Workbench) -> None:
    bench.write("a", b"first!")
    bench.run()
    bench.write("a", b"second", mtime=1_700_000_100)
    (problem,) = problems(bench)
    assert "exists and differs" in problem


def test_a_copy_that_was_refuted_is_compared_anew(bench: Workbench) -> None:
    from custody.domain.use_cases.verification.verify_copies import Scope, verify

    bench.write("a", b"same")
    bench.run()
    copy = bench.destination / "source/a"
    copy.write_bytes(b"SAME")
    os.utime(copy, (1_700_000_000, 1_700_000_000))
    verify(bench.workshop(), Scope(), record=True)
    (problem,) = problems(bench)
    assert "other content" in problem


def test_only_so_much_is_compared_before_the_run(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MAX_COMPARED_BYTES", 5)
    (bench.destination / "source").mkdir(parents=True)
    for name in "ab":
        bench.write(name, b"same")
        (bench.destination / "source" / name).write_bytes(b"SAME")
    assert len(problems(bench)) == 1


@pytest.mark.parametrize("kind", ["folder", "link", "other link"])
def test_something_else_under_the_name_of_a_copy_is_an_obstacle(bench: Workbench, kind: str) -> None:
    (bench.destination / "source").mkdir(parents=True)
    there = bench.destination / "source/a"
    if kind == "folder":
        bench.write("a")
        there.mkdir()
    elif kind == "link":
        bench.write("a")
        there.symlink_to("b")
    else:
        (bench.source / "a").symlink_to("x")
        there.symlink_to("b")
    (problem,) = problems(bench)
    assert f"a {'directory' if kind == 'folder' else 'link'} stands there" in problem


def test_a_folder_and_a_link_that_are_as_they_should_be_are_no_obstacle(bench: Workbench) -> None:
    (bench.destination / "source/d").mkdir(parents=True)
    (bench.source / "d").mkdir()
    for folder in (bench.source, bench.destination / "source"):
        (folder / "l").symlink_to("x")
    assert surveyed(bench).present == 0


def test_every_obstacle_is_listed_at_once(bench: Workbench) -> None:
    (bench.destination / "source").mkdir(parents=True)
    for name in "abc":
        bench.write(name, b"same")
        (bench.destination / "source" / name).write_bytes(b"other")
    with pytest.raises(Obstacles, match=r"\(and 2 more\)") as found:
        surveyed(bench)
    assert len(found.value.problems) == 3


def test_a_disk_that_is_too_small_is_an_obstacle(bench: Workbench) -> None:
    bench.write("a", b"x" * 1000)
    (problem,) = problems(bench, inspector=RoomyInspector(free_bytes=9201))
    assert problem == f"not enough space at {bench.destination}: 9,202 bytes needed, 9,201 free"
    assert surveyed(bench, inspector=RoomyInspector(free_bytes=9202)).files == 1


def test_two_jobs_on_one_disk_need_their_room_together(bench: Workbench, tmp_path: Path) -> None:
    bench.write("a", b"x" * 1000)
    jobs = [bench.job("one", to=tmp_path / "1"), bench.job("two", to=tmp_path / "2")]
    assert len(problems(bench, *jobs, inspector=RoomyInspector(free_bytes=10_000))) == 1


@pytest.mark.parametrize(("inodes", "fits"), [(2, False), (3, True), (None, True)])
def test_a_disk_that_takes_too_few_files_is_an_obstacle(
    bench: Workbench, inodes: int | None, fits: bool
) -> None:
    bench.write("a")
    bench.write("b")
    inspector = RoomyInspector(free_inodes=inodes)
    if fits:
        assert surveyed(bench, inspector=inspector).files == 2
    else:
        (problem,) = problems(bench, inspector=inspector)
        assert problem == f"not enough room for files at {bench.destination}: 3 are needed, 2 are free"


def test_room_is_needed_for_new_folders_and_links_and_told(bench: Workbench) -> None:
    bench.write("d/a", b"x" * 1000)
    bench.destination.mkdir()
    (bench.source / "link").symlink_to("d")
    inspector = RoomyInspector(free_bytes=1_000_000, free_inodes=500)

    (before,) = surveyed(bench, inspector=inspector).rooms
    (bench.destination / "source/d").mkdir(parents=True)
    (after,) = surveyed(bench, inspector=inspector).rooms

    assert (before.needed_bytes, before.needed_inodes) == (1010 + 4 * 4096, 4)
    assert (before.free_bytes, before.free_inodes) == (1_000_000, 500)
    assert after.needed_inodes == 2


def test_one_percent_more_entries_than_there_are_must_fit(bench: Workbench) -> None:
    for number in range(99):
        bench.write(f"{number}")
    (room,) = surveyed(bench).rooms
    assert room.needed_inodes == 101


def test_a_source_that_does_not_answer_is_an_obstacle(bench: Workbench) -> None:
    bench.write("a")
    bench.lane.silent = True
    (problem,) = problems(bench)
    assert problem == "a source did not answer while it was listed (stalled)"


def test_a_request_to_stop_ends_the_survey(bench: Workbench) -> None:
    bench.write("a")
    bench.stop.signal = "SIGINT"
    bench.lane.silent = True
    with pytest.raises(Interrupted):
        surveyed(bench)


def test_a_file_that_cannot_be_compared_now_is_left_to_the_run(bench: Workbench, calls: FaultyCalls) -> None:
    bench.write("a", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"SAME")
    calls.trouble = failing("readv", [b"a"], errno.EIO)
    assert surveyed(bench).present == 1


def test_the_destination_is_let_go_after_the_survey(bench: Workbench) -> None:
    bench.write("a")
    bench.destination.mkdir()
    surveyed(bench)
    bench.open_destination(RawPath(os.fsencode(bench.destination)), create=False).close()


def places(bench: Workbench, **changes: object) -> list[str]:
    from dataclasses import replace

    return list(place_problems([replace(bench.job(), **changes)], RoomyInspector()))


def raw(path: Path) -> RawPath:
    return RawPath(os.fsencode(path))


def test_good_places_have_no_problems(bench: Workbench) -> None:
    file = bench.write("a")
    assert places(bench, sources=(raw(bench.source), raw(file))) == []


def test_a_missing_source_a_link_and_a_device_are_problems(bench: Workbench) -> None:
    (bench.folder / "link").symlink_to(bench.source)
    sources = (raw(bench.folder / "nothing"), raw(bench.folder / "link"), RawPath(b"/dev/null"))
    assert places(bench, sources=sources) == [
        f"there is no source {bench.folder}/nothing",
        f"the source {bench.folder}/link is a symbolic link; name its target",
        "the source /dev/null is a character-device, neither file nor folder",
    ]


def test_a_destination_within_the_source_and_the_reverse_are_problems(bench: Workbench) -> None:
    (bench.source / "inner").mkdir()
    assert places(bench, destination=raw(bench.source / "inner/new")) == [
        f"the destination {bench.source}/inner/new lies inside the source {bench.source}"
    ]
    assert places(bench, destination=raw(bench.folder)) == [
        f"the source {bench.source} lies inside the destination {bench.folder}"
    ]


def test_a_destination_reached_through_a_link_is_still_within_the_source(bench: Workbench) -> None:
    (bench.folder / "door").symlink_to(bench.source)
    (problem,) = places(bench, destination=raw(bench.folder / "door/new"))
    assert "lies inside the source" in problem


def test_a_file_among_the_sources_may_lie_beside_the_destination_but_not_in_it(bench: Workbench) -> None:
    file = bench.write("a")
    (problem,) = places(bench, sources=(raw(file),), destination=raw(bench.source))
    assert "lies inside the destination" in problem
    assert places(bench, sources=(raw(file),), destination=raw(bench.source / "new")) == []


def test_a_destination_that_is_no_folder_is_a_problem(bench: Workbench) -> None:
    bench.destination.write_bytes(b"")
    assert places(bench) == [f"the destination {bench.destination} is not a folder"]


def test_the_places_of_all_jobs_are_looked_at(bench: Workbench, tmp_path: Path) -> None:
    jobs = [bench.job(str(number), sources=[tmp_path / f"no{number}"]) for number in range(3)]
    with pytest.raises(Obstacles) as found:
        look_at_places(bench.plan(*jobs), bench.surveyor(RoomyInspector()))
    assert len(found.value.problems) == 3


def test_an_unfinished_batch_whose_places_are_good_may_go_on(bench: Workbench) -> None:
    bench.write("a")
    look_at_places(bench.plan(), bench.surveyor(RoomyInspector()))


def test_a_stop_while_comparing_ends_the_survey(bench: Workbench) -> None:
    bench.write("a", b"same")
    (bench.destination / "source").mkdir(parents=True)
    (bench.destination / "source/a").write_bytes(b"same")

    def stop(report: Report) -> None:
        if isinstance(report, Began):
            bench.stop.signal = "SIGTERM"
            bench.lane.silent = True

    bench.hook = stop
    with pytest.raises(Interrupted):
        surveyed(bench)


def test_no_job_may_write_into_a_source_of_another(bench: Workbench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    inside = bench.job("two", to=bench.source / "sub", sources=[elsewhere])

    problems = list(place_problems([bench.job("one"), inside], FileInspector(LinuxFileCalls())))

    assert len(problems) == 1
    assert "lies inside the source" in problems[0]


@dataclass
class BlindInspector(RoomyInspector):
    """One that sees through no mount; the destination is what the walk will meet in the source."""

    met: Path = Path("/")

    def contains(self, outer: RawPath, inner: RawPath) -> bool:
        return False

    def lineage(self, path: RawPath) -> frozenset[tuple[int, int]]:
        status = self.met.stat()
        return frozenset({(status.st_dev, status.st_ino)})


def test_a_destination_that_the_walk_meets_in_the_source_is_an_obstacle(bench: Workbench) -> None:
    bench.write("d/e/a")
    (problem,) = problems(bench, inspector=BlindInspector(met=bench.source / "d"))

    assert problem == (f"the destination {bench.destination} lies inside the source, at {bench.source / 'd'}")


def test_reading_is_estimated_by_the_largest_file_of_each_source(bench: Workbench) -> None:
    for name, size in (("one/small", 10), ("one/large", 1000), ("two/a", 3000), ("three/present", 5)):
        bench.write(name, bytes(size))
    (bench.destination / "three").mkdir(parents=True)
    (bench.destination / "three" / "present").write_bytes(bytes(5))
    sources = [bench.source / name for name in ("one", "two", "three")]
    found = surveyed(bench, bench.job(sources=sources))

    assert [(need.source, need.bytes, need.largest.path) for need in found.reading] == [
        (os.fsencode(bench.source / "one"), 1010, b"one/large"),
        (os.fsencode(bench.source / "two"), 3000, b"two/a"),
    ]
    ticks = itertools.count()
    bench.clock.monotonic = lambda: next(ticks) / 100  # type: ignore[method-assign]  # reading takes time
    bench.lane.close()
    bench.new_lane()
    seconds = estimate_seconds(found.reading, found.rooms, bench.surveyor(RoomyInspector()))
    assert seconds is not None
    assert 0 < seconds < 60


def probing(bench: Workbench, *reports: Report | Exception | None) -> float | None:
    bench.write("one", bytes(1000))
    bench.write("two", bytes(3000))
    jobs = [bench.job(sources=[bench.source / name for name in ("one", "two")])]
    found = surveyed(bench, *jobs)
    surveyor = replace(bench.surveyor(RoomyInspector()), lane=ScriptedLane(bench.clock, reports))
    return estimate_seconds(found.reading, found.rooms, surveyor)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ((Probed(300, 2.0), Probed(100, 1.0), Done()), 30.0),
        ((Probed(300, 2.0), Probed(0, 1.0), Done()), 20.0 + 1000 * 2 / 300),
        ((Probed(0, 2.0), Probed(0, 1.0), Done()), None),
        ((Probed(300, 2.0), LaneDied()), 20.0 + 1000 * 2 / 300),
    ],
)
def test_an_estimate_goes_by_what_was_read_where_nothing_could_be_written(
    bench: Workbench, read: tuple[Report | Exception, ...], expected: float | None
) -> None:
    seconds = probing(bench, *read, Probed(0, 0.0), Done())

    assert seconds == (None if expected is None else pytest.approx(expected))


def test_the_slower_of_reading_and_writing_decides(bench: Workbench) -> None:
    needed = 4000 + 40 + 2 * 4096  # with the margin, and what two entries take
    read = (Probed(300, 2.0), Probed(100, 1.0), Done())

    assert probing(bench, *read, Probed(100, 2.0), Done()) == pytest.approx(needed / 50)
    assert probing(bench, *read, Probed(1 << 20, 1.0), Done()) == 30.0
    assert probing(bench, Probed(0, 2.0), Probed(0, 1.0), Done(), Probed(100, 2.0), Done()) == needed / 50


def test_nothing_to_copy_takes_no_time(bench: Workbench) -> None:
    (bench.source / "d").mkdir()

    assert estimate_seconds((), (), bench.surveyor(RoomyInspector())) == 0.0


def test_a_stop_ends_the_probe(bench: Workbench) -> None:
    bench.write("one", bytes(1000))
    found = surveyed(bench)
    bench.lane.silent = True
    bench.stop.signal = "SIGINT"

    with pytest.raises(Interrupted):
        estimate_seconds(found.reading, found.rooms, bench.surveyor(RoomyInspector()))
