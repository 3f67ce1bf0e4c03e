"""The threat model names a test for each threat, and these tests exist."""

import re
from collections.abc import Iterator

import pytest

from tests.docs.markdown import ROOT, documents

COLUMNS = 4
NO_TEST = "none"


def threats() -> Iterator[list[str]]:
    [document] = documents("docs/explanation/threat-model.md")
    for line in document.prose.splitlines():
        if line.startswith("| ") and not line.startswith("| threat "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def named(cell: str) -> Iterator[str]:
    """The paths of a cell; a folder of ``tests/attacks`` stands without its path after the first."""
    for name in re.findall(r"`([^`]+)`", cell):
        yield name if "/" in name else f"tests/attacks/{name}"


@pytest.mark.parametrize("threat", list(threats()), ids=lambda cells: cells[0][:60])
def test_each_threat_has_its_mechanism_and_a_test_that_exists(threat: list[str]) -> None:
    assert len(threat) == COLUMNS
    _, mechanism, test, _ = threat
    assert mechanism
    assert test == NO_TEST or list(named(test))
    assert [path for path in named(test) if not (ROOT / path).exists()] == []
