"""VERIFY.md of a bundle: the commands that check it with tools that did not come from here, filled in.

Knows what is filled in. The words and commands are those of ``bundle_files/VERIFY.md``; every block of them
is run by the tests exactly as it is printed.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from custody.domain.entries.dsse import PAYLOAD_TYPE
from custody.domain.events import CheckpointStamped
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.paths import escape_text
from custody.domain.proofs.disclosure import Scope

_NOTHING_WITHHELD: Final = (
    "Nothing is withheld: line *n* of `entries.ndjson`, counted from 0, is position *n* of the ledger."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp and the line of entries.ndjson, counted from 1, that carries it."""

    line: int
    event: CheckpointStamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What the commands are filled in with.

    ``key`` signed this ``line`` of entries.ndjson, counted from 1, and ``note_key`` the checkpoint.
    """

    ledger: LedgerId
    size: int
    withheld: int
    scope: Scope
    keys: Sequence[KeyId]
    line: int
    key: KeyId
    note_key: KeyId
    stamp: Stamp | None = None
    witnesses: Sequence[str] = ()  # verifier keys of those who cosigned


def verify_text(template: str, stamp_template: str, guide: Guide) -> str:
    """Return the document of a template, with a section about the stamp where there is one."""
    stamp = guide.stamp
    values = {
        "ABOUT": _about(guide.scope),
        "LEDGER": str(guide.ledger),
        "SIZE": str(guide.size),
        "LINES": str(guide.size - guide.withheld),
        "WITHHELD": _withheld(guide),
        "KEYS": "\n".join(f"- `{key}`" for key in guide.keys),
        "LINE": str(guide.line),
        "KEY": guide.key,
        "NOTE_KEY": guide.note_key,
        "KEY_OPTIONS": "".join(f' --key "$KEYS/{key}.pem"' for key in guide.keys),
        "TRUST_OPTIONS": "".join(f" \\\n    {option}" for option in _trusted(guide)),
        "AUTHORITY": "" if stamp is None else f"\nAUTHORITY=documents/{stamp.event.certificates[-1]}",
        "STAMP": "" if stamp is None else _filled(stamp_template, _of_stamp(stamp)),
        "TYPE": PAYLOAD_TYPE,
        "TYPE_LENGTH": str(len(PAYLOAD_TYPE)),
    }
    return _filled(template, values)


def _filled(template: str, values: Mapping[str, str]) -> str:
    # In one pass: what is filled in may itself look like a place to fill.
    pieces = template.split("@")
    return "".join(values.get(piece, piece) if number % 2 else piece for number, piece in enumerate(pieces))


def _trusted(guide: Guide) -> Iterator[str]:
    if guide.stamp is not None:
        yield '--authority "$AUTHORITY"'
    for witness in guide.witnesses:
        yield f"--witness {shlex.quote(witness)}"


def _of_stamp(stamp: Stamp) -> dict[str, str]:
    event = stamp.event
    return {
        "LINE": str(stamp.line),
        "SIZE": str(event.size),
        "AUTHORITY": _quoted(event.authority),
        "TIME": event.generated_at,
        "SECONDS": str(int(datetime.fromisoformat(event.generated_at).timestamp())),
        "CERTIFICATES": " ".join(event.certificates),
    }


def _about(scope: Scope) -> str:
    if scope.case_number is None:
        return "the whole ledger"
    exhibit = "" if scope.exhibit is None else f"exhibit {_quoted(scope.exhibit)} of "
    return f"{exhibit}case {_quoted(scope.case_number)}"


def _quoted(text: str) -> str:
    """Return a text as code, with nothing in it that could end that."""
    return f"`{escape_text(text).replace('`', chr(39))}`"


def _withheld(guide: Guide) -> str:
    if not guide.withheld:
        return _NOTHING_WITHHELD
    return (
        f"{guide.withheld} entries are withheld: `leaves.txt` has their positions and leaf hashes, so that\n"
        "the tree still verifies; what they say stays hidden."
    )
