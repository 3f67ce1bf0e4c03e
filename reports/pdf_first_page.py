"""The first page of the report: verdict, numbers and what is still open, for a reader in a hurry.

Knows that a first page is one page: it lists as many open exceptions as fit and counts the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from custody.domain.paths import RawPath, printable
from custody.reports.custody_report import CustodyReport
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
from custody.reports.results import STANDINGS, Verdict
from custody.reports.sheet import GREY, Sheet
from custody.reports.typesetting import NAME_BREAKS, Line, line, wrap
from custody.reports.wording import brief, few, listed, moment, number

_LABELS: Final[Mapping[Verdict, str]] = {
    Verdict.COMPLETE: "RESULT: COMPLETE, ALL VERIFIED",
    Verdict.REMARKS: "RESULT: ALL VERIFIED, WITH REMARKS",
    Verdict.UNFINISHED: "RESULT: NOT FINISHED",
    Verdict.FAILED: "RESULT: NOT COMPLETE, SOMETHING FAILED",
    Verdict.REFUTED: "RESULT: REFUTED, THE DESTINATION DIFFERS FROM THE RECORD",
}
_NOTE_ROOM: Final = 40.0
_SHOWN_LINES: Final = 3  # of each open exception; the whole text is in its section
_MOST_NAMED: Final = 2  # of places each; all of them stand in section 3
_LONGEST_PLACE: Final = 150  # characters: about two lines


def first_page(sheet: Sheet, report: CustodyReport) -> None:
    """Draw the first page and begin the second."""
    sheet.outline("1  Summary", 0)
    lines(sheet, [line("Custody report", TITLE)], sheet.left)
    reach = f"Made from the ledger up to entry {number(report.head.position)}, {moment(report.made_at)}"
    paragraph(sheet, reach, CAPTION, grey=GREY)
    sheet.skip(4)
    framed(sheet, _LABELS[report.summary.verdict], report.summary.headline, _weight(report.summary.verdict))
    figures(sheet, tuple(_figures(report)))
    pairs(sheet, people(report, few), gap=0)
    pairs(sheet, _from_and_to(report), gap=0)
    pairs(sheet, [("Checkpoint code", report.head.code)])
    sheet.skip(4)
    bullets(sheet, report.summary.sentences)
    _open_exceptions(sheet, report)
    _last_word(sheet)
    sheet.break_page()


def people(report: CustodyReport, say: Callable[[Iterable[str]], str] = listed) -> Iterator[tuple[str, str]]:
    """Yield case, exhibit, examiner and agency, several of one put together by ``say``."""
    yield "Case number", say(report.case_numbers) or "none"
    yield "Exhibit", say(report.exhibits) or "none given"
    examiners = dict.fromkeys(
        session.examiner + (f" (badge {session.badge})" if session.badge else "")
        for session in report.sessions
    )
    yield "Examiner", say(examiners) or "not recorded"
    agencies = dict.fromkeys(session.agency for session in report.sessions if session.agency)
    yield "Agency", say(agencies) or "not recorded"


def _from_and_to(report: CustodyReport) -> Iterator[tuple[str, str]]:
    sources = dict.fromkeys(source for job in report.jobs for source in job.sources)
    more = sum(job.source_count - len(job.sources) for job in report.jobs)
    destinations = dict.fromkeys(job.destination for job in report.jobs)
    yield from _places("Copied from", tuple(sources), more)
    yield from _places("Copied to", tuple(destinations), 0)


def _places(title: str, places: tuple[RawPath, ...], more: int) -> Iterator[tuple[str, str]]:
    for index, place in enumerate(places[:_MOST_NAMED]):
        yield title if index == 0 else "", brief(printable(place), _LONGEST_PLACE)
    rest = len(places[_MOST_NAMED:]) + more
    if rest:
        yield "", f"and {number(rest)} more, see section 3"


def _weight(verdict: Verdict) -> float:
    return 0.8 if verdict is Verdict.COMPLETE else 2.5


def _figures(report: CustodyReport) -> Iterator[tuple[str, str]]:
    yield number(report.counts.files), "files found"
    for result, standing in STANDINGS.items():
        value = report.counts.by_result[result]
        if value or standing.always:
            yield number(value), standing.caption


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
            told = f"and {number(len(unsettled) - index)} more" if index else f"all {number(len(unsettled))}"
            paragraph(sheet, f"{told}, in section 9.", indent=12)
            return
        lines(sheet, text, sheet.left + 12)
        sheet.skip(3)


def _clipped(text: str, width: float) -> tuple[Line, ...]:
    more = line(" …", BODY)
    whole = wrap(text, BODY, width - more.width, NAME_BREAKS)
    if len(whole) <= _SHOWN_LINES:
        return whole
    last = whole[_SHOWN_LINES - 1]
    return (*whole[: _SHOWN_LINES - 1], Line(BODY, (*last.runs, *more.runs)))


def _last_word(sheet: Sheet) -> None:
    sheet.skip(4)
    paragraph(
        sheet,
        "The ledger is tamper-evident: how to check this report stands in section 7, what it does not prove "
        "in section 8. The checkpoint code, also at the foot of each page, belongs to the ledger as it was; "
        "keep it apart from the ledger.",
        CAPTION,
        grey=GREY,
    )
