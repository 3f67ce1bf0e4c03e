"""The building blocks of a page: headings, paragraphs, lists, pairs of name and value, commands, figures.

Knows type sizes and distances. Knows nothing of custody.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from custody.reports.fonts import Face
from custody.reports.sheet import GREY, LIGHT, Sheet
from custody.reports.typesetting import NAME_BREAKS, Line, Style, line, with_visible_ends, wrap

TITLE: Final = Style(Face.BOLD, 20, 26)
HEADING: Final = Style(Face.BOLD, 12, 16)
SUBHEADING: Final = Style(Face.BOLD, 9.5, 13)
MINOR: Final = Style(Face.BOLD, 8.5, 12)
LEAD: Final = Style(Face.BOLD, 11, 15)
BODY: Final = Style(Face.TEXT, 9, 12.5)
LABEL: Final = Style(Face.TEXT, 8.5, 12)
VALUE: Final = Style(Face.TEXT, 8.5, 12)
CODE: Final = Style(Face.MONO, 7.2, 10.5)
FIGURE: Final = Style(Face.BOLD, 14, 18)
CAPTION: Final = Style(Face.TEXT, 7.5, 10)

_LABEL_WIDTH: Final = 118.0
_ASCENT: Final = 0.8  # of the type size, from the top of a line to its baseline
_KEEP: Final = 60.0  # what must follow a heading on its page, in points


def lines(sheet: Sheet, text: Sequence[Line], x: float, grey: float = 0.0) -> None:
    """Set lines from the current height down, breaking pages between them."""
    for item in text:
        sheet.need(item.style.leading)
        sheet.put(item, x, sheet.y - item.style.size * _ASCENT, grey)
        sheet.skip(item.style.leading)


def heading(sheet: Sheet, title: str, *, keep: float = _KEEP) -> None:
    """Begin a section; at least ``keep`` points of what follows stand on the same page."""
    sheet.skip(0 if sheet.at_top else 14)
    sheet.need(HEADING.leading + keep)
    sheet.outline(title, 0)
    lines(sheet, [line(title, HEADING)], sheet.left)
    sheet.rule(sheet.y, 0.8)
    sheet.skip(8)


def subheading(sheet: Sheet, title: str) -> None:
    """Begin a part of a section."""
    text = wrap(title, SUBHEADING, sheet.width, NAME_BREAKS)
    sheet.skip(0 if sheet.at_top else 6)
    sheet.need(SUBHEADING.leading * len(text) + _KEEP)
    first = "".join(run.text for run in text[0].runs)
    sheet.outline(first if len(text) == 1 else f"{first}…", 1)
    lines(sheet, text, sheet.left)
    sheet.skip(2)


def paragraph(sheet: Sheet, text: str, style: Style = BODY, *, indent: float = 0, grey: float = 0.0) -> None:
    """Set a paragraph; its first two lines stay together."""
    broken = wrap(text, style, sheet.width - indent)
    sheet.need(style.leading * min(len(broken), 2))
    lines(sheet, broken, sheet.left + indent, grey)
    sheet.skip(style.leading * 0.35)


def bullets(sheet: Sheet, items: Iterable[str]) -> None:
    """Set a list."""
    for item in items:
        sheet.need(BODY.leading * 2)
        sheet.put(line("–", BODY), sheet.left + 2, sheet.y - BODY.size * _ASCENT)
        paragraph(sheet, item, indent=12)


def pairs(
    sheet: Sheet, items: Iterable[tuple[str, str]], value_style: Style = VALUE, *, gap: float = 4
) -> None:
    """Set names with their values beside them, and leave ``gap`` points after the last."""
    for name, value in items:
        label = wrap(name, LABEL, _LABEL_WIDTH - 8, NAME_BREAKS)
        text = wrap(with_visible_ends(value), value_style, sheet.width - _LABEL_WIDTH, NAME_BREAKS) or (
            line("", value_style),
        )
        for index in range(max(len(label), len(text))):
            sheet.need(LABEL.leading)
            baseline = sheet.y - LABEL.size * _ASCENT
            if index < len(label):
                sheet.put(label[index], sheet.left, baseline, GREY)
            if index < len(text):
                sheet.put(text[index], sheet.left + _LABEL_WIDTH, baseline)
            sheet.skip(LABEL.leading)
    sheet.skip(gap)


def command(sheet: Sheet, text: str) -> None:
    """Set a command to be typed."""
    broken = wrap(text, CODE, sheet.width - 22)
    sheet.need(CODE.leading * len(broken))
    sheet.bar(sheet.left + 14, sheet.y, sheet.y - CODE.leading * len(broken) + 1, 1.5, LIGHT)
    lines(sheet, broken, sheet.left + 22)
    sheet.skip(6)


def framed(sheet: Sheet, label: str, text: str, weight: float) -> None:
    """Set a label and a sentence in a frame."""
    broken = wrap(text, LEAD, sheet.width - 24, NAME_BREAKS)
    height = CAPTION.leading + LEAD.leading * len(broken) + 22
    sheet.need(height)
    top = sheet.y
    sheet.skip(10)
    lines(sheet, [line(label, Style(Face.BOLD, 8, CAPTION.leading))], sheet.left + 12)
    sheet.skip(4)
    lines(sheet, broken, sheet.left + 12)
    sheet.box(top, height, weight)
    sheet.y = top - height - 12


def figures(sheet: Sheet, items: Sequence[tuple[str, str]]) -> None:
    """Set numbers side by side, each over its caption."""
    step = sheet.width / len(items)
    sheet.need(FIGURE.leading + CAPTION.leading)
    for index, (figure, caption) in enumerate(items):
        x = sheet.left + step * index
        sheet.put(line(figure, FIGURE), x, sheet.y - FIGURE.size * _ASCENT)
        sheet.put(line(caption, CAPTION), x, sheet.y - FIGURE.leading - CAPTION.size * _ASCENT, GREY)
    sheet.skip(FIGURE.leading + CAPTION.leading + 8)
