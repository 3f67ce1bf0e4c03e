"""How much of which ledger a report covers.

Knows the scope, the head of the ledger as the caller computed it, and the code printed on every page.
Computes no tree itself.
"""

from dataclasses import dataclass
from typing import Final

from custody.domain.identifiers import BatchId, JobId, KeyId, Position

CODE_DIGITS: Final = 16  # of the root hash, printed on every page: 64 bits


@dataclass(frozen=True, slots=True)
class Scope:
    """What the report is about: one batch, one job, or with both None everything in the ledger."""

    batch: BatchId | None = None
    job: JobId | None = None


@dataclass(frozen=True, slots=True)
class KeyFingerprint:
    """A public key that the workspace trusts, with the name of its examiner."""

    key: KeyId
    examiner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHead:
    """The ledger as far as the report reaches: its last position and the tree over it (RFC 6962)."""

    position: Position
    size: int  # entries in the tree: position + 1
    root_hex: str
    leaf_hex: str  # leaf hash of the last entry, which the next entry will name as its previous one
    keys: tuple[KeyFingerprint, ...]

    @property
    def code(self) -> str:
        """The short checkpoint code of every page: the first digits of the root in groups of four."""
        digits = self.root_hex[:CODE_DIGITS]
        return " ".join(digits[start : start + 4] for start in range(0, CODE_DIGITS, 4))
