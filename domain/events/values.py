"""The kinds of values that an event may hold, and the one form that each has in an entry.

Knows how a value becomes canonical JSON (RFC 8785) and comes back. Knows no event.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, NewType, cast
from uuid import UUID

from custody.domain.canonical import MAX_INTEGER, JsonValue
from custody.domain.digest import Digests
from custody.domain.errors import MalformedData
from custody.domain.identifiers import BatchId, JobId, KeyId, LedgerId, Position, TransferId
from custody.domain.paths import RawPath, from_json, to_json

Nanoseconds = NewType("Nanoseconds", int)  # since 1970 UTC; a string in JSON: it exceeds 2^53
Stretches = tuple[tuple[int, int], ...]  # offset and length in bytes
Wide = NewType("Wide", int)  # a device or inode number; a string in JSON: some file systems use 64 bits


Write = Callable[[str, object], str]  # the field's name and value: its member or members, in canonical JSON
Read = Callable[[Mapping[str, JsonValue], str], object]

_WIDE: Final = re.compile(r"0|-?[1-9][0-9]{0,19}")  # as Python writes a number, of 20 digits at most

# What ``canonical`` writes of a text; a lone surrogate is met when the text becomes bytes.
_quoted: Final = json.encoder.encode_basestring


def _write_text(name: str, value: object) -> str:
    return f'"{name}":{_quoted(cast("str", value))}'


def _write_plain_text(name: str, value: object) -> str:
    """Write a number or id whose text needs no escape."""
    return f'"{name}":"{value}"'


def _write_int(name: str, value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool) or not -MAX_INTEGER <= value <= MAX_INTEGER:
        message = f"field {name!r} is not a whole number within 2^53-1"
        raise MalformedData(message)
    return f'"{name}":{int(value)}'  # exit codes are of a class of their own


def _write_bool(name: str, value: object) -> str:
    return f'"{name}":{"true" if value else "false"}'


def write_path(name: str, value: object) -> str:
    """Write a path: one member, or two when its bytes are not plain printable UTF-8."""
    return ",".join(_write_text(key, text) for key, text in to_json(name, cast("bytes", value)).items())


def _write_paths(name: str, value: object) -> str:
    paths = ",".join("{" + write_path("path", path) + "}" for path in cast("tuple[RawPath, ...]", value))
    return f'"{name}":[{paths}]'


def _write_mapping(name: str, value: object) -> str:
    mapping = cast("Mapping[str, str]", value)
    if not all(map(str.isascii, mapping)):
        message = f"field {name!r} names a member in other characters than ASCII"
        raise MalformedData(message)
    members = ",".join(f"{_quoted(key)}:{_quoted(text)}" for key, text in sorted(mapping.items()))
    return f'"{name}":{{{members}}}'


def _write_list(name: str, value: object) -> str:
    return f'"{name}":[{",".join(map(_quoted, cast("tuple[str, ...]", value)))}]'


def _write_stretches(name: str, value: object) -> str:
    pairs = cast("Stretches", value)
    return f'"{name}":[{",".join(f"[{offset},{length}]" for offset, length in pairs)}]'


def _wrong(name: str) -> MalformedData:
    return MalformedData(f"field {name!r} has a wrong type or value")


def _read_text(data: Mapping[str, JsonValue], name: str) -> object:
    value = data[name]
    if not isinstance(value, str):
        raise _wrong(name)
    return value


def _read_int(data: Mapping[str, JsonValue], name: str) -> object:
    value = data[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name)
    return value


def _read_bool(data: Mapping[str, JsonValue], name: str) -> object:
    value = data[name]
    if not isinstance(value, bool):
        raise _wrong(name)
    return value


def _read_wide(data: Mapping[str, JsonValue], name: str) -> object:
    text = data[name]
    if not isinstance(text, str) or _WIDE.fullmatch(text) is None:
        raise _wrong(name)
    return int(text)


def _read_uuid(data: Mapping[str, JsonValue], name: str) -> object:
    text = cast("str", _read_text(data, name))
    try:
        value = UUID(text)
    except ValueError as error:
        raise _wrong(name) from error
    if str(value) != text:
        raise _wrong(name)
    return value


def _read_path(data: Mapping[str, JsonValue], name: str) -> object:
    return _path(data, name)


def _read_paths(data: Mapping[str, JsonValue], name: str) -> object:
    items = data[name]
    if not isinstance(items, list):
        raise _wrong(name)
    found = []
    for item in items:
        if not isinstance(item, dict) or not item.keys() <= {"path", "path_b64"}:
            raise _wrong(name)
        found.append(_path(item, "path"))
    return tuple(found)


def _path(data: Mapping[str, JsonValue], name: str) -> RawPath:
    encoded = data.get(f"{name}_b64")
    if encoded is None and f"{name}_b64" in data:
        raise _wrong(f"{name}_b64")
    return from_json(data.get(name), encoded)


def _read_mapping(data: Mapping[str, JsonValue], name: str) -> object:
    value = data[name]
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _wrong(name)
    return value


def _read_list(data: Mapping[str, JsonValue], name: str) -> object:
    value = data[name]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name)
    return tuple(value)


def _read_stretches(data: Mapping[str, JsonValue], name: str) -> object:
    value = data[name]
    if not isinstance(value, list):
        raise _wrong(name)
    return tuple(_stretch(item, name) for item in value)


def _stretch(item: JsonValue, name: str) -> tuple[int, int]:
    match item:
        case [int() as offset, int() as length] if type(offset) is type(length) is int:
            return offset, length
        case _:
            raise _wrong(name)


KINDS: Final[Mapping[object, tuple[Write, Read]]] = {
    str: (_write_text, _read_text),
    int: (_write_int, _read_int),
    bool: (_write_bool, _read_bool),
    Nanoseconds: (_write_plain_text, _read_wide),
    Wide: (_write_plain_text, _read_wide),
    LedgerId: (_write_plain_text, _read_uuid),
    JobId: (_write_plain_text, _read_uuid),
    TransferId: (_write_plain_text, _read_uuid),
    BatchId: (_write_text, _read_text),
    KeyId: (_write_text, _read_text),
    Position: (_write_int, _read_int),
    RawPath: (write_path, _read_path),
    tuple[RawPath, ...]: (_write_paths, _read_paths),
    tuple[str, ...]: (_write_list, _read_list),
    Stretches: (_write_stretches, _read_stretches),
    Digests: (_write_mapping, _read_mapping),
}
