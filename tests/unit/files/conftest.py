from pathlib import Path

import pytest

from tests.faults.evidence import make_destination, make_source


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_source(tmp_path / "source")


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return make_destination(tmp_path / "destination")
