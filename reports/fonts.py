"""The embedded fonts: which characters they have, how wide these are, and in what order fonts stand in.

Knows faces and metrics. Knows nothing of pages; the licences lie in ``fonts/``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont


class Face(StrEnum):
    """A typeface of the reports, by the name that reportlab knows it under."""

    TEXT = "CustodyText"
    BOLD = "CustodyBold"
    MONO = "CustodyMono"
    FAR_EAST = "CustodyFarEast"


_FILES: Final[Mapping[Face, str]] = {
    Face.TEXT: "DejaVuSansCondensed.ttf",
    Face.BOLD: "DejaVuSansCondensed-Bold.ttf",
    Face.MONO: "DejaVuSansMono.ttf",
    Face.FAR_EAST: "wqy-microhei.ttc",
}
_STAND_INS: Final[Mapping[Face, tuple[Face, ...]]] = {
    Face.TEXT: (Face.TEXT, Face.FAR_EAST),
    Face.BOLD: (Face.BOLD, Face.TEXT, Face.FAR_EAST),
    Face.MONO: (Face.MONO, Face.TEXT, Face.FAR_EAST),
}


@dataclass(frozen=True, slots=True)
class Metrics:
    """Advance widths of a face by code point, in thousandths of its size; what is absent has no glyph."""

    widths: Mapping[int, float]


@cache
def metrics(face: Face) -> Metrics:
    """Load a face from the package, make it known to reportlab, and return its metrics."""
    data = resources.files("custody.reports").joinpath("fonts", _FILES[face]).read_bytes()
    font = TTFont(face.value, BytesIO(data))
    pdfmetrics.registerFont(font)
    glyphs, widths = font.face.charToGlyph, font.face.charWidths
    return Metrics({code: widths[code] for code in glyphs if code in widths})


def face_for(code: int, wanted: Face) -> Face | None:
    """Return the first face that has a glyph for a code point: the wanted one or a stand-in, else None."""
    return next((face for face in _STAND_INS[wanted] if code in metrics(face).widths), None)
