"""Path templates: ``{case_number}/{business_name} @ {location_address}/{video_start:%d%b%y_%H%M}``.

Knows a fixed list of fields and of date directives. There is no attribute access, no code, no other format
specification; a value can never add a folder of its own or leave the destination.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from custody.domain.errors import UsageError
from custody.domain.form import FIELDS, TIME_FIELDS
from custody.domain.paths import MAX_NAME_BYTES, RawPath

MAX_RESULT_BYTES: Final = 4096  # Linux PATH_MAX

TEMPLATE_FIELDS: Final = ("name", *FIELDS)
DEFAULT_TIME_FORM: Final = "%Y-%m-%d_%H%M"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PART: Final = re.compile(r"\{\{|\}\}|\{([a-z_]+)(?::([^{}]*))?\}|[{}]")
_DIRECTIVE: Final = re.compile(r"%(.?)")
_DIRECTIVES: Final[Mapping[str, Callable[[datetime], str]]] = {
    "d": lambda moment: f"{moment.day:02}",
    "m": lambda moment: f"{moment.month:02}",
    "b": lambda moment: _MONTHS[moment.month - 1],
    "y": lambda moment: f"{moment.year % 100:02}",
    "Y": lambda moment: f"{moment.year:04}",
    "H": lambda moment: f"{moment.hour:02}",
    "M": lambda moment: f"{moment.minute:02}",
    "S": lambda moment: f"{moment.second:02}",
    "%": lambda _: "%",
}
_UNSAFE: Final = re.compile(r"[/\\\x00-\x1f\x7f]")


def _bad(template: str, reason: str) -> UsageError:
    return UsageError(
        f"the path template {template!r} {reason}",
        done="nothing was written",
        hint=f"fields: {', '.join(TEMPLATE_FIELDS)}",
    )


def fill(template: str, values: Mapping[str, str]) -> RawPath:
    """Return the relative path that ``template`` makes of the values.

    A missing one becomes ``unknown <field>``.

    Raises UsageError as :func:`require_fields` does, and for a result that is empty, too long, absolute or
    has an empty, ``.`` or ``..`` part.
    """
    require_fields(template)

    def replace(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else _field(match[1], match[2], values)

    try:
        result = _PART.sub(replace, template).encode()
    except UnicodeEncodeError:
        raise _bad(template, "holds characters that are not text (lone surrogates)") from None
    parts = result.split(b"/")
    if len(result) > MAX_RESULT_BYTES or any(len(part) > MAX_NAME_BYTES for part in parts):
        raise _bad(template, f"makes a path over {MAX_RESULT_BYTES} bytes or a name over {MAX_NAME_BYTES}")
    if any(part in {b"", b".", b".."} for part in parts) or b"\0" in result:
        raise _bad(template, "makes a path with an empty, '.' or '..' part")
    return RawPath(result)


def require_fields(template: str) -> None:
    """Raise UsageError with everything that is wrong with the fields of a template, whatever their values."""
    wrong = dict.fromkeys(reason for match in _PART.finditer(template) for reason in _wrong(match))
    if wrong:
        raise _bad(template, ", ".join(wrong))


def _wrong(match: re.Match[str]) -> Iterator[str]:
    field, form = match[1], match[2]
    if field is None:
        if match[0] not in {"{{", "}}"}:
            yield "has a brace without its partner"
    elif field not in TEMPLATE_FIELDS:
        yield f"has an unknown field {field!r}"
    elif form is not None and field not in TIME_FIELDS:
        yield f"has a format for {field!r}, which is not a time"
    else:
        for directive in _DIRECTIVE.finditer(form or ""):
            if directive[1] not in _DIRECTIVES:
                yield f"has an unknown date directive {directive[0]!r}"


def _field(field: str, form: str | None, values: Mapping[str, str]) -> str:
    value = values.get(field, "")
    if not value:
        return f"unknown {field.replace('_', ' ')}"
    if field in TIME_FIELDS:
        value = _time(datetime.fromisoformat(value), form or DEFAULT_TIME_FORM)
    return _safe(value)


def _safe(value: str) -> str:
    """Make one path component of a value: no separators or controls, no dots or blanks at its ends."""
    return _UNSAFE.sub("_", value).strip(" .") or "_"


def _time(moment: datetime, form: str) -> str:
    # strftime would follow the locale and hand the format to the C library.
    return _DIRECTIVE.sub(lambda match: _DIRECTIVES[match[1]](moment), form)
