"""Reads a PDF back with a library that did not write it."""

from io import BytesIO

from pypdf import PdfReader

from custody.reports.content import build
from custody.reports.custody_report import CustodyReport
from custody.reports.pdf import write_custody_pdf
from custody.reports.scope import Scope
from tests.unit.reports.ledger_story import LEDGER, LedgerStory


def report_on(story: LedgerStory, scope: Scope | None = None) -> CustodyReport:
    return build(story, ledger=LEDGER, scope=scope or Scope(), head=story.head)


def printed(report: CustodyReport) -> bytes:
    out = BytesIO()
    write_custody_pdf(report, out)
    return out.getvalue()


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf))


def page_texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in reader(pdf).pages]


def squeezed(text: str) -> str:
    """Without blanks and line ends: a value that was wrapped is one string again."""
    return "".join(text.split())


def text_of(pdf: bytes) -> str:
    return squeezed("".join(page_texts(pdf)))
