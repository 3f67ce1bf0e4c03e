"""A new workspace for each test."""

from pathlib import Path

import pytest

from tests.unit.event_store.sample_ledger import Workspace, new_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "workspace")
