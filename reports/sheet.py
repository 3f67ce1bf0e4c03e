"""Pages of A4 with a running header and footer, filled from the top down.

Knows margins, page breaks, and that the number of pages is known only at the end. Knows nothing of what is
printed. Same calls, same bytes: reportlab's invariant mode, no compression (its output differs between builds
of zlib), the date given from outside.
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from custody.reports.fonts import Face, metrics
from custody.reports.typesetting import Line, Style, line, wrap

# No text of ours is ever parsed as markup; should a later one be, it may fetch nothing.
rl_config.trustedHosts = []
rl_config.trustedSchemes = []

MARGIN: Final = 48.0
TOP: Final = 62.0
BOTTOM: Final = 56.0
BLACK: Final = 0.0
GREY: Final = 0.25
LIGHT: Final = 0.7

_PAGES_FORM: Final = "number-of-pages"
_SMALL: Final = Style(Face.TEXT, 7, 9)
_SMALL_BOLD: Final = Style(Face.BOLD, 7, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Furniture:
    """What every page bears, and what the file says of itself."""

    title: str
    author: str
    subject: str
    date: str  # RFC 3339 UTC
    head_left: str
    head_right: str
    foot_right: str


class Sheet:
    """The page being filled. ``y`` is the height (points from below) that the next thing hangs from."""

    def __init__(self, out: BinaryIO, furniture: Furniture) -> None:
        metrics(Face.TEXT)  # known to reportlab from here on; its own default font would not be embedded
        self._canvas = Canvas(
            out,
            pagesize=A4,
            invariant=1,
            pageCompression=0,
            lang="en",
            initialFontName=Face.TEXT.value,  # type: ignore[arg-type]  # a name; the stubs say a size
        )
        self._furniture = furniture
        self._page = 0
        self._outlines = 0
        self.left = MARGIN
        self.right = A4[0] - MARGIN
        self.y = 0.0
        digits = "".join(char for char in furniture.date[:19] if char.isdigit())
        self._canvas.setDateFormatter(lambda *_: f"D:{digits}+00'00'")
        self._canvas.setTitle(furniture.title)
        self._canvas.setAuthor(furniture.author)
        self._canvas.setSubject(furniture.subject)
        self._canvas.setCreator("custody")
        self._begin_page()

    @property
    def width(self) -> float:
        """The width of the text, in points."""
        return self.right - self.left

    @property
    def room(self) -> float:
        """The height that is left on this page, in points."""
        return self.y - BOTTOM

    @property
    def height(self) -> float:
        """The height of an empty page, in points."""
        return A4[1] - TOP - BOTTOM

    @property
    def at_top(self) -> bool:
        """Whether nothing stands on this page yet."""
        return self.room >= self.height

    def need(self, height: float) -> bool:
        """Go to a new page unless ``height`` points are left; tell whether that was so."""
        if self.room >= height or self.at_top:
            return False
        self.break_page()
        return True

    def break_page(self) -> None:
        """End this page and begin the next."""
        self._canvas.showPage()
        self._begin_page()

    def skip(self, height: float) -> None:
        """Leave ``height`` points empty."""
        self.y -= height

    def put(self, text: Line, x: float, baseline: float, grey: float = BLACK) -> None:
        """Draw a line of text from ``x`` on."""
        self._canvas.setFillGray(grey)
        for run in text.runs:
            if run.text:
                self._canvas.setFont(run.face.value, text.style.size)
                self._canvas.drawString(x, baseline, run.text)
            x += run.width

    def put_right(self, text: Line, x: float, baseline: float, grey: float = BLACK) -> None:
        """Draw a line of text so that it ends at ``x``."""
        self.put(text, x - text.width, baseline, grey)

    def rule(self, y: float, weight: float = 0.4, grey: float = BLACK, *, left: float | None = None) -> None:
        """Draw a horizontal line to the right margin."""
        self._canvas.setStrokeGray(grey)
        self._canvas.setLineWidth(weight)
        self._canvas.line(self.left if left is None else left, y, self.right, y)

    def bar(self, x: float, top: float, bottom: float, weight: float, grey: float = BLACK) -> None:
        """Draw a vertical line."""
        self._canvas.setStrokeGray(grey)
        self._canvas.setLineWidth(weight)
        self._canvas.line(x, top, x, bottom)

    def box(self, top: float, height: float, weight: float) -> None:
        """Draw a frame across the page, hanging from ``top``."""
        self._canvas.setStrokeGray(BLACK)
        self._canvas.setLineWidth(weight)
        self._canvas.rect(self.left, top - height, self.width, height)

    def outline(self, title: str, level: int) -> None:
        """Let a reader's contents pane lead here."""
        self._outlines += 1
        key = f"part-{self._outlines}"
        self._canvas.bookmarkHorizontal(key, 0, self.y)
        self._canvas.addOutlineEntry(title, key, level, closed=level > 0)

    def finish(self) -> None:
        """End the last page and write the file."""
        self._canvas.showPage()
        self._canvas.beginForm(_PAGES_FORM)
        self.put(line(f"{self._page:,}", _SMALL), 0, 0, GREY)
        self._canvas.endForm()
        self._canvas.showOutline()
        self._canvas.save()

    def _begin_page(self) -> None:
        self._page += 1
        self.y = A4[1] - TOP
        high, low = A4[1] - 40, BOTTOM - 20
        half = self.width / 2 - 6
        self.put(_fitted(self._furniture.head_left, _SMALL_BOLD, half), self.left, high)
        self.put_right(_fitted(self._furniture.head_right, _SMALL, half), self.right, high)
        self.rule(high - 6)
        self.rule(low + 11, grey=LIGHT)
        self.put_right(_fitted(self._furniture.foot_right, _SMALL, self.width - 100), self.right, low, GREY)
        number = line(f"page {self._page:,} of", _SMALL)
        self.put(number, self.left, low, GREY)
        self._canvas.saveState()
        self._canvas.translate(self.left + number.width + 2.5, low)
        self._canvas.doForm(_PAGES_FORM)
        self._canvas.restoreState()


def _fitted(text: str, style: Style, width: float) -> Line:
    """Return as much of ``text`` as fits, with an ellipsis if that is not all."""
    whole = line(text, style)
    if whole.width <= width:
        return whole
    first = wrap(text, style, width - style.size)[0]
    return Line(style, (*first.runs, *line("…", style).runs))
