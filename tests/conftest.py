"""What holds for all tests: those marked ``root`` are skipped for others; the fault points are added up.

A session that leaves something in the top folder fails: what runs commands gives them folders of their own.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings

from tests.cli.command_line import SERVER, CommandLine
from tests.system_faults.requirements import lacking

REQUIRED = os.environ.get("REQUIRE_FAULT_TESTS") == "1"
POINTS = re.compile(r"^(?:.*\b)?(\d+) fault points?, 0 (?:false good|wrong)$", re.MULTILINE)
TOP = Path(__file__).parents[1]
OF_TOOLS = re.compile(r"\.coverage(\..*)?|\.(hypothesis|\w+_cache)|htmlcov|build|src|__pycache__")
STANDING = pytest.StashKey[frozenset[str]]()

# How long an example takes says something of the machine, and nothing of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def standing_at_the_top() -> frozenset[str]:
    return frozenset(name for name in os.listdir(TOP) if not OF_TOOLS.fullmatch(name))


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[STANDING] = standing_at_the_top()


def pytest_sessionfinish(session: pytest.Session) -> None:
    left = sorted(standing_at_the_top() - session.config.stash[STANDING])
    if left and not hasattr(session.config, "workerinput"):
        print(f"\nleft in {TOP}: {left}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("system_fault"):
        if reason := lacking(marker.args):
            if REQUIRED:
                pytest.fail(f"REQUIRE_FAULT_TESTS=1, but: {reason}", pytrace=False)
            pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Add up what the fault tests printed; one that failed may hide a false good, so that is said."""
    passed = [
        report
        for report in terminalreporter.getreports("passed")
        if "fault" in getattr(report, "keywords", ())
    ]
    bad = [
        report
        for outcome in ("failed", "error")
        for report in terminalreporter.getreports(outcome)
        if "fault" in getattr(report, "keywords", ())
    ]
    points = sum(int(found) for report in passed for found in POINTS.findall(report.capstdout))
    if points or bad:
        verdict = f"{len(bad)} fault tests failed: see above" if bad else "0 false good"
        terminalreporter.write_line(f"{points} fault points, {verdict}")
    for report in terminalreporter.getreports("skipped"):
        if "system_fault" in getattr(report, "keywords", ()) and isinstance(report.longrepr, tuple):
            terminalreporter.write_line(f"not tried here: {report.nodeid}: {report.longrepr[2]}")


@pytest.fixture(scope="session", autouse=True)
def _no_server_outlives_the_tests() -> Iterator[None]:
    """End it before what was measured is put together: what it imported was measured in it alone."""
    yield
    SERVER.stop()


@pytest.fixture(scope="session")
def fork_server() -> None:
    """The server that runs commands, started while the environment is nobody's."""
    SERVER.start()


@pytest.fixture
def custody(tmp_path: Path, fork_server: None) -> CommandLine:
    """The real command, with no workspace yet."""
    return CommandLine(tmp_path)


@pytest.fixture(scope="session")
def new_workspace(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> Path:
    """A workspace as ``custody init`` leaves it; nobody may write to it."""
    made = CommandLine(tmp_path_factory.mktemp("new"))
    made.init()
    return made.workspace


@pytest.fixture
def case(tmp_path: Path, new_workspace: Path) -> CommandLine:
    """The real command with a new workspace of its own."""
    made = CommandLine(tmp_path)
    shutil.copytree(new_workspace, made.workspace)
    return made


@pytest.fixture
def case_and_card(case: CommandLine) -> CommandLine:
    """The same, and ``card/clip.mov`` to copy."""
    (case.home / "card").mkdir()
    (case.home / "card" / "clip.mov").write_bytes(b"clip")
    return case
