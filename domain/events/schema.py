"""How an event becomes JSON data and comes back.

Knows the few kinds of values an event may hold and their one form in an entry. Never imports by a name
found in data, never guesses: an unknown field, a missing one or a wrong type is refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, Final, NewType, TypeVar, cast, get_type_hints
from uuid import UUID

from custody.domain.canonical import MAX_INTEGER, JsonObject, JsonValue
from custody.domain.digest import Digests
from custody.domain.errors import MalformedData
from custody.domain.identifiers import BatchId, JobId, KeyId, LedgerId, Position, StreamKind, TransferId
from custody.domain.paths import RawPath, from_json, to_json

Nanoseconds = NewType("Nanoseconds", int)  # since 1970 UTC; a string in JSON: it exceeds 2^53
Wide = NewType("Wide", int)  # a device or inode number; a string in JSON: some file systems use 64 bits


@dataclass(frozen=True, slots=True)
class Event:
    """A fact, in the past tense. Its class name is its stored name; a later version would be ``Name/2``."""

    stream_kind: ClassVar[StreamKind]


E = TypeVar("E", bound=Event)
Write = Callable[[str, object], str]  # the field's name and value: its member or members, in canonical JSON
Read = Callable[[Mapping[str, JsonValue], str], object]

# What ``canonical`` writes of a text; a lone surrogate is met when the text becomes bytes.
_quoted: Final = json.encoder.encode_basestring


def _write_text(name: str, value: object) -> str:
    return f'"{name}":{_quoted(cast("str", value))}'


def _write_plain_text(name: str, value: object) -> str:
    """Write a number or id whose text needs no escape."""
    return f'"{name}":"{value}"'


def _write_int(name: str, value: object) -> str:
    if type(value) is not int or not -MAX_INTEGER <= value <= MAX_INTEGER:
        message = f"field {name!r} is not a whole number within 2^53-1"
        raise MalformedData(message)
    return f'"{name}":{value}'


def _write_bool(name: str, value: object) -> str:
    return f'"{name}":{"true" if value else "false"}'


def _write_path(name: str, value: object) -> str:
    return ",".join(_write_text(key, text) for key, text in to_json(name, cast("bytes", value)).items())


def _write_paths(name: str, value: object) -> str:
    paths = ",".join("{" + _write_path("path", path) + "}" for path in cast("tuple[RawPath, ...]", value))
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
    text = cast("str", _read_text(data, name))
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 20 or str(int(text)) != text:  # noqa: PLR2004
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


_KINDS: Mapping[object, tuple[Write, Read]] = {
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
    RawPath: (_write_path, _read_path),
    tuple[RawPath, ...]: (_write_paths, _read_paths),
    tuple[str, ...]: (_write_list, _read_list),
    Digests: (_write_mapping, _read_mapping),
}


def _kind(annotation: object) -> tuple[Write, Read]:
    for kind, functions in _KINDS.items():
        if annotation in (kind, kind | None):  # type: ignore[operator]  # every kind supports `| None`
            return functions
    message = f"no stored form for {annotation!r}"
    raise TypeError(message)


@dataclass(frozen=True, slots=True)
class _Form:
    """How one event type is written and read, worked out once from its annotations."""

    writers: tuple[tuple[str, Write], ...]
    readers: tuple[tuple[str, bool, Read], ...]
    names: frozenset[str]


_FORMS: dict[type[Event], _Form] = {}


def _form(event_type: type[Event]) -> _Form:
    form = _FORMS.get(event_type)
    if form is None:
        form = _FORMS[event_type] = _worked_out(event_type)
    return form


def _worked_out(event_type: type[Event]) -> _Form:
    hints = get_type_hints(event_type)
    kinds = {field.name: _kind(hints[field.name]) for field in fields(event_type)}
    paths = {name for name, (write, _) in kinds.items() if write is _write_path}
    return _Form(
        # In the order of RFC 8785; a name and its `_b64` are neighbours, since no other name lies between.
        writers=tuple((name, kinds[name][0]) for name in sorted(kinds)),
        readers=tuple(
            (field.name, field.default is MISSING, kinds[field.name][1]) for field in fields(event_type)
        ),
        names=frozenset(kinds.keys() | {f"{name}_b64" for name in paths}),
    )


def to_text(event: Event) -> str:
    """Return the event's data as canonical JSON (RFC 8785); a field that is None is left out.

    Written field by field, in a third of the time of a mapping and its encoder: it runs for each event.
    Raises MalformedData for a number that other readers would not keep.
    """
    members = [
        write(name, value)
        for name, write in _form(type(event)).writers
        if (value := getattr(event, name)) is not None
    ]
    return "{" + ",".join(members) + "}"


def to_data(event: Event) -> JsonObject:
    """Return the event's data as JSON values; raises MalformedData as ``to_text`` does."""
    return cast("JsonObject", json.loads(to_text(event)))


def from_data(event_type: type[E], data: Mapping[str, JsonValue]) -> E:
    """Return the event kept in ``data``.

    Raises MalformedData on an unknown field, a missing one, a wrong type or a value out of its form.
    """
    form = _form(event_type)
    unknown = data.keys() - form.names
    if unknown:
        message = f"{event_type.__name__} has unknown fields: {', '.join(sorted(unknown))}"
        raise MalformedData(message)
    values: dict[str, object] = {}
    for name, required, read in form.readers:
        if name in data:
            values[name] = read(data, name)
        elif required:
            message = f"{event_type.__name__} lacks the field {name!r}"
            raise MalformedData(message)
        elif f"{name}_b64" in data:
            message = f"{event_type.__name__} has the field '{name}_b64' without its {name!r}"
            raise MalformedData(message)
    return event_type(**values)
