"""Where other people's test vectors lie: beside the repository, or where CUSTODY_TEST_VECTORS says."""

import os
from pathlib import Path

import pytest


def vector_folder(name: str) -> Path:
    """Return a folder of vectors, or skip the module that asks when it is not there."""
    configured = os.environ.get("CUSTODY_TEST_VECTORS")
    root = Path(configured) if configured else Path(__file__).parents[3] / "shared" / "vectors"
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"no test vectors in {folder} (set CUSTODY_TEST_VECTORS)", allow_module_level=True)
    return folder
