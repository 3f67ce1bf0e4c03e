"""Batch files in CSV: a header of job keys, then one row for each job.

Knows what spreadsheets do: a byte-order mark, semicolons or tabs for commas. Several paths or algorithms in
one cell are separated by ``;`` or line breaks. Row numbers are the spreadsheet's: the header is row 1.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from custody.domain.instructions.draft import Draft, DraftJob, Mistake, unknown_key
from custody.domain.instructions.jobs import JOB_KEYS

_LISTS: Final = frozenset({"files", "folders", "hashes"})
_DELIMITERS: Final = ",;\t"
_FIELD_LIMIT: Final = 16 * 1024 * 1024


def read_csv(text: str) -> Draft:
    """Return what the file says; damage of the table (ragged rows, open quotes, NUL) are its mistakes."""
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    rows, damage = _rows(text, delimiter)
    if not rows or not any(cell.strip() for cell in rows[0]):
        return Draft(mistakes=(*damage, *([] if damage else [Mistake("row 1", "there is no header")])))
    header = [cell.strip().lower() for cell in rows[0]]
    mistakes = [*_header_mistakes(header), *_row_mistakes(header, rows), *damage]
    jobs = [
        DraftJob(f"row {number}", _values(header, row))
        for number, row in enumerate(rows[1:], 2)
        if len(row) == len(header) and any(cell.strip() for cell in row)
    ]
    return Draft(batch={}, jobs=tuple(jobs), mistakes=tuple(mistakes))


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], list[Mistake]]:
    """Return the rows before the first damage, and the damage: where a row ends is not known behind it."""
    csv.field_size_limit(_FIELD_LIMIT)
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return rows, [Mistake(f"row {len(rows) + 1}", f"the table is damaged from here on: {error}")]
    return rows, []


def _header_mistakes(header: Sequence[str]) -> Iterator[Mistake]:
    for column, key in enumerate(header, 1):
        if key not in JOB_KEYS:
            yield Mistake(f"row 1, column {column}", f"{key!r} {unknown_key(key, 'a job', JOB_KEYS)}")
        elif key in header[: column - 1]:
            yield Mistake(f"row 1, column {column}", f"{key!r} stands twice")


def _row_mistakes(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Mistake]:
    for number, row in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in row) and len(row) != len(header):
            yield Mistake(f"row {number}", f"has {len(row)} cells, the header has {len(header)}")


def _values(header: Sequence[str], row: Sequence[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, cell in zip(header, row, strict=True):
        if not cell.strip() or key not in JOB_KEYS:
            continue
        values[key] = _items(cell) if key in _LISTS else cell.strip()
    return values


def _items(cell: str) -> list[str]:
    return [item.strip() for item in cell.replace("\r", "\n").replace("\n", ";").split(";") if item.strip()]
