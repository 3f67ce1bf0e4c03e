"""Fills in what ``verify.html`` says about itself and about the event types: ``python -m tests.page.seal``.

The page forbids itself every script and style but its own, which it names by their SHA-256. A test holds the
file equal to what this makes of it, so that neither a change of the page nor a new event type is forgotten.
"""

import base64
import hashlib
import re
from itertools import groupby
from pathlib import Path
from typing import Final

from custody.domain.events import EVENT_TYPES

PAGE: Final = Path(__file__).parents[2] / "reports" / "bundle_files" / "verify.html"

_TABLE: Final = re.compile(r"(?<=const EVENT_STREAMS = \{\n).*?(?=^\};$)", re.DOTALL | re.MULTILINE)
_LINE: Final = 120


def sealed(page: str) -> str:
    """Return the page with the table of event types and the two hashes that it must have."""
    page = _TABLE.sub(_event_table(), page, count=1)
    for tag in ("script", "style"):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        page = re.sub(rf"({tag}-src 'sha256-)[^']*'", rf"\g<1>{digest}'", page, count=1)
    return page


def _event_table() -> str:
    kinds = {name: event_type.stream_kind for name, event_type in EVENT_TYPES.items()}
    lines: list[str] = []
    for _, names in groupby(
        sorted(kinds, key=lambda name: (kinds[name], name)), key=lambda name: kinds[name]
    ):
        line = " "
        for name in names:
            member = f' {name}: "{kinds[name]}",'
            if len(line) + len(member) > _LINE:
                lines.append(line)
                line = " "
            line += member
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(sealed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
