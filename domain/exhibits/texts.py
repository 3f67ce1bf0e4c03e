"""What people write about cases and exhibits: which texts are taken, and how long they may be.

Knows limits only. Whoever shows a text escapes it all the same.
"""

from typing import Final

from custody.domain.errors import UsageError

MAX_NUMBER_BYTES: Final = 200
"""Of a case or exhibit number typed here."""

MAX_LINE_BYTES: Final = 1_000
"""Of one line of a form: an offer and its answer must fit together into the other side's entry of 60 KiB."""

MAX_NOTE_BYTES: Final = 10_000
"""Of a note, as of any form field."""

_LINES: Final = frozenset("\n\t")


def number_text(name: str, value: str) -> str:
    """Return a case or exhibit number. Raises UsageError; ``name`` is the option's or argument's."""
    text = value.strip()
    _require(name, text, MAX_NUMBER_BYTES)
    if not text.isprintable():
        raise UsageError(f"{name} holds characters that cannot be printed")
    return text


def form_text(name: str, value: str | None, limit_bytes: int = MAX_LINE_BYTES) -> str | None:
    """Return a text of a form, None where there is none. Raises UsageError."""
    if value is None:
        return None
    text = value.strip()
    _require(name, text, limit_bytes)
    if any(ord(char) < ord(" ") and char not in _LINES for char in text):
        raise UsageError(f"{name} holds control characters")
    return text


def _require(name: str, text: str, limit_bytes: int) -> None:
    if not text:
        raise UsageError(f"{name} is empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UsageError(f"{name} holds bytes that are not UTF-8") from None
    if size > limit_bytes:
        raise UsageError(f"{name} is longer than {limit_bytes:,} bytes")
