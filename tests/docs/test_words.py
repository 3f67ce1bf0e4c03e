import re
from collections.abc import Iterator

import pytest

from tests.docs.markdown import ROOT, documents

# Promises that no software can keep. They may be denied, never made.
PROMISES = re.compile(
    r"tamper[- ]?proof|court[- ]?(admissible|proof|approved)|guaranteed? admissib|military[- ]grade",
    re.IGNORECASE,
)
DENIAL = re.compile(r"\b(not|never|no|nor|neither|nothing|cannot|nobody)\b", re.IGNORECASE)


def promises(text: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*[-*|#]", text):
        if PROMISES.search(sentence) and not DENIAL.search(sentence):
            yield " ".join(sentence.split())


def test_no_document_promises_what_software_cannot_keep() -> None:
    assert [f"{d.name}: {promise}" for d in documents() for promise in promises(d.text)] == []


def test_no_report_or_message_promises_what_software_cannot_keep() -> None:
    files = [file for layer in ("cli", "reports") for file in sorted((ROOT / layer).rglob("*.py"))]
    found = [f"{f.relative_to(ROOT)}: {promise}" for f in files for promise in promises(f.read_text("utf-8"))]

    assert found == []


@pytest.mark.parametrize("text", ["The log is tamper-proof.", "No doubt. Court-admissible reports!"])
def test_a_promise_is_found(text: str) -> None:
    assert list(promises(text))


def test_a_denied_promise_is_none() -> None:
    assert not list(promises("The log is tamper-evident, never tamper-proof."))
