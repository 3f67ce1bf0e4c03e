"""The first page of the report: verdict, numbers and what is still open, for a reader in a hurry.

Knows that a first page is one page: it lists as many open exceptions as fit and counts the rest.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from custody.reports.custody_report import CustodyReport, Result, Verdict
from custody.reports.happenings import still_open
from custody.reports.pdf_blocks import (
    BODY,
    CAPTION,
    SUBHEADING,
    TITLE,
    bullets,
    figures,
    framed,
    lines,
    pairs,
    paragraph,
)
from custody.reports.sheet import GREY, Sheet
from custody.reports.typesetting import NAME_BREAKS, Line, line, wrap
from custody.reports.wording import listed, moment, number

_LABELS: Final[Mapping[Verdict, str]] = {
    Verdict.COMPLETE: "RESULT: COMPLETE, ALL VERIFIED",
    Verdict.REMARKS: "RESULT: ALL VERIFIED, WITH REMARKS",
    Verdict.UNFINISHED: "RESULT: NOT FINISHED",
    Verdict.FAILED: "RESULT: NOT COMPLETE, SOMETHING FAILED",
    Verdict.REFUTED: "RESULT: REFUTED, COPIES DIFFER FROM THE RECORD",
}
_CAPTIONS: Final[Mapping[Result, str]] = {
    Result.VERIFIED: "verified",
    Result.PRESENT: "already there",
    Result.EARLIER: "verified earlier",
    Result.FAILED: "failed",
    Result.REFUTED: "refuted later",
    Result.UNVERIFIED: "not verified",
}
_NOTE_ROOM: Final = 40.0
_SHOWN_LINES: Final = 3  # of each open exception; the whole text is in its section
_MOST_NAMED: Final = 3  # of cases, exhibits, people each


def first_page(sheet: Sheet, report: CustodyReport) -> None:
    """Draw the first page and begin the second."""
    sheet.outline("1  Summary", 0)
    lines(sheet, [line("Custody report", TITLE)], sheet.left)
    reach = f"Made from the ledger up to entry {number(report.head.position)}, {moment(report.made_at)}"
    paragraph(sheet, reach, CAPTION, grey=GREY)
    sheet.skip(4)
    framed(sheet, _LABELS[report.summary.verdict], report.summary.headline, _weight(report.summary.verdict))
    figures(sheet, tuple(_figures(report)))
    pairs(sheet, people(report, most=_MOST_NAMED))
    sheet.skip(4)
    bullets(sheet, report.summary.sentences)
    _open_exceptions(sheet, report)
    _last_word(sheet)
    sheet.break_page()


def people(report: CustodyReport, most: int | None = None) -> Iterator[tuple[str, str]]:
    """Yield case, exhibit, examiner and agency, with at most ``most`` values of each."""
    yield "Case number", _some(report.case_numbers, most) or "none"
    yield "Exhibit", _some(report.exhibits, most) or "none given"
    examiners = dict.fromkeys(
        session.examiner + (f" (badge {session.badge})" if session.badge else "")
        for session in report.sessions
    )
    yield "Examiner", _some(tuple(examiners), most) or "not recorded"
    agencies = tuple(dict.fromkeys(session.agency for session in report.sessions if session.agency))
    yield "Agency", _some(agencies, most) or "not recorded"


def _some(values: tuple[str, ...], most: int | None) -> str:
    if most is None or len(values) <= most:
        return listed(values)
    return listed((*values[:most], f"{number(len(values) - most)} more"))


def _weight(verdict: Verdict) -> float:
    return 0.8 if verdict is Verdict.COMPLETE else 2.5


def _figures(report: CustodyReport) -> Iterator[tuple[str, str]]:
    yield number(report.counts.files), "files found"
    always = {Result.VERIFIED, Result.FAILED, Result.REFUTED, Result.UNVERIFIED}
    for result in Result:
        value = report.counts.by_result[result]
        if value or result in always:
            yield number(value), _CAPTIONS[result]


def _open_exceptions(sheet: Sheet, report: CustodyReport) -> None:
    unsettled = still_open(report.happenings)
    if not unsettled:
        return
    sheet.skip(6)
    lines(sheet, [line("Open exceptions", SUBHEADING)], sheet.left)
    sheet.skip(2)
    for index, happening in enumerate(unsettled):
        text = _clipped(f"Entry {number(happening.entry)}: {happening.what}", sheet.width - 12)
        if sheet.room < BODY.leading * (len(text) + 1) + _NOTE_ROOM:
            paragraph(sheet, f"and {number(len(unsettled) - index)} more, in section 9.", indent=12)
            return
        lines(sheet, text, sheet.left + 12)
        sheet.skip(3)


def _clipped(text: str, width: float) -> tuple[Line, ...]:
    whole = wrap(text, BODY, width, NAME_BREAKS)
    if len(whole) <= _SHOWN_LINES:
        return whole
    last = whole[_SHOWN_LINES - 1]
    return (*whole[: _SHOWN_LINES - 1], Line(BODY, (*last.runs, *line(" …", BODY).runs)))


def _last_word(sheet: Sheet) -> None:
    sheet.skip(4)
    paragraph(
        sheet,
        "The ledger is tamper-evident: how to check this report stands in section 7, what it does not prove "
        "in section 8. The code at the foot of each page belongs to the ledger as it was; keep it apart from "
        "the ledger.",
        CAPTION,
        grey=GREY,
    )
