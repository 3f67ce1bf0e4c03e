"""Numbers, sizes and sentences for people. Programs get integers instead."""

import re
from typing import Final
from unicodedata import combining, east_asian_width

from custody.domain.paths import escape_text, printable

_STEP: Final = 1000  # SI, as on the labels of drives
_UNITS: Final = ("kB", "MB", "GB", "TB", "PB")
_MINUTE: Final = 60
_HOUR: Final = 3600
_STEP_IN: Final = 2
_WORD: Final = re.compile(r"\s*\S+\s*")
_GAP: Final = re.compile(r"(?<=\S) {2,}|(?<=^ - )|(?<=^  - )|(?<=^   - )")  # between columns, behind a dash


def size_text(size: int) -> str:
    """Return a size in SI units with one decimal: ``12.3 MB``."""
    if size < _STEP:
        return f"{size} B"
    power = 1
    while power < len(_UNITS) and size >= _STEP ** (power + 1):
        power += 1
    value = size / float(_STEP**power)
    return f"{value:.1f} {_UNITS[power - 1]}"


def duration(seconds: float) -> str:
    """Return a duration: ``3.4 s``, ``2 min 05 s``, ``3 h 07 min``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 file``, ``3 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def columns(text: str) -> int:
    """Return how many columns of a terminal a printable text takes (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 0 if combining(char) else 1 for char in text)


def folded(line: str, width: int) -> list[str]:
    """Return a line in as many as it takes, broken at blanks; what follows stands below its last column.

    Nothing is cut: a word that is too long for a line, such as a path, is left whole.
    """
    if columns(line) <= width:
        return [line]
    indent = _hanging(line, width)
    lines, current = [], ""
    for word in _WORD.findall(line):
        if current.strip() and columns(current + word.rstrip()) > width:
            lines.append(current.rstrip())
            current = " " * min(indent, max(width - columns(word.rstrip()), _STEP_IN))
        current += word
    return [*lines, current]


def _hanging(line: str, width: int) -> int:
    """Return where the last column in the left half of a line begins, else two behind its indent."""
    bare = len(line) - len(line.lstrip())
    begun = [columns(line[: gap.end()]) for gap in _GAP.finditer(line)]
    return max((start for start in begun if start <= width // 2), default=bare + _STEP_IN)


def said_line(kind: str, path: bytes | None, text: str) -> str:
    """Return one escaped line about a note or a file."""
    if path is None:
        return escape_text(text)
    return f"{kind.upper():<8} {printable(path)}" + (f": {escape_text(text)}" if text else "")
