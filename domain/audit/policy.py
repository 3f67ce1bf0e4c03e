"""What an auditor requires of a ledger beyond what is always checked, read from a file of theirs.

Knows the policy file: TOML with a closed set of keys. Judges nothing. It comes from outside of what is
judged: whoever makes a ledger does not decide what must be proved of it.
"""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from custody.domain.audit.findings import CHECKS, Check
from custody.domain.errors import UsageError
from custody.domain.paths import escape_text

MAX_POLICY_BYTES: Final = 64 * 1024
MAX_NAMES: Final = 100  # authorities or witnesses in a list
MAX_NUMBER: Final = 2**53 - 1
_SHOWN: Final = 60  # characters of a key in a message

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPolicy:
    """What is required. What is missing of it leaves its check open: it is never passed.

    Without names, whichever authorities or witnesses are trusted count; each counts once.
    """

    required_checks: frozenset[Check] = frozenset()
    min_stamps: int = 0
    stamp_authorities: frozenset[str] = frozenset()
    min_cosignatures: int = 0
    cosignature_witnesses: frozenset[str] = frozenset()
    max_unanchored_entries: int | None = None
    max_anchor_age_days: int | None = None
    open_session_allowed: bool = True

    @property
    def required(self) -> frozenset[Check]:
        """The checks without which a ledger does not pass, besides those that are always carried out."""
        asks = self.min_stamps or self.min_cosignatures or self.max_anchor_age_days is not None
        return self.required_checks | {"anchors"} if asks else self.required_checks


DEFAULT_POLICY: Final = AuditPolicy()
"""No anchor is required; an open session and entries behind the last checkpoint are notes."""


def parse_policy(content: bytes) -> AuditPolicy:
    """Read a policy file. Raises UsageError that names every mistake; an unknown key is one."""
    if len(content) > MAX_POLICY_BYTES:
        raise _mistake(f"it is over the limit of {MAX_POLICY_BYTES} bytes")
    try:
        table = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError and TOMLDecodeError
        raise _mistake(f"it is not TOML: {error}") from None
    mistakes = [
        f"unknown key {name[:_SHOWN]!r}; known: {', '.join(sorted(_READERS))}"
        for name in table
        if name not in _READERS
    ]
    values: dict[str, object] = {}
    for name in _READERS.keys() & table.keys():
        try:
            values[name] = _READERS[name](table[name])
        except ValueError as error:
            mistakes.append(f"{name} {error}")
    mistakes = mistakes or list(_contradictions(table))
    if mistakes:
        raise _mistake("; ".join(sorted(mistakes)))
    return AuditPolicy(**values)  # type: ignore[arg-type]  # each value was read as its field has it


def _checks(value: object) -> frozenset[Check]:
    names = _names(value)
    if unknown := names - set(CHECKS):
        shown = ", ".join(sorted(name[:_SHOWN] for name in unknown))
        raise ValueError(f"names no check: {shown}; there are: {', '.join(CHECKS)}")
    return frozenset(check for check in CHECKS if check in names)


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ValueError("must be a list of texts")
    if not 0 < len(value) <= MAX_NAMES:
        raise ValueError(f"must have 1 to {MAX_NAMES} texts")
    return frozenset(value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"must be a whole number from 0 to {MAX_NUMBER}")
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - the fault of the file, not of a caller
    return value


_READERS: Final[Mapping[str, Callable[[object], object]]] = {
    "required_checks": _checks,
    "min_stamps": _number,
    "stamp_authorities": _names,
    "min_cosignatures": _number,
    "cosignature_witnesses": _names,
    "max_unanchored_entries": _number,
    "max_anchor_age_days": _number,
    "open_session_allowed": _yes_or_no,
}


def _contradictions(table: Mapping[str, object]) -> Collection[str]:
    """Return what can never be met, or would be ignored."""
    found = []
    for number, names in (("min_stamps", "stamp_authorities"), ("min_cosignatures", "cosignature_witnesses")):
        named = _names(table[names]) if names in table else None
        wanted = _number(table.get(number, 0))
        if named is not None and not 0 < wanted <= len(named):
            found.append(f"{names} has {len(named)} names, so {number} must be from 1 to that number")
    return found


def _mistake(message: str) -> UsageError:
    return UsageError(
        f"the policy cannot be used: {escape_text(message)[:2000]}",
        done="Nothing was audited.",
        hint="see the reference page on the audit for the keys of a policy file",
    )
