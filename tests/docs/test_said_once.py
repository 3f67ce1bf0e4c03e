"""A page that was put together from two of its versions says things twice, one of them no longer true."""

import re
from collections import Counter
from collections.abc import Iterator

from tests.docs.markdown import Document, documents

_BEGINNING = 60  # characters that no two paragraphs of a page share by chance
_MAY_BE_ALIKE = ("|", "Exit codes:")  # tables have a test of their own; commands end alike


def _paragraphs(document: Document) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", document.prose):
        text = " ".join(paragraph.split())
        if len(text) > _BEGINNING and not text.startswith(_MAY_BE_ALIKE):
            yield text[:_BEGINNING]


def _named_in_tables(document: Document) -> Iterator[str]:
    """The first cell of each row, table by table; an empty one goes on with the row before."""
    for number, table in enumerate(re.findall(r"(?:^\|.*\n)+", document.prose, re.MULTILINE)):
        for row in table.splitlines()[2:]:
            first = re.split(r"(?<!\\)\|", row)[1].strip()
            if first:
                yield f"table {number + 1}: {first}"


def _twice(found: Iterator[str]) -> list[str]:
    return [text for text, times in Counter(found).items() if times > 1]


def test_no_page_has_two_paragraphs_that_begin_alike() -> None:
    found = [f"{document.name}: {text}" for document in documents() for text in _twice(_paragraphs(document))]

    assert found == []


def test_no_table_has_two_rows_about_the_same() -> None:
    found = [
        f"{document.name}: {text}" for document in documents() for text in _twice(_named_in_tables(document))
    ]

    assert found == []
