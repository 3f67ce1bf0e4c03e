"""Path templates: ``{case_number}/{business_name} @ {location_address}/{video_start:%d%b%y_%H%M}``.

Knows a fixed list of fields and of date directives. There is no attribute access, no code, no other format
specification; a value can never add a folder of its own or leave the destination.
"""

import re
from collections.abc import Mapping
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

    Raises UsageError for an unknown field, a format that is not allowed, or a result that is empty, too long,
    absolute or has an empty, ``.`` or ``..`` part.
    """

    def replace(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        if match[1] is None:
            raise _bad(template, "has a brace without its partner")
        return _field(template, match[1], match[2], values)

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


def _field(template: str, field: str, form: str | None, values: Mapping[str, str]) -> str:
    if field not in TEMPLATE_FIELDS:
        raise _bad(template, f"has an unknown field {field!r}")
    if form is not None and field not in TIME_FIELDS:
        raise _bad(template, f"has a format for {field!r}, which is not a time")
    value = values.get(field, "")
    if not value:
        return f"unknown {field.replace('_', ' ')}"
    if field in TIME_FIELDS:
        value = _time(template, datetime.fromisoformat(value), form or DEFAULT_TIME_FORM)
    return _safe(value)


def _safe(value: str) -> str:
    """Make one path component of a value: no separators or controls, no dots or blanks at its ends."""
    return _UNSAFE.sub("_", value).strip(" .") or "_"


def _time(template: str, moment: datetime, form: str) -> str:
    # strftime would follow the locale and hand the format to the C library.
    known = {
        "d": f"{moment.day:02}", "m": f"{moment.month:02}", "b": _MONTHS[moment.month - 1],
        "y": f"{moment.year % 100:02}", "Y": f"{moment.year:04}", "H": f"{moment.hour:02}",
        "M": f"{moment.minute:02}", "S": f"{moment.second:02}", "%": "%",
    }  # fmt: skip

    def directive(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise _bad(template, f"has an unknown date directive {match[0]!r}")
        return known[match[1]]

    return _DIRECTIVE.sub(directive, form)
