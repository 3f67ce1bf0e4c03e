"""The answer to an offer of custody: what the receiver signs, or the giver who withdraws.

A DSSE envelope (version 1.0, one signature, canonical JSON) over a small JSON document; it stands as it is in
the answer file and in the entries of both ledgers. Signs nothing and verifies nothing.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, Self, TypeAlias, cast
from uuid import UUID

from custody.domain import canonical
from custody.domain.canonical import JsonObject, JsonValue
from custody.domain.entries.dsse import MAX_ENTRY_BYTES, pae
from custody.domain.errors import MalformedData
from custody.domain.identifiers import KeyId, LedgerId, Position

FORMAT: Final = "custody.answer/1"
ANSWER_TYPE: Final = "application/vnd.custody.answer+json"
MAX_ANSWER_BYTES: Final = MAX_ENTRY_BYTES

Word: TypeAlias = Literal["accepted", "declined"]

_MAX_DEPTH: Final = 3  # envelope, signatures, signature
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is signed. ``at`` is what the signer's clock claimed; ``read_back`` counts files by method."""

    answer: Word
    offer: str
    ledger: LedgerId
    position: Position
    case_number: str
    exhibit: str
    manifest_sha256: str
    files: int
    size: int  # bytes of all files
    read_back: Mapping[str, int]
    key: KeyId
    name: str
    badge: str | None = None
    agency: str | None = None
    at: str
    place: str | None = None
    comments: str | None = None

    def to_bytes(self) -> bytes:
        """Return the canonical JSON; a field that is None is left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        document = {name: value for name, value in values.items() if value is not None}
        document |= {"format": FORMAT, "ledger": str(self.ledger), "read_back": dict(self.read_back)}
        return canonical.encode(cast("JsonObject", document))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read it strictly. Raises MalformedData."""
        value = canonical.decode(data, max_bytes=MAX_ANSWER_BYTES)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise _wrong("format")
        names = {field.name for field in fields(cls)} | {"format"}
        if not names - _OPTIONAL <= value.keys() <= names:
            message = "an answer does not have exactly its fields"
            raise MalformedData(message)
        return cls(
            answer=_word(value),
            offer=_matching(value, "offer"),
            ledger=_ledger(value),
            position=Position(_natural(value, "position")),
            case_number=_text(value, "case_number"),
            exhibit=_text(value, "exhibit"),
            manifest_sha256=_matching(value, "manifest_sha256"),
            files=_natural(value, "files"),
            size=_natural(value, "size"),
            read_back=_counts(value),
            key=KeyId(_matching(value, "key")),
            name=_text(value, "name"),
            at=_matching(value, "at", _TIME),
            **{name: _text(value, name) for name in sorted(_OPTIONAL & value.keys())},
        )


_OPTIONAL: Final = frozenset({"badge", "agency", "place", "comments"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """An answer with its signature; nothing is verified yet."""

    answer: Answer
    body: bytes
    signature: bytes

    def signed_bytes(self) -> bytes:
        """Return the bytes that the signature covers."""
        return pae(ANSWER_TYPE, self.body)


def answer_envelope(body: bytes, key: KeyId, signature: bytes) -> bytes:
    """Return the envelope of a signed body."""
    return canonical.encode({
        "payload": base64.b64encode(body).decode(),
        "payloadType": ANSWER_TYPE,
        "signatures": [{"keyid": key, "sig": base64.b64encode(signature).decode()}],
    })  # fmt: skip


def open_answer(data: bytes) -> SignedAnswer:
    """Return what an envelope carries, taking only bytes that ``answer_envelope`` would write again.

    Raises MalformedData for anything else, and when the answer names another key than its signature.
    """
    value = canonical.decode(data, max_depth=_MAX_DEPTH, max_bytes=MAX_ANSWER_BYTES)
    match value:
        case {"payload": str() as payload, "signatures": [{"keyid": str() as key, "sig": str() as sig}]}:
            body, signature = _base64(payload), _base64(sig)
        case _:
            body = signature = b""
            key = ""
    if len(signature) != _SIGNATURE_BYTES or answer_envelope(body, KeyId(key), signature) != data:
        message = f"not a DSSE envelope of type {ANSWER_TYPE} with one signature"
        raise MalformedData(message, hint="give a file that 'custody transfer accept' or 'decline' wrote")
    answer = Answer.parse(body)
    if answer.key != key:
        message = "the answer names another key than the one said to have signed it"
        raise MalformedData(message)
    return SignedAnswer(answer=answer, body=body, signature=signature)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _wrong(name: str) -> MalformedData:
    return MalformedData(f"the {name} of an answer does not have its form")


def _word(value: JsonObject) -> Word:
    match value["answer"]:
        case "accepted":
            return "accepted"
        case "declined":
            return "declined"
        case _:
            raise _wrong("word")


def _text(value: JsonObject, name: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        raise _wrong(name)
    return text


def _matching(value: JsonObject, name: str, form: re.Pattern[str] = _HEX64) -> str:
    text = _text(value, name)
    if not form.fullmatch(text):
        raise _wrong(name)
    return text


def _natural(value: JsonObject, name: str) -> int:
    return _whole(value[name], name)


def _whole(number: JsonValue, name: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise _wrong(name)
    return number


def _counts(value: JsonObject) -> dict[str, int]:
    counts = value["read_back"]
    if not isinstance(counts, dict):
        raise _wrong("read_back")
    return {method: _whole(count, "read_back") for method, count in counts.items()}


def _ledger(value: JsonObject) -> LedgerId:
    text = _text(value, "ledger")
    try:
        ledger = UUID(text)
    except ValueError:
        raise _wrong("ledger") from None
    if str(ledger) != text:
        raise _wrong("ledger")
    return LedgerId(ledger)
