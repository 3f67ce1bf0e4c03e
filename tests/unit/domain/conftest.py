"""A workbench for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.faulty_calls import FaultyCalls
from tests.fakes.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def calls(bench: Workbench) -> FaultyCalls:
    """The file calls of lane and destination, which a test can let fail."""
    calls = FaultyCalls()
    bench.calls = calls
    bench.lane.close()
    bench.new_lane()
    return calls
