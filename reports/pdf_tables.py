"""Tables over many pages, drawn row by row: the head again on each page, a row broken only if it must be.

Knows columns and heights. Holds one row at a time, so the length of a table costs no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from custody.reports.fonts import Face
from custody.reports.sheet import LIGHT, Sheet
from custody.reports.typesetting import Line, Style, line

HEAD: Final = Style(Face.BOLD, 7, 9)

_HEAD_HEIGHT: Final = HEAD.leading + 2
_TALL: Final = 300.0  # a row higher than this need not stand on one page with the head before it
_PADDING: Final = 2.5
_GUTTER: Final = 6.0
_ASCENT: Final = 0.8


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its title and its width in points; ``right`` aligns at the right edge."""

    title: str
    width: float
    right: bool = False

    @property
    def text_width(self) -> float:
        """The width that text may have, in points."""
        return self.width - _GUTTER


@dataclass(frozen=True, slots=True)
class Row:
    """The lines of each cell; ``marked`` draws a bar beside the row."""

    cells: tuple[tuple[Line, ...], ...]
    marked: bool = False


class Table:
    """A table being drawn from the current height of the sheet down."""

    def __init__(self, sheet: Sheet, columns: Sequence[Column]) -> None:
        self._sheet = sheet
        self._columns = tuple(columns)
        self._begun = False

    def add(self, row: Row) -> None:
        """Draw the next row."""
        height = _height(row)
        if not self._begun:  # only now, so that the head is never left without a row
            self._begun = True
            self._sheet.need(_HEAD_HEIGHT + min(height, _TALL))
            self._head()
        if height > self._sheet.room:
            self._new_page()
        while height > self._sheet.room:  # higher than a whole page
            fitting, row = _split(row, self._sheet.room)
            self._draw(fitting, _height(fitting))
            self._new_page()
            height = _height(row)
        self._draw(row, height)

    def close(self) -> None:
        """Leave room after the table."""
        self._sheet.skip(8)

    def _new_page(self) -> None:
        self._sheet.break_page()
        self._head()

    def _head(self) -> None:
        self._cells(tuple((line(column.title, HEAD),) for column in self._columns))
        self._sheet.skip(_HEAD_HEIGHT)
        self._sheet.rule(self._sheet.y, 0.8)

    def _draw(self, row: Row, height: float) -> None:
        top = self._sheet.y
        self._sheet.skip(_PADDING)
        self._cells(row.cells)
        self._sheet.y = top - height
        if row.marked:
            self._sheet.bar(self._sheet.left - 5, top - 1.5, top - height + 1.5, 2.5)
        self._sheet.rule(self._sheet.y, 0.3, LIGHT)

    def _cells(self, cells: tuple[tuple[Line, ...], ...]) -> None:
        x = self._sheet.left
        for column, text in zip(self._columns, cells, strict=True):
            y = self._sheet.y
            for item in text:
                baseline = y - item.style.size * _ASCENT
                if column.right:
                    self._sheet.put_right(item, x + column.text_width, baseline)
                else:
                    self._sheet.put(item, x, baseline)
                y -= item.style.leading
            x += column.width


def _height(row: Row) -> float:
    return max(sum(item.style.leading for item in cell) for cell in row.cells) + 2 * _PADDING


def _split(row: Row, room: float) -> tuple[Row, Row]:
    """Return the part of a row that fits into ``room`` points, at least a line of each cell, and the rest."""
    first: list[tuple[Line, ...]] = []
    rest: list[tuple[Line, ...]] = []
    for cell in row.cells:
        taken, used = 0, 2 * _PADDING
        while taken < len(cell) and (used + cell[taken].style.leading <= room or taken == 0):
            used += cell[taken].style.leading
            taken += 1
        first.append(cell[:taken])
        rest.append(cell[taken:])
    return Row(tuple(first), row.marked), Row(tuple(rest), row.marked)
