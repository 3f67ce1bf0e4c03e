"""Paths as raw bytes, and how they are shown to people.

Knows that a file name is bytes, how it is printed without doing harm, and how it is kept in JSON. Does not
touch a disk and never normalises a name (no case folding, no NFC).
"""

import base64
import binascii
from collections.abc import Iterator
from typing import NewType

from custody.domain.errors import MalformedData, Refused

RawPath = NewType("RawPath", bytes)

MAX_NAME_BYTES = 255
MAX_SHOWN_CHARS = 2_000  # of a path whose bytes stand beside it: three, all escapes, fit into an entry
_LATIN_LIMIT = 0x100
_BMP_LIMIT = 0x10000


def printable(path: bytes) -> str:
    r"""Show ``path`` to people: what is not plain printable UTF-8 becomes ``\xff``, ``\u202e``."""
    text = path.decode("utf-8", "surrogateescape")
    return text if text.isprintable() else escape_text(text)


def escape_text(text: str) -> str:
    """Escape every character that could move a cursor, hide or reorder text. Never raises."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - PEP 383: a byte that did not decode
        return f"\\x{code - 0xDC00:02x}"
    if code < _LATIN_LIMIT:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _BMP_LIMIT else f"\\U{code:08x}"


def to_json(name: str, path: bytes) -> dict[str, str]:
    """Return ``{name: printable}``, with ``name_b64`` when the bytes are not plain printable UTF-8."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and (text or not path):
        return {name: text}
    shown = printable(path)
    if len(shown) > MAX_SHOWN_CHARS:
        shown = shown[:MAX_SHOWN_CHARS] + "…"
    return {name: shown, f"{name}_b64": base64.b64encode(path).decode()}


def from_json(shown: object, encoded: object) -> RawPath:
    """Return the bytes kept by :func:`to_json`; the base64 form, where there is one, is the truth.

    The shown form is not required to be ours: what counts as printable changes with Unicode's versions, and
    an old ledger must stay readable. Raises MalformedData for a wrong type or undecodable forms.
    """
    if not isinstance(shown, str):
        message = "a path is not a string"
        raise MalformedData(message)
    try:
        return RawPath(shown.encode() if encoded is None else _decode_base64(encoded))
    except UnicodeEncodeError as error:
        message = "a path holds a lone surrogate"
        raise MalformedData(message) from error


def _decode_base64(encoded: object) -> bytes:
    if not isinstance(encoded, str):
        message = "the base64 form of a path is not a string"
        raise MalformedData(message)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "the base64 form of a path is not base64"
        raise MalformedData(message) from error


def below(path: bytes) -> RawPath:
    """Return ``path`` if it is a safe relative path: no empty, ``.`` or ``..`` part, no NUL, not absolute.

    Raises Refused otherwise.
    """
    parts = path.split(b"/")
    if not path or b"\0" in path or any(part in {b"", b".", b".."} for part in parts):
        message = f"not a safe path below a folder: {printable(path)}"
        raise Refused(message, done="nothing was written")
    return RawPath(path)


def join(folder: bytes, path: bytes) -> RawPath:
    """Return ``folder/path``; the folder may be the root."""
    return RawPath(folder.rstrip(b"/") + b"/" + path)


def parent(path: bytes) -> RawPath:
    """Return the part before the last ``/`` (empty for a bare name)."""
    return RawPath(path.rpartition(b"/")[0])


def name(path: bytes) -> bytes:
    """Return the part after the last ``/``."""
    return path.rpartition(b"/")[2]


def beside(path: bytes, name: bytes) -> RawPath:
    """Return the path of another name in the folder of ``path``."""
    folder = parent(path)
    return RawPath(folder + b"/" + name if folder else name)


def with_parents(path: bytes) -> Iterator[RawPath]:
    """Yield an absolute path and every folder above it, the root last, by the names alone."""
    while path and path != b"/":
        yield RawPath(path)
        path = parent(path)
    yield RawPath(b"/")


def is_within(path: bytes, folder: bytes) -> bool:
    """Tell whether ``path`` is ``folder`` or lies below it, by the names alone."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
