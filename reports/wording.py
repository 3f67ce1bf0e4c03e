"""How numbers, sizes, times and the stored words of events are put for people who never saw a ledger.

Knows vocabulary only. Knows no event as a whole and no layout.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from custody.domain.paths import escape_text

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KILO: Final = 1000
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_NANOSECONDS: Final = 1_000_000_000

ALGORITHMS: Final[Mapping[str, str]] = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha512": "SHA-512",
}
READ_BACK: Final[Mapping[str, str]] = {
    "direct": "from the device, past the memory of the system (direct)",
    "dropped": "after the system was asked to drop its memory of the file (dropped)",
    "cached": "possibly from the memory of the system, not the device (cached)",
}
STAGES: Final[Mapping[str, str]] = {
    "inventory": "while the source was listed",
    "open": "while the source was opened",
    "read": "while the source was read",
    "write": "while the copy was written",
    "flush": "while the copy was flushed to the device",
    "publish": "while the copy was given its name",
    "metadata": "while times and mode were set",
    "read-back": "while the copy was read back",
    "final-check": "in the final check of the job",
}
ENDINGS: Final[Mapping[str, str]] = {
    "paused": "it had been paused on request",
    "stopped": "it had been given up early",
    "incomplete": "it had ended with something left to do",
    "halted": "the destination or the ledger had failed",
    "killed": "the program had been killed",
    "restarted": "the machine had been restarted: power loss or reset",
}
PAUSES: Final[Mapping[str, str]] = {
    "SIGINT": "the examiner interrupted it (SIGINT)",
    "SIGTERM": "the system asked it to end (SIGTERM)",
}
FOUND: Final[Mapping[str, str]] = {
    "published": "a file under its own name, not yet verified",
    "fsynced": "a flushed copy, not yet read back",
    "temporary": "a temporary file, which was removed",
    "nothing": "nothing of a copy",
    "prefix": "the first bytes of a large copy, so the copying goes on behind them",
    "failed": "a failed attempt, which is tried again",
    "missing": "the verified copy was gone, so it is copied again",
}
FINDINGS: Final[Mapping[str, str]] = {
    "read-back-differs": "its content is not as recorded",
    "changed": "it is not as recorded",
    "missing": "it is gone",
    "not-a-regular-file": "it is not a file any more",
    "unreadable": "it could not be read",
}
CHANGES: Final[Mapping[str, str]] = {
    "appeared": "was not there in the first walk",
    "vanished": "was there in the first walk and is gone",
    "changed": "is not as it was in the first walk",
}


def number(value: int) -> str:
    """Return ``1,234,567``."""
    return f"{value:,}"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{number(value)} {noun if value == 1 else plural or noun + 's'}"


def size(size_bytes: int) -> str:
    """Return ``30.1 GB (30,064,771,072 bytes)``: decimal units, the exact number always with them."""
    if size_bytes < _KILO:
        return count(size_bytes, "byte")
    rank = min((len(str(size_bytes)) - 1) // 3, len(_UNITS) - 1)
    tenths = size_bytes * 10 // _KILO**rank
    return f"{number(tenths // 10)}.{tenths % 10} {_UNITS[rank]} ({number(size_bytes)} bytes)"


def moment(at: str) -> str:
    """Return an entry's time, RFC 3339 UTC, as ``2026-03-01 21:10:00 UTC``."""
    return f"{at[:10]} {at[11:19]} UTC"


def file_time(nanoseconds: int) -> tuple[str, str]:
    """Return day and time of day (UTC) of a file's time stamp; nanoseconds only where there are any."""
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    try:
        at = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:  # a damaged file system may claim any year
        return "not a date:", f"{number(seconds)} s since 1970"
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%S") + fraction


def offset(seconds: int) -> str:
    """Return a zone's offset as ``UTC+01:00``."""
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(abs(seconds), 60)
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}" + (f":{rest:02}" if rest else "")


def algorithm(name: str) -> str:
    """Return the name of a hash algorithm as its standard writes it."""
    return ALGORITHMS.get(name, name)


def listed(words: Iterable[str]) -> str:
    """Return ``a, b and c``."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def brief(text: str, most: int = 60) -> str:
    """Return ``text`` in at most ``most`` characters, with an ellipsis if that is not all of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def few(values: Iterable[str], most: int = 3) -> str:
    """Return at most ``most`` of the values, each in brief, and how many more there are."""
    items = list(values)
    named = [brief(item) for item in items[:most]]
    return listed(named if len(items) <= most else (*named, f"{number(len(items) - most)} more"))


def sentence(message: str) -> str:
    """Return a recorded message, escaped, with a full stop."""
    text = escape_text(message)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def quoted(name: str) -> str:
    """Return a name, escaped, between quotation marks."""
    return f"“{escape_text(name)}”"


def duration(seconds: float) -> str:
    """Return ``1 h 2 min 3.5 s``; parts that are nothing are left out."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number(hours)} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{tenths / 10:g} s"] if tenths or not parts else []
    return " ".join(parts)
