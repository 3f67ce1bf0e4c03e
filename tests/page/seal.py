"""Fills in what ``verify.html`` says about itself and about the event types: ``python -m tests.page.seal``.

The page forbids itself every script and style but its own, which it names by their SHA-256. A test holds the
file equal to what this makes of it, so that neither a change of the page nor a new event type is forgotten.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from itertools import groupby
from pathlib import Path
from typing import Final, get_type_hints

from custody.domain.events import EVENT_TYPES
from custody.domain.events.schema import Event
from custody.domain.events.values import KINDS

PAGE: Final = Path(__file__).parents[2] / "reports" / "bundle_files" / "verify.html"

_TABLE: Final = re.compile(r"(?<=const EVENT_STREAMS = \{\n).*?(?=^\};$)", re.DOTALL | re.MULTILINE)
_FIELDS: Final = re.compile(r"(?<=const EVENT_FIELDS = \{\n).*?(?=^\};$)", re.DOTALL | re.MULTILINE)
_LINE: Final = 120


def sealed(page: str) -> str:
    """Return the page with the tables of event types and fields, and the two hashes that it must have."""
    page = _TABLE.sub(_event_table(), page, count=1)
    page = _FIELDS.sub("".join(map(_field_lines, EVENT_TYPES.values())), page, count=1)
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


def _field_lines(event_type: type[Event]) -> str:
    """The fields of one type as the page has them: ``name:form``, ``name?:form`` if it may be missing."""
    hints = get_type_hints(event_type)
    words = [
        f"{field.name}{'' if field.default is MISSING else '?'}:{_form(hints[field.name])}"
        for field in fields(event_type)
    ]
    lines = [f'"{line}"' for line in _wrapped(words)]
    if len(lines) == 1:
        return f"  {event_type.__name__}: {lines[0]},\n"
    return f"  {event_type.__name__}:\n    " + " +\n    ".join(lines) + ",\n"


def _form(annotation: object) -> str:
    """The name of the form that values of a kind have, taken from the function that reads them."""
    for kind, (_, read) in KINDS.items():
        if annotation in (kind, kind | None):  # type: ignore[operator]  # every kind supports `| None`
            return read.__name__.removeprefix("_read_")
    raise TypeError(annotation)


def _wrapped(words: list[str]) -> Iterator[str]:
    """Yield the words in lines; all but the last end with a blank."""
    line = ""
    for word in words:
        if line and len(line) + len(word) > _LINE - 24:
            yield f"{line} "
            line = ""
        line += f" {word}" if line else word
    yield line


if __name__ == "__main__":
    PAGE.write_text(sealed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
