"""Joins Arabic letters: each takes the form that its neighbours ask for, as the script is read.

Knows the forms that Unicode encodes (Arabic Presentation Forms A and B; the Unicode standard, section 9.2):
those of Arabic, Persian, Urdu and their neighbours. A letter of a joining script without encoded forms could
only be drawn wrongly, so it is not offered at all. Knows no font and no order of drawing.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ENCODED_FORMS: Final = (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD))
_LAM: Final = "\u0644"
_TATWEEL: Final = "\u0640"  # joins on both sides and has one form
_UNJOINED: Final = frozenset({"\u0621", "\u0674"})  # hamza and high hamza stand alone
# Arabic and Syriac, N'Ko, Mandaic to Arabic Extended-A, Mongolian, Phags-pa: letters that join.
_JOINING_BLOCKS: Final = (
    (0x0600, 0x077F),
    (0x07C0, 0x07FF),
    (0x0840, 0x08FF),
    (0x1800, 0x18AF),
    (0xA840, 0xA87F),
)


@dataclass(frozen=True, slots=True)
class Forms:
    """The shapes of a letter; one that joins only to the letter before it has no initial and no medial."""

    isolated: str
    final: str
    initial: str | None = None
    medial: str | None = None

    def all(self) -> tuple[str, ...]:
        """Return every shape."""
        return tuple(shape for shape in (self.isolated, self.final, self.initial, self.medial) if shape)


def _encoded() -> dict[str, Forms]:
    shapes: dict[str, dict[str, str]] = {}
    for code in _ENCODED_FORMS:
        place, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if place in {"<isolated>", "<final>", "<initial>", "<medial>"} and "0020" not in letters:
            key = "".join(chr(int(letter, 16)) for letter in letters)
            shapes.setdefault(key, {}).setdefault(place.strip("<>"), chr(code))
    return {key: Forms(**found) for key, found in shapes.items() if {"isolated", "final"} <= found.keys()}


_ALL: Final = _encoded()
FORMS: Final[Mapping[str, Forms]] = {key: forms for key, forms in _ALL.items() if len(key) == 1}
_LIGATURES: Final[Mapping[str, Forms]] = {
    _LAM + alef: _ALL[_LAM + alef] for alef in ("\u0622", "\u0623", "\u0625", "\u0627")
}


def can_be_joined(char: str) -> bool:
    """Tell whether a character is none that joins, or one whose forms are known.

    Encoded forms themselves are refused: nobody could tell them from the letters that they are forms of.
    """
    code = ord(char)
    if code in _ENCODED_FORMS:
        return False
    if not any(first <= code <= last for first, last in _JOINING_BLOCKS):
        return True
    joins = unicodedata.category(char).startswith("L")
    return not joins or char in FORMS or char in _UNJOINED or char == _TATWEEL


def joined(text: str) -> str:
    """Return ``text``, in the order of reading, with each letter in the form that its neighbours ask for."""
    clusters = _clusters(text)
    bare = ["", *(letter for letter, _ in clusters), ""]
    return "".join(
        _shape(letter, bare[index], bare[index + 2]) + marks for index, (letter, marks) in enumerate(clusters)
    )


def _clusters(text: str) -> list[tuple[str, str]]:
    """Split into letters with the marks on them; lam and alef are one letter."""
    found: list[tuple[str, str]] = []
    for char in text:
        letter, marks = found[-1] if found else ("", "")
        if found and unicodedata.category(char) == "Mn":
            found[-1] = letter, marks + char
        elif letter + char in _LIGATURES:
            found[-1] = letter + char, marks
        else:
            found.append((char, ""))
    return found


def _forms(letter: str) -> Forms | None:
    return FORMS.get(letter) or _LIGATURES.get(letter)


def _shape(letter: str, before: str, after: str) -> str:
    forms = _forms(letter)
    if forms is None:
        return letter
    to_the_one_before = _joins_on(before)
    to_the_one_after = forms.initial is not None and (after == _TATWEEL or _forms(after) is not None)
    if to_the_one_before and to_the_one_after and forms.medial is not None:
        return forms.medial
    if to_the_one_before:
        return forms.final
    return forms.initial if to_the_one_after and forms.initial is not None else forms.isolated


def _joins_on(letter: str) -> bool:
    forms = _forms(letter)
    return letter == _TATWEEL or (forms is not None and forms.initial is not None)
