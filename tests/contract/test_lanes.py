"""What any lane must do; run against the real process and against the one that tests use."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.domain.copying.orders import Walk, Window
from custody.domain.copying.reports import Began, Done, Failed, Flushed, Listed, ReadBack, Report
from custody.domain.errors import Halted
from custody.domain.paths import RawPath
from custody.domain.ports import LaneDied
from custody.infrastructure.files.lane import ProcessLane
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from tests.contract.inline_lane import InlineLane
from tests.faults.evidence import FILES, contents, items_for, make_destination, make_source

PATIENCE_SECONDS = 20.0


@pytest.fixture(params=[ProcessLane, lambda: InlineLane(LinuxFileCalls())], ids=["process", "inline"])
def lane(request: pytest.FixtureRequest) -> Iterator[ProcessLane]:
    lane = request.param()
    yield lane
    lane.close()


@pytest.fixture
def process_lane() -> Iterator[ProcessLane]:
    lane = ProcessLane()
    yield lane
    lane.close()


def hear(lane: ProcessLane) -> list[Report]:
    """All reports up to and with the next Done."""
    reports: list[Report] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        report = lane.report(0.2)
        if report is not None:
            reports.append(report)
        if isinstance(report, Done):
            return reports
    raise AssertionError(f"no Done within {PATIENCE_SECONDS} s after {reports[-3:]}")


def site(tmp_path: Path) -> tuple[Path, Path]:
    return make_source(tmp_path / "source"), make_destination(tmp_path / "destination")


def test_a_window_is_copied_and_read_back(tmp_path: Path, lane: ProcessLane) -> None:
    source, destination = site(tmp_path)
    items = items_for(source, destination)
    lane.submit(Window(items))

    reports = hear(lane)

    assert contents(destination) == FILES
    every = {item.transfer for item in items}
    for kind in (Flushed, ReadBack):
        assert {report.transfer for report in reports if isinstance(report, kind)} == every
    # Of those that ended before it could be said, a process need not say that they began.
    assert {report.transfer for report in reports if isinstance(report, Began)} <= every


def test_of_each_file_it_says_flushed_before_read_back(tmp_path: Path, lane: ProcessLane) -> None:
    lane.submit(Window(items_for(*site(tmp_path))))

    reports = hear(lane)

    for report in [report for report in reports if isinstance(report, ReadBack)]:
        flushed = [
            i for i, r in enumerate(reports) if isinstance(r, Flushed) and r.transfer == report.transfer
        ]
        assert len(flushed) == 1
        assert flushed[0] < reports.index(report)


def test_two_requests_under_way_are_answered_in_order(tmp_path: Path, lane: ProcessLane) -> None:
    source, destination = site(tmp_path)
    lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
    lane.submit(Window(items_for(source, destination)))

    first, second = hear(lane), hear(lane)

    assert [type(report) for report in first] == [Listed, Done]
    assert sum(isinstance(report, ReadBack) for report in second) == len(FILES)


def test_a_file_that_fails_does_not_stop_the_others(tmp_path: Path, lane: ProcessLane) -> None:
    source, destination = site(tmp_path)
    items = items_for(source, destination)
    os.unlink(os.path.join(os.fsencode(source), items[1].path))
    lane.submit(Window(items))

    reports = hear(lane)

    assert [r.error for r in reports if isinstance(r, Failed)] == ["vanished"]
    assert sum(isinstance(report, ReadBack) for report in reports) == len(FILES) - 1


def test_silence_is_none_after_the_timeout(lane: ProcessLane) -> None:
    began = time.monotonic()

    assert lane.report(0.05) is None
    assert time.monotonic() - began < 5


def test_a_replaced_lane_forgets_what_was_under_way_and_works_on(tmp_path: Path, lane: ProcessLane) -> None:
    source, destination = site(tmp_path)
    lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
    lane.replace()
    lane.submit(Window(items_for(source, destination)))

    reports = hear(lane)

    assert not any(isinstance(report, Listed) for report in reports)
    assert contents(destination) == FILES


def test_the_death_of_the_process_is_told(process_lane: ProcessLane) -> None:
    os.kill(process_lane.pid, signal.SIGKILL)

    with pytest.raises(LaneDied):
        hear(process_lane)


def test_what_was_said_before_the_death_is_heard_first(tmp_path: Path, process_lane: ProcessLane) -> None:
    source, _ = site(tmp_path)
    process_lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
    first = hear(process_lane)
    process_lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
    time.sleep(1.0)
    os.kill(process_lane.pid, signal.SIGKILL)

    assert hear(process_lane) == first


def test_an_error_it_does_not_know_ends_it_with_its_words(process_lane: ProcessLane) -> None:
    process_lane.submit("no request")  # type: ignore[arg-type]

    with pytest.raises(LaneDied, match="TypeError"):
        hear(process_lane)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_are_left_to_the_parent(tmp_path: Path, process_lane: ProcessLane, name: str) -> None:
    source, _ = site(tmp_path)
    process_lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
    hear(process_lane)
    os.kill(process_lane.pid, getattr(signal, name))
    process_lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))

    assert isinstance(hear(process_lane)[-1], Done)


def test_a_stopped_process_is_replaced_without_waiting_for_it(
    tmp_path: Path, process_lane: ProcessLane
) -> None:
    source, _ = site(tmp_path)
    stuck = process_lane.pid
    os.kill(stuck, signal.SIGSTOP)
    big = Window(items_for(source, source) * 5_000)
    began = time.monotonic()
    process_lane.submit(big)
    process_lane.submit(big)
    assert process_lane.report(0.1) is None
    process_lane.replace()

    assert time.monotonic() - began < 5
    assert process_lane.pid != stuck
    process_lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
    assert isinstance(hear(process_lane)[-1], Done)


def test_closing_twice_is_harmless_and_leaks_no_descriptor() -> None:
    before = os.listdir("/proc/self/fd")
    lane = ProcessLane()
    lane.close()
    lane.close()

    assert os.listdir("/proc/self/fd") == before


def test_the_process_dies_with_its_parent(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import os, signal
        from custody.domain.copying.reports import Done
        from custody.domain.copying.orders import Walk
        from custody.infrastructure.files.lane import ProcessLane
        lane = ProcessLane()
        lane.submit(Walk(b"/", b"nothing of this name"))
        while not isinstance(lane.report(0.2), Done):  # it is up, and bound to us
            pass
        os.kill(lane.pid, signal.SIGSTOP)  # so that it cannot notice the end of its requests
        print(lane.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    child = int(ended.stdout)

    for _ in range(100):
        if not running(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("the lane outlived its parent")


def running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as opened:
            return opened.read().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_the_process_imports_only_what_a_copy_needs() -> None:
    program = "import custody.infrastructure.files.lane_process, sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    tops = {name.split(".")[0] for name in ended.stdout.split()}

    assert not tops & {
        "sqlalchemy",
        "eventsourcing",
        "cryptography",
        "typer",
        "rich",
        "reportlab",
        "filelock",
    }


def test_modules_in_the_working_directory_are_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('evidence was executed')")
    source, _ = site(tmp_path)
    monkeypatch.chdir(tmp_path)
    lane = ProcessLane()
    try:
        lane.submit(Walk(RawPath(os.fsencode(source)), b"case"))
        assert isinstance(hear(lane)[-1], Done)
    finally:
        lane.close()


def test_a_listing_larger_than_the_pipe_arrives_whole(tmp_path: Path, process_lane: ProcessLane) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for index in range(12_000):
        (many / f"{index:05}-{'x' * 100}").touch()
    process_lane.submit(Walk(RawPath(os.fsencode(tmp_path)), b"many"))
    time.sleep(1.0)

    reports = hear(process_lane)

    names = [entry.path for report in reports if isinstance(report, Listed) for entry in report.entries]
    assert len(names) == 12_001
    assert names == sorted(names)


@pytest.mark.parametrize("call", ["process", "pipe"])
def test_a_lane_that_cannot_be_started_is_a_halt_and_leaves_no_pipe(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    before = os.listdir("/proc/self/fd")
    owner, name = (subprocess, "Popen") if call == "process" else (os, "pipe")
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, refuse)
        with pytest.raises(Halted, match=os.strerror(errno.EMFILE)):
            ProcessLane()

    assert os.listdir("/proc/self/fd") == before


def test_a_lane_that_cannot_be_replaced_is_a_halt_and_can_still_be_closed(
    monkeypatch: pytest.MonkeyPatch, process_lane: ProcessLane
) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", refuse)
        with pytest.raises(Halted):
            process_lane.replace()

    process_lane.close()
