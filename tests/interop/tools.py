"""Tools that nobody here wrote: where one is missing its test is skipped, or fails with REQUIRE_INTEROP=1."""

import os
import shutil
from typing import NoReturn

import pytest


def needed(program: str, package: str) -> str:
    """Return where a program is."""
    found = shutil.which(program)
    if found is None:
        missing(f"{program} is not installed (Debian: {package})")
    return found


def missing(reason: str) -> NoReturn:
    if os.environ.get("REQUIRE_INTEROP") == "1":
        pytest.fail(f"REQUIRE_INTEROP=1, but: {reason}", pytrace=False)
    pytest.skip(reason)
