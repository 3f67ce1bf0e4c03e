"""The words of a whole report, kept so that a change of wording is seen and meant.

After a change that is meant, write the text anew with ``CUSTODY_RENEW_GOLDEN=1`` and read the difference.
"""

import os
from pathlib import Path

from tests.unit.reports.ledger_story import eventful_story
from tests.unit.reports.pdf_text import page_texts, printed, report_on

GOLDEN = Path(__file__).with_name("custody_report.txt")


def test_the_text_of_the_report_is_the_one_that_was_read_and_approved() -> None:
    pages = page_texts(printed(report_on(eventful_story())))
    text = "\n".join(line.rstrip() for page in pages for line in page.splitlines()) + "\n"
    if os.environ.get("CUSTODY_RENEW_GOLDEN"):
        GOLDEN.write_text(text, "utf-8")

    assert text == GOLDEN.read_text("utf-8")
