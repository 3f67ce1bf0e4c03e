"""The fail loops again, over the threads of large files: a fault at each call of each thread."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.copying.reports import Done, Failed, Marked, ReadBack, Report
from custody.infrastructure.files.engine import CopyEngine
from tests.faults.evidence import (
    FILES,
    contents,
    dishonesties,
    items_for,
    make_destination,
    make_source,
    state_of,
)
from tests.faults.faulty_calls import ERRNOS, PERVERSIONS, ROLES, FaultyCalls, ThreadFaults
from tests.faults.large_files import CAMERA, TINY, false_marks, interrupted

KINDS = [*ERRNOS, *PERVERSIONS]
Items = tuple[CopyItem, ...]


def run(calls: FaultyCalls, items: Items) -> list[Report]:
    engine = CopyEngine(calls, monotonic=lambda: 0.0, large=TINY)
    try:
        return list(engine.work(Window(items)))
    finally:
        engine.close()


def points(
    folder: Path, kind: str, make: Callable[[Path, Path], Items]
) -> Iterator[tuple[ThreadFaults, Items, Path]]:
    """Every call of every thread, and that nothing was left open or running by any of them."""
    source, total = make_source(folder / "source"), 0
    before = (set(os.listdir("/proc/self/fd")), threading.active_count(), state_of(source))
    for role in ROLES:
        k, met = 0, True
        while met:
            k += 1
            destination = make_destination(folder / f"destination-{role}-{k}")
            calls = ThreadFaults(role, k, kind)
            yield calls, make(source, destination), destination
            shutil.rmtree(destination)
            met = bool(calls.met)
            assert calls.trace, f"no call of {role}"
        total += k - 1
    assert total
    print(f"{kind}: {total} fault points, 0 false good")
    assert (set(os.listdir("/proc/self/fd")), threading.active_count(), state_of(source)) == before


def where(calls: ThreadFaults) -> str:
    return f"{calls.kind} at call {calls.k} of {calls.role}: {calls.met}"


def temporaries(destination: Path) -> list[bytes]:
    return [path for path in contents(destination) if b".part" in path]


@pytest.mark.fault
@pytest.mark.parametrize("kind", KINDS)
def test_a_large_copy_is_proved_or_failed_and_never_both(quick_folder: Path, kind: str) -> None:
    for calls, items, destination in points(quick_folder, kind, items_for):
        reports = run(calls, items)

        assert dishonesties(items, reports, destination) == [], where(calls)
        assert false_marks(items, reports) == [], where(calls)
        assert isinstance(reports[-1], Done), where(calls)
        if calls.met != "unlink":
            assert temporaries(destination) == [], where(calls)


@pytest.mark.fault
@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_copy_is_proved_or_failed_and_never_both(quick_folder: Path, kind: str) -> None:
    def make(source: Path, destination: Path) -> Items:
        return (interrupted(source, destination),)

    for calls, items, destination in points(quick_folder, kind, make):
        reports = run(calls, items)

        assert dishonesties(items, reports, destination) == [], where(calls)
        assert false_marks(items, reports) == [], where(calls)


@pytest.mark.fault
@pytest.mark.parametrize("kind", [*ERRNOS, "eof"])
def test_one_fault_fails_at_most_one_large_file(quick_folder: Path, kind: str) -> None:
    for calls, items, _ in points(quick_folder, kind, items_for):
        failures = [report for report in run(calls, items) if isinstance(report, Failed)]

        assert len(failures) <= 1, where(calls)


@pytest.mark.fault
@pytest.mark.parametrize("operation", [Operation.ADOPT, Operation.READ_BACK])
@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("kind", ["EIO", "EINVAL", "EMFILE", *PERVERSIONS])
def test_a_large_standing_copy_is_never_called_good_when_damaged(
    quick_folder: Path, kind: str, damaged: bool, operation: Operation
) -> None:
    source = make_source(quick_folder / "source")
    for role in ("main", "hashing reader"):
        k, met = 0, True
        while met:
            k += 1
            destination = make_destination(quick_folder / f"destination-{role}-{k}")
            items = items_for(source, destination)
            good = [r for r in run(FaultyCalls(), items) if isinstance(r, ReadBack)]
            proofs = {report.transfer: report.digests for report in good}
            items = tuple(replace(i, operation=operation, expected=proofs[i.transfer]) for i in items)
            if damaged:
                damage(destination)
            calls = ThreadFaults(role, k, kind)
            reports = run(calls, items)
            met = bool(calls.met)

            wrong = dishonesties(items, reports, destination, torn_down=False)
            assert [w for w in wrong if not (damaged and repr(CAMERA) in w)] == [], where(calls)
            ended = [r for r in reports if isinstance(r, ReadBack)]
            assert not damaged or camera_of(items).transfer not in {r.transfer for r in ended}, where(calls)
            shutil.rmtree(destination)
            assert calls.trace, f"no call of {role}"


def damage(destination: Path) -> None:
    with open(destination / os.fsdecode(CAMERA), "r+b") as opened:
        opened.seek(100_000)
        opened.write(b"!!")


def camera_of(items: Items) -> CopyItem:
    (camera,) = [item for item in items if item.path == CAMERA]
    return camera


def test_the_loops_go_through_marks_and_all_threads(quick_folder: Path) -> None:
    source, destination = make_source(quick_folder / "source"), make_destination(quick_folder / "destination")
    counts = {}
    for role in ROLES:
        calls = ThreadFaults(role)
        reports = run(calls, items_for(source, destination))
        counts[role] = len(calls.trace)
        shutil.rmtree(destination)
        make_destination(destination)

    assert [r.size for r in reports if isinstance(r, Marked)] == [65_536, 131_072, 196_608]
    assert all(count > 20 for count in counts.values()), counts
    assert len(FILES[CAMERA]) == 200_000
