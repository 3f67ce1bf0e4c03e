"""Canonical JSON: the RFC 8785 subset that is stored, hashed and signed.

Knows strings, booleans, null, integers up to 2^53-1, arrays, and objects with ASCII names, and the one
byte sequence each such value has. Deliberately knows no floating-point numbers (their shortest form is
where implementations differ) and nothing of what the values mean.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from custody.domain.errors import MalformedData

JsonValue: TypeAlias = "str | bool | int | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What canonical JSON can carry. At run time an array is a list or a tuple, an object a dict."""

JsonObject: TypeAlias = "dict[str, JsonValue]"
"""An object while it is being put together."""

MAX_INTEGER: Final = 2**53 - 1
"""Largest magnitude that every JSON reader keeps exactly (RFC 8785 section 3.2.2.3, IEEE 754)."""

MAX_DEPTH: Final = 32
"""Arrays and objects inside one another; keeps every reader's stack small."""

MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
"""Largest document read, unless the caller sets less: the limit of a batch file."""

# For names in ASCII, sorting by code point (Python) is sorting by UTF-16 code unit (RFC 8785 section 3.2.3).
# The depth check above it makes a cycle impossible, so the encoder need not look for one.
_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)

# Strings are matched first, so that brackets inside them are not counted. One without an end is matched to
# the end: otherwise each quote inside it would be tried as a beginning, in time that grows with the square.
_STRING_OR_BRACKET: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?+\Z)|[\[\]{}]', re.DOTALL)

_TOO_LARGE: Final = "an integer is beyond 2^53-1 and would lose digits in other readers"


def encode(value: JsonValue) -> bytes:
    """Return the canonical bytes of a value (RFC 8785, without floating-point numbers).

    Raises MalformedData for anything outside the subset: another type, an integer beyond ``MAX_INTEGER``,
    a name that is not ASCII text, a lone surrogate, a depth beyond ``MAX_DEPTH``.
    """
    _require_subset(value, MAX_DEPTH)
    return utf8(_ENCODER.encode(value))


def utf8(text: str) -> bytes:
    """Return the bytes of a text that is JSON already. Raises MalformedData for a lone surrogate."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        message = "a text holds a lone surrogate, which UTF-8 cannot carry"
        raise MalformedData(message, hint="carry such names as base64 of their bytes") from None


def decode(data: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_DOCUMENT_BYTES) -> JsonValue:
    """Return the value whose canonical bytes are ``data``; arrays become lists, objects dicts.

    Whatever ``encode`` would write otherwise is refused: repeated names, blanks, other escapes, ``-0``,
    another order of names. Raises MalformedData for that and for everything ``encode`` refuses, nothing else.
    """
    if len(data) > max_bytes:
        message = f"a JSON document of {len(data)} bytes is over the limit of {max_bytes}"
        raise MalformedData(message)
    _require_depth(data, min(max_depth, MAX_DEPTH))
    value = _parsed(data)
    # The parser gives nothing outside the subset but names that are not ASCII, and an ASCII text that comes
    # out the same again has none: their escapes are not canonical. So only other texts are looked through.
    again = utf8(_ENCODER.encode(value)) if data.isascii() else encode(value)
    if again != data:
        message = "a JSON document is not in canonical form (RFC 8785)"
        raise MalformedData(message, hint="repeated or unsorted names, blanks and other escapes are refused")
    return value


def _parsed(data: bytes) -> JsonValue:
    """Return what a JSON text holds, without floating-point numbers and integers beyond the subset."""
    try:
        text = data.decode("utf-8")
        value, end = _DECODER.raw_decode(text)
    except ValueError as error:  # also UnicodeDecodeError, JSONDecodeError
        message = f"not a JSON document: {error}"
        raise MalformedData(message) from None
    if end != len(text):
        message = "not a JSON document: something follows it"
        raise MalformedData(message)
    return cast("JsonValue", value)


def _integer(digits: str) -> int:
    # 17 characters: the sixteen digits of 2^53-1 and a sign; Python takes long to read very many.
    if len(digits) > 17 or not -MAX_INTEGER <= (number := int(digits)) <= MAX_INTEGER:  # noqa: PLR2004
        raise MalformedData(_TOO_LARGE, hint="carry large numbers as decimal text")
    return number


def _no_float(text: str) -> None:
    message = f"canonical JSON cannot carry a float: {text[:30]}"
    raise MalformedData(message)


def _require_subset(value: object, depth_left: int) -> None:
    """Raise MalformedData unless the value and all in it belong to the subset."""
    if value is None or isinstance(value, str):
        return
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise MalformedData(_TOO_LARGE, hint="carry large numbers as decimal text")
    elif isinstance(value, dict):
        _require_names(value)
        _require_members(value.values(), depth_left)
    elif isinstance(value, list | tuple):
        _require_members(value, depth_left)
    else:
        message = f"canonical JSON cannot carry a {type(value).__name__}"
        raise MalformedData(message)


def _require_names(names: Mapping[object, object]) -> None:
    for name in names:
        if not isinstance(name, str) or not name.isascii():
            message = f"{name!a} cannot name a member: names are ASCII text"
            raise MalformedData(message)


def _require_members(members: Iterable[object], depth_left: int) -> None:
    if depth_left == 0:
        message = f"a value nests deeper than {MAX_DEPTH}"
        raise MalformedData(message)
    for member in members:
        # Most members are text: not calling for them halves the cost of the check.
        if type(member) is not str:
            _require_subset(member, depth_left - 1)


def _require_depth(data: bytes, max_depth: int) -> None:
    """Raise MalformedData for too deep a nesting, before a parser that recurses sees it."""
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        token = match.group()
        if token in {b"[", b"{"}:
            depth += 1
        elif token in {b"]", b"}"}:
            depth -= 1
        if depth > max_depth:
            message = f"a JSON document nests deeper than {max_depth}"
            raise MalformedData(message)


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_no_float, parse_constant=_no_float)
