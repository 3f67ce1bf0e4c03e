"""What holds for all tests: those marked ``root`` are skipped for others; the fault points are added up."""

import os
import re

import pytest
from _pytest.terminal import TerminalReporter

from tests.system_faults.requirements import lacking

REQUIRED = os.environ.get("REQUIRE_FAULT_TESTS") == "1"
POINTS = re.compile(r"^(?:.*\b)?(\d+) fault points?, 0 (?:false good|wrong)$", re.MULTILINE)


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
