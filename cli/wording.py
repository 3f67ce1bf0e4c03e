"""Numbers, sizes and sentences for people. Programs get integers instead."""

import textwrap
from typing import Final

COLUMNS: Final = 79
_STEP: Final = 1000  # SI, as on the labels of drives
_UNITS: Final = ("kB", "MB", "GB", "TB", "PB")
_MINUTE: Final = 60
_HOUR: Final = 3600


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


def wrapped(text: str, indent: str) -> list[str]:
    """Return a sentence in lines of 79 columns, each begun with ``indent``."""
    return textwrap.wrap(text, COLUMNS, initial_indent=indent, subsequent_indent=indent + "  ")
