"""VERIFY.md of a bundle: the commands that check it with tools that did not come from here, filled in.

Knows what is filled in. The words and commands are those of ``bundle_files/VERIFY.md``; every block of them
is run by the tests exactly as it is printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from custody.domain.entries.dsse import PAYLOAD_TYPE
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.paths import escape_text
from custody.domain.proofs.disclosure import Scope

_NOTHING_WITHHELD: Final = (
    "Nothing is withheld: line *n* of `entries.ndjson`, counted from 0, is position *n* of the ledger."
)


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


def verify_text(template: str, guide: Guide) -> str:
    """Return the document of a template."""
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
        "TYPE": PAYLOAD_TYPE,
        "TYPE_LENGTH": str(len(PAYLOAD_TYPE)),
    }
    # In one pass: what is filled in may itself look like a place to fill.
    pieces = template.split("@")
    return "".join(values.get(piece, piece) if number % 2 else piece for number, piece in enumerate(pieces))


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
