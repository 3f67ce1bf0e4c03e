"""The fail loop: a fault at the first call of the engine, at the second, … until a whole run meets none."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from custody.domain.copying.orders import CopyItem, Operation, Request, Walk, Window
from custody.domain.copying.reports import Done, Failed, Flushed, Listed, ListingFailed, ReadBack, Report
from custody.domain.errors import CustodyError
from custody.domain.paths import RawPath
from custody.infrastructure.files.destination import open_destination
from custody.infrastructure.files.engine import CopyEngine
from tests.faults.evidence import FILES, dishonesties, items_for, make_destination, make_source, state_of
from tests.faults.faulty_calls import ERRNOS, PERVERSIONS, FaultyCalls

TMPFS = 0x01021994
ROUTES = {"shared flush": (1, 0xEF53), "own flushes": (100, 0xEF53), "no device": (1, TMPFS)}


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def run(calls: FaultyCalls, request: Request, share_from: int) -> list[Report]:
    engine = CopyEngine(calls, share_from=share_from, monotonic=lambda: 0.0)
    try:
        return list(engine.work(request))
    finally:
        engine.close()


def points(
    tmp_path: Path, kind: str, route: str
) -> Iterator[tuple[FaultyCalls, Path, Path, tuple[CopyItem, ...]]]:
    source = make_source(tmp_path / "source")
    k = 1
    while True:  # the last run meets no fault
        destination = make_destination(tmp_path / f"destination-{k}")
        calls = FaultyCalls(k, kind, filesystem=ROUTES[route][1])
        yield calls, source, destination, items_for(source, destination)
        shutil.rmtree(destination)
        if not calls.met:
            print(f"{kind}, {route}: {k - 1} fault points, 0 false good")
            return
        k += 1


@pytest.mark.fault
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", [*ERRNOS, *PERVERSIONS])
def test_a_copy_is_proved_or_failed_and_never_both(tmp_path: Path, kind: str, route: str) -> None:
    before = open_descriptors()
    source_state = None
    for calls, source, destination, items in points(tmp_path, kind, route):
        source_state = source_state or state_of(source)

        reports = run(calls, Window(items), ROUTES[route][0])

        where = f"call {calls.k}: {calls.met or 'none'}"
        assert dishonesties(items, reports, destination) == [], where
        assert isinstance(reports[-1], Done), where
        assert state_of(source) == source_state, where
    assert open_descriptors() == before


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["EIO", "ENOSPC", "EROFS", "ENODEV"])
def test_a_disk_that_fails_from_some_call_on_gives_no_false_good(tmp_path: Path, kind: str) -> None:
    before = open_descriptors()
    for calls, _, destination, items in points(tmp_path, kind, "shared flush"):
        calls.persistent = True

        reports = run(calls, Window(items), 1)

        # What was published just before the disk died may still stand there: nothing could remove it.
        assert dishonesties(items, reports, destination, torn_down=False) == [], f"call {calls.k}"
    assert open_descriptors() == before


@pytest.mark.fault
@pytest.mark.parametrize("kind", [*ERRNOS, "eof", "short"])
def test_one_fault_leaves_at_most_one_file_failed(tmp_path: Path, kind: str) -> None:
    for calls, _, _, items in points(tmp_path, kind, "own flushes"):
        failures = [report for report in run(calls, Window(items), 100) if isinstance(report, Failed)]

        shared = 2 if calls.met in {"fsync", "open", "fstat"} else 1
        assert len(failures) <= shared, f"call {calls.k}: {failures}"


@pytest.mark.fault
@pytest.mark.parametrize("kind", [*ERRNOS, *PERVERSIONS])
def test_a_standing_file_is_adopted_or_left_alone(tmp_path: Path, kind: str) -> None:
    before = open_descriptors()
    for calls, _, destination, items in points(tmp_path, kind, "own flushes"):
        run(FaultyCalls(), Window(items), 1)
        standing = state_of(destination)

        reports = run(calls, Window(tuple(replace(i, operation=Operation.ADOPT) for i in items)), 1)

        assert dishonesties(items, reports, destination, torn_down=False) == [], f"call {calls.k}"
        assert state_of(destination) == standing, f"call {calls.k}"
    assert open_descriptors() == before


@pytest.mark.fault
@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("kind", [*ERRNOS, *PERVERSIONS])
def test_a_later_read_back_never_calls_a_damaged_copy_good(tmp_path: Path, kind: str, damaged: bool) -> None:
    before = open_descriptors()
    for calls, _, destination, items in points(tmp_path, kind, "own flushes"):
        proofs = {
            report.transfer: report.digests
            for report in run(FaultyCalls(), Window(items), 1)
            if isinstance(report, ReadBack)
        }
        if damaged:
            for path in FILES:
                with open(os.path.join(os.fsencode(destination), path), "ab") as opened:
                    opened.write(b"!")
        standing = state_of(destination)
        again = tuple(
            replace(i, operation=Operation.READ_BACK, expected=proofs[i.transfer], temporary=b"")
            for i in items
        )

        reports = run(calls, Window(again), 1)

        good = [report for report in reports if isinstance(report, ReadBack)]
        bad = [report for report in reports if isinstance(report, Failed)]
        assert len(good) + len(bad) == len(items), f"call {calls.k}"
        assert not (damaged and good), f"call {calls.k}"
        assert state_of(destination) == standing, f"call {calls.k}"
    assert open_descriptors() == before


def listed(reports: Sequence[Report]) -> set[bytes]:
    return {entry.path for report in reports if isinstance(report, Listed) for entry in report.entries}


@pytest.mark.fault
@pytest.mark.parametrize("kind", ERRNOS)
def test_a_listing_is_complete_or_says_where_it_is_not(tmp_path: Path, kind: str) -> None:
    source = make_source(tmp_path / "source")
    request = Walk(RawPath(os.fsencode(source)), b"case")
    whole = listed(run(FaultyCalls(), request, 1))
    before, k = open_descriptors(), 0
    while True:
        k += 1
        calls = FaultyCalls(k, kind)
        reports = run(calls, request, 1)
        failed = [report.path for report in reports if isinstance(report, ListingFailed)]
        missing = whole - listed(reports)
        assert all(any(path == f or path.startswith(f + b"/") for f in failed) for path in missing), k
        if len(calls.trace) < k:
            break
    assert not missing
    assert k > 10
    assert open_descriptors() == before


@pytest.mark.fault
@pytest.mark.parametrize("kind", ERRNOS)
def test_work_on_the_destination_succeeds_or_raises_one_of_our_errors(tmp_path: Path, kind: str) -> None:
    before, k = open_descriptors(), 0
    while True:
        k += 1
        calls = FaultyCalls(k, kind)
        root = tmp_path / f"destination-{k}"
        finished = False
        try:
            destination = open_destination(calls, os.fsencode(root / "deep"), create=True)
            try:
                with destination.flushing_together():
                    destination.make_folder(b"case")
                    destination.make_link(b"case/link", b"target", 1_500_000_000_000_000_000)
                destination.finish_folder(b"case", mode=0o750, mtime_ns=1_500_000_000_000_000_000)
                destination.remove_temporary(b"case/file", b".custody-0.1.part")
                finished = sorted(destination.names(b"case")) == [b"link"]
            finally:
                destination.close()
        except CustodyError:
            pass
        else:
            assert finished
            assert os.readlink(root / "deep" / "case" / "link") == "target"
            assert os.stat(root / "deep" / "case").st_mtime_ns == 1_500_000_000_000_000_000
        if len(calls.trace) < k:
            break
    assert finished
    assert k > 20
    assert open_descriptors() == before


@pytest.mark.fault
def test_nothing_is_claimed_before_it_was_flushed(tmp_path: Path) -> None:
    """The order that survives a power cut, seen from the outside."""
    for route, (share_from, filesystem) in ROUTES.items():
        source = make_source(tmp_path / route / "source")
        destination = make_destination(tmp_path / route / "destination")
        calls = FaultyCalls(filesystem=filesystem)
        engine = CopyEngine(calls, share_from=share_from, monotonic=lambda: 0.0)
        for report in engine.work(Window(items_for(source, destination))):
            if isinstance(report, Flushed):
                calls.trace.append("CLAIM")
        engine.close()
        trace = calls.trace
        flush = {"syncfs", "fsync"}
        last_write = max(i for i, name in enumerate(trace) if name in {"write", "utime", "fchmod"})
        names = [i for i, name in enumerate(trace) if name in {"rename_noreplace", "link"}]
        claims = [i for i, name in enumerate(trace) if name == "CLAIM"]

        assert len(claims) == len(FILES), route
        assert flush & set(trace[last_write : names[0]]), route
        assert flush & set(trace[names[-1] : claims[0]]), route
