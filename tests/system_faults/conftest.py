"""What the fault tests share: evidence, and mounts that are always undone."""

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system_faults import mounting


@pytest.fixture
def mounts() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Three files, of which the one in the middle meets the fault."""
    folder = tmp_path / "evidence" / "source"
    for number, (name, size) in enumerate(FILES.items()):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.Random(number).randbytes(size))
    return folder


FILES = {"a/before": 5_000, "m/victim": 300_000, "z/after": 5_000}
VICTIM = b"source/m/victim"

Faulty = Callable[..., Path]


@pytest.fixture
def faulty_source(tmp_path: Path, evidence: Path, mounts: contextlib.ExitStack) -> Faulty:
    """Mount the evidence behind rules; returns the folder to copy."""

    def mount(*rules: dict[str, object]) -> Path:
        shown = mounts.enter_context(mounting.faulty(evidence.parent, tmp_path / "dying", *rules))
        return shown / "source"

    return mount


@pytest.fixture
def faulty_destination(tmp_path: Path, mounts: contextlib.ExitStack) -> Faulty:
    """Mount an empty folder behind rules; returns it."""

    def mount(*rules: dict[str, object]) -> Path:
        (tmp_path / "backing").mkdir()
        return mounts.enter_context(mounting.faulty(tmp_path / "backing", tmp_path / "failing", *rules))

    return mount
