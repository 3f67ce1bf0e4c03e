"""Turns text into lines: escapes what must not or cannot be shown, measures, breaks.

Knows no markup at all: a value is drawn character by character, so nothing in it can be read as a command.
A stretch of right-to-left letters runs from right to left where it stands, Arabic letters joined; unlike in
full bidirectional layout nothing else moves, so that the end of a name is always printed last.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from custody.domain.paths import escape_text
from custody.reports.arabic import FORMS, can_be_joined, joined
from custody.reports.fonts import Face, face_for, metrics

PROSE_BREAKS: Final = frozenset(" ")
NAME_BREAKS: Final = frozenset(" /-_.,;:+=")
# Printable for Python, invisible on paper: fillers, joiners, blank patterns.
_INVISIBLE: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)}
)
# Hebrew points, Thai and Lao: where their marks go is for a shaping engine to say; without one they would
# stand beside their letters or on one another.
_PLACED_MARKS: Final = frozenset({*range(0x0591, 0x05C8), *range(0x0E00, 0x0F00)} - {0x05BE, 0x0E3F})
# Beyond the basic plane reportlab writes a wrong Unicode map: a reader would copy out another character.
_LAST_EXTRACTABLE: Final = 0xFFFF
_SHORTEST_FILL: Final = 0.35  # a break that leaves less of the line than this filled is not worth waiting for
# What is never broken: a code, or else a single character.
_UNIT: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|u\{[0-9a-f]+\})|.")
_LETTERS: Final = "".join(
    chr(code)
    for code in (*range(0x590, 0x900), *range(0xFB1D, 0xFE00), *range(0xFE70, 0xFF00))
    if unicodedata.bidirectional(chr(code)) in {"R", "AL"}
)
_MARKS: Final = "".join(
    chr(code) for code in range(0x590, 0x900) if unicodedata.bidirectional(chr(code)) == "NSM"
)
_RIGHT_TO_LEFT: Final = re.compile(
    f"[{_LETTERS}][{_LETTERS}{_MARKS}]*(?: +[{_LETTERS}][{_LETTERS}{_MARKS}]*)*"
)


@dataclass(frozen=True, slots=True)
class Style:
    """A face at a size (points) with its line height (points)."""

    face: Face
    size: float
    leading: float


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one face, and how wide they are at the line's size (points)."""

    face: Face
    text: str
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """What stands on one line."""

    style: Style
    runs: tuple[Run, ...]

    @property
    def width(self) -> float:
        """The width in points."""
        return sum(run.width for run in self.runs)

    @property
    def blank(self) -> Run:
        """An empty space as wide as this line."""
        return Run(self.style.face, "", self.width)


def shown(text: str, face: Face = Face.TEXT) -> str:
    r"""Return what is drawn for ``text``: controls as ``\u202e``, what no font has as ``\u{1f600}``."""
    visible = escape_text(text)
    if visible.isascii():
        return visible
    return "".join(_drawable(ord(char), face) for char in visible)


def with_visible_ends(text: str) -> str:
    r"""Return ``text`` with blanks at its ends as ``\x20``: on paper nobody would see them."""
    inner = text.strip(" ")
    if len(inner) == len(text):
        return text
    left = len(text) - len(text.lstrip(" "))
    return "\\x20" * left + inner + "\\x20" * (len(text) - left - len(inner))


@lru_cache(maxsize=65_536)
def _drawable(code: int, face: Face) -> str:
    char = chr(code)
    shapes = FORMS[char].all() if char in FORMS else (char,)
    if (
        code > _LAST_EXTRACTABLE
        or code in _INVISIBLE
        or code in _PLACED_MARKS
        or not can_be_joined(char)
        or any(face_for(ord(shape), face) is None for shape in shapes)
    ):
        return f"\\u{{{code:x}}}"
    return char


@lru_cache(maxsize=65_536)
def _placed(char: str, face: Face) -> tuple[Face, float]:
    found = face_for(ord(char), face) or face
    return found, metrics(found).widths.get(ord(char), 0)


@lru_cache(maxsize=65_536)
def _widest(char: str, face: Face) -> float:
    """Return the width of a character, for a letter that joins that of its widest form."""
    shapes = FORMS[char].all() if char in FORMS else (char,)
    return max(_placed(shape, face)[1] for shape in shapes)


def line(text: str, style: Style) -> Line:
    """Return ``text`` on one line, however wide."""
    return Line(style, tuple(_runs(shown(text, style.face), style)))


def _runs(stored: str, style: Style) -> Iterator[Run]:
    text = _visual(stored)
    start, face, width = 0, style.face, 0.0
    for index, char in enumerate(text):
        char_face, advance = _placed(char, style.face)
        if char_face is not face:
            if index > start:
                yield Run(face, text[start:index], width * style.size / 1000)
            start, face, width = index, char_face, 0.0
        width += advance
    if len(text) > start:
        yield Run(face, text[start:], width * style.size / 1000)


def _visual(text: str) -> str:
    """Return ``text`` with each stretch of right-to-left letters, and blanks between them, joined and turned.

    A mark comes to stand before its letter: the fonts draw such marks over what follows.
    """
    if not _RIGHT_TO_LEFT.search(text):
        return text
    return _RIGHT_TO_LEFT.sub(lambda found: joined(found.group())[::-1], text)


def wrap(text: str, style: Style, width: float, breaks: frozenset[str] = PROSE_BREAKS) -> tuple[Line, ...]:
    """Break ``text`` into lines no wider than ``width`` points; no hyphen is added, no character dropped."""
    drawn = shown(text, style.face)
    return tuple(Line(style, tuple(_runs(piece, style))) for piece in _pieces(drawn, style, width, breaks))


def _pieces(text: str, style: Style, width: float, breaks: frozenset[str]) -> Iterator[str]:
    room = width * 1000 / style.size
    start, used, chance, used_at_chance, at = 0, 0.0, 0, 0.0, 0
    for unit in _UNIT.findall(text) if "\\" in text else text:
        advance = sum(_widest(char, style.face) for char in unit)
        while used + advance > room and at > start and unit != " ":
            if used_at_chance < room * _SHORTEST_FILL:
                chance, used_at_chance = at, used
            yield text[start:chance]
            start, used, used_at_chance = chance, used - used_at_chance, 0.0
        used += advance
        at += len(unit)
        if unit in breaks:
            chance, used_at_chance = at, used
    yield text[start:]
