"""The chain of custody on paper: each exhibit with its hand-overs in the columns of NIST's sample form.

Knows columns and words. What is said is decided in ``chain``.
"""

from collections.abc import Iterator
from typing import Final

from custody.reports.chain import ExhibitSection, HandOverRow, Party
from custody.reports.fonts import Face
from custody.reports.pdf_blocks import pairs, paragraph, subheading
from custody.reports.pdf_tables import Column, Row, Table
from custody.reports.sheet import Sheet
from custody.reports.typesetting import NAME_BREAKS, Line, Style, line, wrap
from custody.reports.wording import count, number

_CELL: Final = Style(Face.TEXT, 7.5, 9.6)
_CELL_BOLD: Final = Style(Face.BOLD, 7.5, 9.6)
_NOTE: Final = Style(Face.TEXT, 6.5, 8.4)
_KEY: Final = Style(Face.MONO, 5.6, 8.0)
_KEY_DIGITS: Final = 32  # on one line; a fingerprint takes two

_COLUMNS: Final = (
    Column("Entry", 62),
    Column("Time (UTC)", 62),
    Column("Released by", 125),
    Column("Received by", 125),
    Column("Purpose, place, comments", 125),
)
_STANDINGS: Final = {
    "open": "NOT ANSWERED",
    "accepted": "accepted",
    "declined": "DECLINED",
    "withdrawn": "WITHDRAWN",
}


def chain(sheet: Sheet, sections: tuple[ExhibitSection, ...]) -> None:
    """Draw one part for each exhibit."""
    if not sections:
        paragraph(sheet, "No exhibit lies in the scope of this report.")
        return
    paragraph(
        sheet,
        "An exhibit is held by the one who registered it, then by the receiver of each hand-over that was "
        "accepted. Custody moves with the receiver's signature, under the statement that every file of the "
        "copy was read again and is as the giver's signed list says. Both signatures stand in the ledger; "
        "each party is named with the fingerprint of the key that signed.",
    )
    for section in sections:
        _exhibit(sheet, section)


def _exhibit(sheet: Sheet, section: ExhibitSection) -> None:
    subheading(sheet, f"Exhibit {section.exhibit} of case {section.case_number}")
    pairs(sheet, section.facts)
    for entry, at, text in sorted((*section.notes, *section.refusals)):
        pairs(sheet, [(f"Entry {number(entry)}", f"{at[:10]} {at[11:19]} UTC: {text}")])
    if not section.hand_overs:
        paragraph(sheet, "No hand-over is recorded as far as this report reaches.")
        return
    table = Table(sheet, _COLUMNS)
    for row in section.hand_overs:
        table.add(_row(row))
    table.close()


def _row(row: HandOverRow) -> Row:
    return Row(
        (
            tuple(_entry(row)),
            tuple(_times(row)),
            tuple(_party(row.giver, _COLUMNS[2].text_width)),
            tuple(_party(row.receiver, _COLUMNS[3].text_width)),
            tuple(_remarks(row, _COLUMNS[4].text_width)),
        ),
        marked=row.standing != "accepted",
    )


def _entry(row: HandOverRow) -> Iterator[Line]:
    yield line(number(row.entry), _CELL)
    yield line(_STANDINGS[row.standing], _CELL_BOLD)
    if row.answered is not None and row.answered != row.entry:
        yield line(f"entry {number(row.answered)}", _NOTE)


def _times(row: HandOverRow) -> Iterator[Line]:
    yield line("offered", _NOTE)
    yield line(row.offered_at[:10], _CELL)
    yield line(row.offered_at[11:19], _CELL)
    if row.answered_at is not None:
        yield line("answered", _NOTE)
        yield line(row.answered_at[:10], _CELL)
        yield line(row.answered_at[11:19], _CELL)


def _party(party: Party, width: float) -> Iterator[Line]:
    yield from wrap(party.name, _CELL_BOLD, width, NAME_BREAKS)
    if party.badge is not None:
        yield from wrap(f"badge {party.badge}", _NOTE, width, NAME_BREAKS)
    if party.agency is not None:
        yield from wrap(party.agency, _NOTE, width, NAME_BREAKS)
    for start in range(0, len(party.key), _KEY_DIGITS):
        yield line(party.key[start : start + _KEY_DIGITS], _KEY)


def _remarks(row: HandOverRow, width: float) -> Iterator[Line]:
    for label, text in row.remarks:
        yield from wrap(f"{label}: {text}", _CELL, width, NAME_BREAKS)
    yield from wrap(_read(row), _NOTE, width)


def _read(row: HandOverRow) -> str:
    if not row.files:
        return "no files"
    if not row.read_again:
        return f"{count(row.files, 'file')} offered"
    methods = ", ".join(f"{number(files)} {method}" for method, files in row.read_again)
    return f"{count(row.files, 'file')} read again before signing ({methods})"
