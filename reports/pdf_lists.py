"""The long lists of the report as tables: files, links, special files, exceptions, sessions.

Knows which value stands in which column and how a hash value is laid out so that it can be compared by eye.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from custody.domain.digest import PRIMARY
from custody.domain.paths import RawPath, printable
from custody.reports.custody_report import (
    FileRow,
    Happening,
    LinkRow,
    RereadingLine,
    SessionLine,
    SpecialRow,
)
from custody.reports.fonts import Face
from custody.reports.pdf_tables import Column, Row, Table
from custody.reports.results import STANDINGS
from custody.reports.sheet import Sheet
from custody.reports.typesetting import NAME_BREAKS, Line, Style, line, with_visible_ends, wrap
from custody.reports.wording import algorithm, file_time, number, offset

_CELL: Final = Style(Face.TEXT, 7.5, 9.6)
_CELL_BOLD: Final = Style(Face.BOLD, 7.5, 9.6)
_NOTE: Final = Style(Face.TEXT, 6.5, 8.4)
_TIME: Final = Style(Face.TEXT, 6.2, 8.4)
_HASH: Final = Style(Face.MONO, 5.9, 8.2)
_HASH_LABEL: Final = Style(Face.TEXT, 5.9, 8.2)
_HASH_DIGITS: Final = 64  # on one line; a SHA-512 value takes two

_FILES: Final = (
    Column("No.", 28, right=True),
    Column("Path below the destination, hash values", 264),
    Column("Size (bytes)", 64, right=True),
    Column("Modified (UTC)", 66),
    Column("Result", 77),
)
_HAPPENINGS: Final = (
    Column("Entry", 48),
    Column("Time (UTC)", 52),
    Column("What happened", 235),
    Column("What was done", 164),
)
_LINKS: Final = (Column("Link", 225), Column("Points to", 214), Column("Entry", 60))
_SPECIAL: Final = (Column("Special file, not copied", 339), Column("Kind", 100), Column("Entry", 60))
_REREADINGS: Final = (
    Column("Entry", 48),
    Column("Began (UTC)", 62),
    Column("Command", 165),
    Column("As recorded", 58, right=True),
    Column("Changed, gone", 64, right=True),
    Column("Unreadable", 54, right=True),
    Column("Foreign", 48, right=True),
)
_SESSIONS: Final = (
    Column("Entry", 44),
    Column("Began (UTC)", 52),
    Column("Command", 128),
    Column("Machine, system, software", 126),
    Column("Zone, clock, boot id", 149),
)


def files(sheet: Sheet, rows: Iterable[FileRow]) -> None:
    """Draw one row for each file."""
    table = Table(sheet, _FILES)
    for index, row in enumerate(rows, start=1):
        table.add(_file(index, row))
    table.close()


def _file(index: int, row: FileRow) -> Row:
    width = _FILES[1].text_width
    day, time = ("", "") if row.mtime_ns is None else file_time(row.mtime_ns)
    what = [*_name(row.path, width), *_hashes(row)]
    for note in row.notes:
        what.extend(wrap(note, _NOTE, width))
    result = [line(STANDINGS[row.result].cell, _CELL_BOLD)]
    if row.read_back is not None:
        result.extend(wrap(f"read back: {row.read_back}", _NOTE, _FILES[4].text_width))
    result.append(line(f"entry {number(row.entry)}", _NOTE))
    return Row(
        (
            (line(number(index), _NOTE),),
            tuple(what),
            (line("unknown" if row.size is None else number(row.size), _CELL),),
            (line(day, _CELL), line(time, _TIME)),
            tuple(result),
        ),
        marked=not STANDINGS[row.result].proved,
    )


def _hashes(row: FileRow) -> Iterator[Line]:
    names = sorted(row.digests, key=lambda name: (name != PRIMARY, name))
    for name in names:
        yield from _hash(algorithm(name), row.digests[name])
    if names and (remark := STANDINGS[row.result].of_hashes):
        yield line(remark, _NOTE)
    elif names and not row.compared:
        yield line("hash values of the source as it was read; no copy was found equal", _NOTE)


def _hash(name: str, digits: str) -> Iterator[Line]:
    label = line(f"{name} ", _HASH_LABEL)
    for start in range(0, len(digits), _HASH_DIGITS):
        runs = line(digits[start : start + _HASH_DIGITS], _HASH).runs
        before = label.runs if start == 0 else (label.blank,)
        yield Line(_HASH, (*before, *runs))


def _name(path: RawPath, width: float) -> tuple[Line, ...]:
    return wrap(with_visible_ends(printable(path)), _CELL, width, NAME_BREAKS)


def links(sheet: Sheet, rows: Iterable[LinkRow]) -> None:
    """Draw one row for each symbolic link."""
    table = Table(sheet, _LINKS)
    for row in rows:
        table.add(
            Row((
                _name(row.path, _LINKS[0].text_width),
                _name(row.target, _LINKS[1].text_width),
                (
                    line(number(row.entry), _CELL),
                    *([line(row.wrong, _CELL_BOLD)] if row.wrong else []),
                ),
            ), marked=row.wrong is not None)
        )  # fmt: skip
    table.close()


def special(sheet: Sheet, rows: Iterable[SpecialRow]) -> None:
    """Draw one row for each special file."""
    table = Table(sheet, _SPECIAL)
    for row in rows:
        table.add(
            Row((
                _name(row.path, _SPECIAL[0].text_width),
                wrap(row.kind, _CELL, _SPECIAL[1].text_width),
                (line(number(row.entry), _CELL),),
            ))
        )  # fmt: skip
    table.close()


def happenings(sheet: Sheet, rows: Iterable[Happening]) -> None:
    """Draw one row for each exception or interruption."""
    table = Table(sheet, _HAPPENINGS)
    for row in rows:
        entry = [line(number(row.entry), _CELL), *([line("OPEN", _CELL_BOLD)] if row.open else [])]
        table.add(
            Row(
                (
                    tuple(entry),
                    (line(row.at[:10], _CELL), line(row.at[11:19], _CELL)),
                    wrap(row.what, _CELL, _HAPPENINGS[2].text_width, NAME_BREAKS),
                    wrap(row.done, _CELL, _HAPPENINGS[3].text_width, NAME_BREAKS),
                ),
                marked=row.open,
            )
        )
    table.close()


def rereadings(sheet: Sheet, rows: Iterable[RereadingLine]) -> None:
    """Draw one row for each command that read copies again."""
    table = Table(sheet, _REREADINGS)
    for row in rows:
        figures = (row.equal, row.different, row.unreadable, row.foreign)
        table.add(
            Row((
                (line(number(row.entry), _CELL),),
                (line(row.at[:10], _CELL), line(row.at[11:19], _CELL)),
                wrap(row.command, _CELL, _REREADINGS[2].text_width, NAME_BREAKS),
                *((line(number(figure), _CELL),) for figure in figures),
            ), marked=not row.is_good)
        )  # fmt: skip
    table.close()


def sessions(sheet: Sheet, rows: Iterable[SessionLine]) -> None:
    """Draw one row for each command that wrote."""
    table = Table(sheet, _SESSIONS)
    for row in rows:
        machine = (row.host, row.system, f"{row.tool} {row.version}")
        clock = (f"{row.zone} ({offset(row.utc_offset_seconds)})", _CLOCKS[row.clock_synchronised])
        table.add(
            Row((
                (line(number(row.entry), _CELL),),
                (line(row.at[:10], _CELL), line(row.at[11:19], _CELL)),
                (*wrap(row.command, _CELL, _SESSIONS[2].text_width, NAME_BREAKS), line(_ending(row), _TIME)),
                tuple(_stacked(machine, _SESSIONS[3].text_width)),
                (
                    *_stacked(clock, _SESSIONS[4].text_width),
                    *wrap(f"boot {row.boot_id or 'id not known'}", _TIME, _SESSIONS[4].text_width),
                ),
            ))
        )  # fmt: skip
    table.close()


def _ending(row: SessionLine) -> str:
    if row.ended_at is None:
        return "no end within this report"
    day = "" if row.ended_at[:10] == row.at[:10] else f"{row.ended_at[:10]} "
    return f"ended {day}{row.ended_at[11:19]}, exit code {row.exit}"


def _stacked(texts: Iterable[str], width: float) -> Iterator[Line]:
    for text in texts:
        yield from wrap(text, _CELL, width, NAME_BREAKS)


_CLOCKS: Final = {
    True: "clock synchronised",
    False: "clock NOT synchronised",
    None: "clock state not known",
}
