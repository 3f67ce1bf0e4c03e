"""The form of a job: which fields it has, and how a value is read.

Knows the fixed list of fields, that times are written without a zone (they are what a recorder's display or a
person's note said), and the limits of a value. Knows no file format.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_FIELD_BYTES: Final = 10_000

TEXT_FIELDS: Final = (
    "case_number", "exhibit", "business_name", "location_address", "technician_name", "badge_number", "notes",
)  # fmt: skip
TIME_FIELDS: Final = ("video_start", "video_end", "dvr_time", "real_time")
FIELDS: Final = TEXT_FIELDS + TIME_FIELDS

# What a spreadsheet makes of a long number: its last digits are gone from the file itself.
_SPREADSHEET_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+")


@dataclass(frozen=True, slots=True)
class BadValue(Exception):
    """Why a value cannot stand in a field."""

    reason: str


def text_value(value: object) -> str:
    """Return a text field's value; raises BadValue."""
    # Larger numbers are no TOML integers, and Python may refuse to write them out.
    is_number = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 64  # noqa: PLR2004
    if not (isinstance(value, str) or is_number):
        reason = "is not text; put it in quotes"
        raise BadValue(reason)
    text = str(value).strip()
    if "\0" in text:
        reason = "holds a NUL character"
        raise BadValue(reason)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        reason = "holds characters that are not text (lone surrogates)"
        raise BadValue(reason) from None
    if size > MAX_FIELD_BYTES:
        reason = f"is longer than {MAX_FIELD_BYTES:,} bytes"
        raise BadValue(reason)
    if _SPREADSHEET_NUMBER.fullmatch(text):
        reason = (
            f"is {text}: a spreadsheet has rounded a long number and its last digits are lost; "
            "format the column as text and type it again"
        )
        raise BadValue(reason)
    return text


def time_value(value: object) -> str:
    """Return a time as ``YYYY-MM-DDTHH:MM:SS`` without a zone; raises BadValue."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        moment = _parsed(value.strip())
    else:
        reason = "is not a date with a time, like 2026-03-01T21:10:00"
        raise BadValue(reason)
    if moment.tzinfo is not None:
        reason = "has a time zone; write the time as the display or the note shows it"
        raise BadValue(reason)
    return moment.isoformat(timespec="seconds")


def _parsed(text: str) -> datetime:
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is not known and must not be invented
        except ValueError:
            continue
    reason = "is not a date with a time, like 2026-03-01T21:10:00"
    raise BadValue(reason)


def field_value(field: str, value: object) -> str:
    """Return the value of a form field as it is kept; raises BadValue."""
    return time_value(value) if field in TIME_FIELDS else text_value(value)


Form = Mapping[str, str]
