"""One signed record of the ledger: its body, its parts, and the event inside.

Knows the body's fields and their canonical order (RFC 8785: sorted keys). Signs nothing and checks no
signature; see ``dsse`` for the envelope, ``audit`` for judging a whole ledger.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from custody.domain import canonical
from custody.domain.canonical import JsonObject, JsonValue
from custody.domain.errors import MalformedData
from custody.domain.events import Event, decode, to_text, type_name
from custody.domain.identifiers import KeyId, LedgerId, Position, Stream, parse_stream

ENTRY_VERSION: Final = 1
NO_PREVIOUS: Final = "0" * 64
SALT_BYTES: Final = 16

_FIELDS: Final = frozenset(
    {"actor", "at", "data", "ledger", "position", "previous", "revision", "salt", "stream", "type", "v"}
)
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_HEX32: Final = re.compile(r"[0-9a-f]{32}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_FORMS: Final = {"actor": _HEX64, "at": _TIME, "previous": _HEX64, "salt": _HEX32}
# All at once, since it is asked of every entry; none of the forms has a blank.
_ALL_FORMS: Final = re.compile(" ".join(form.pattern for form in _FORMS.values()), re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The decoded body of one entry. ``at`` is the time that the writer's clock claimed (RFC 3339, UTC)."""

    ledger: LedgerId
    position: Position
    previous: str
    stream: Stream
    revision: int
    type: str
    at: str
    actor: KeyId
    data: Mapping[str, JsonValue]

    def event(self) -> Event:
        """Decode the event through the closed table; raises MalformedData."""
        return decode(self.type, self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place: what projections, reports and people read."""

    position: Position
    stream: Stream
    revision: int
    at: str
    actor: KeyId
    event: Event


def rfc3339(now: datetime) -> str:
    """Return a time as entries carry it: UTC, microseconds, ``Z`` (RFC 3339 section 5.6)."""
    return now.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def state_of(event: Event, at: str) -> bytes:
    """Return the part of a body that does not depend on its place: canonical ``{"at":…,"data":{…}}``.

    Raises MalformedData for what canonical JSON cannot carry.
    """
    return canonical.utf8(f'{{"at":"{at}","data":{to_text(event)}}}')


def body(
    state: bytes, *, actor: KeyId, ledger: str, place: tuple[int, str], stream: str, revision: int, name: str,
    salt: str,
) -> bytes:  # fmt: skip
    """Assemble the canonical body around ``state``; ``place`` is (position, previous).

    The keys sort as actor < at < data < ledger < …, so the state's inside goes in as it is.
    """
    position, previous = place
    return b"".join((
        b'{"actor":"', actor.encode(), b'",', state[1:-1],
        f',"ledger":"{ledger}","position":{position},"previous":"{previous}","revision":{revision}'
        f',"salt":"{salt}","stream":"{stream}","type":"{name}","v":{ENTRY_VERSION}}}'.encode(),
    ))  # fmt: skip


def name_of(event: Event) -> str:
    """Return the stored type name of an event."""
    return type_name(event)


def parse(raw: bytes) -> Entry:
    """Read a body; raises MalformedData unless it is canonical and every field has its form."""
    value = canonical.decode(raw)
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        message = "an entry's body does not have exactly the fields of an entry"
        raise MalformedData(message)
    data = value["data"]
    if value["v"] != ENTRY_VERSION or isinstance(value["v"], bool) or not isinstance(data, dict):
        message = "an entry's version is unknown or its data is no object"
        raise MalformedData(message)
    _require_forms(value)
    return Entry(
        ledger=_ledger(_text(value, "ledger")),
        position=Position(_natural(value, "position", least=0)),
        previous=_text(value, "previous"),
        stream=parse_stream(_text(value, "stream")),
        revision=_natural(value, "revision", least=1),
        type=_text(value, "type"),
        at=_time(value),
        actor=KeyId(_text(value, "actor")),
        data=data,
    )


def _text(value: JsonObject, name: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        message = f"an entry's {name} is not a string"
        raise MalformedData(message)
    return text


def _require_forms(value: JsonObject) -> None:
    texts = [_text(value, name) for name in _FORMS]
    if not _ALL_FORMS.fullmatch(" ".join(texts)):
        wrong = [name for name, text in zip(_FORMS, texts, strict=True) if not _FORMS[name].fullmatch(text)]
        message = f"an entry's {wrong[0]} does not have its form"
        raise MalformedData(message)


def _time(value: JsonObject) -> str:
    text = _text(value, "at")
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        message = "an entry's time is none of the calendar's"
        raise MalformedData(message) from error
    return text


def _natural(value: JsonObject, name: str, *, least: int) -> int:
    number = value[name]
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        message = f"an entry's {name} is not a whole number of at least {least}"
        raise MalformedData(message)
    return number


@lru_cache(maxsize=16)  # nearly all entries that are read one after the other are of one ledger
def _ledger(text: str) -> LedgerId:
    try:
        ledger = UUID(text)
    except ValueError as error:
        message = "an entry's ledger is not a UUID"
        raise MalformedData(message) from error
    if str(ledger) != text:
        message = "an entry's ledger is not written as RFC 9562 says"
        raise MalformedData(message)
    return LedgerId(ledger)
