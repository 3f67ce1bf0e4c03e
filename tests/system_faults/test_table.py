"""The page that says which fault is proved by which test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "faults.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named() -> list[tuple[str, str]]:
    return NAMED.findall(PAGE.read_text())


def test_every_test_that_the_page_names_is_there() -> None:
    missing = [
        f"{file}::{test}"
        for file, test in named()
        if not re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert len(named()) > 40
    assert missing == []


def test_the_page_names_every_test_of_a_real_fault() -> None:
    there = {
        (str(file.relative_to(ROOT)), test)
        for file in Path(__file__).parent.glob("test_*.py")
        if file.name not in {"test_table.py", "test_honesty.py"}
        for test in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }
    assert there - set(named()) == set()
