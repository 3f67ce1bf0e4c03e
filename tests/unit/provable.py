"""A signed ledger in memory as the proofs read it, and proofs made by the definition."""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.domain import merkle
from custody.domain.identifiers import LedgerId
from custody.domain.proof import Proof, ProvedEntry
from tests.unit.signed_ledger import LEDGER, SignedLedger


@dataclass(frozen=True)
class Kept:
    position: int
    entry: bytes


@dataclass(frozen=True)
class KeptNote:
    note: bytes


@dataclass(frozen=True)
class MemoryReader:
    """What ``signed_tree.TreeReader`` asks for."""

    signed: SignedLedger

    @property
    def ledger(self) -> LedgerId:
        return LEDGER

    def size(self) -> int:
        return max((row.position + 1 for row in self.signed.rows), default=0)

    def entries(self, first: int = 0, last: int | None = None) -> Iterable[Kept]:
        end = self.size() if last is None else last
        return [Kept(row.position, row.entry) for row in self.signed.rows if first <= row.position <= end]

    def checkpoints(self) -> Iterable[KeptNote]:
        return [KeptNote(raw.note) for raw in self.signed.notes]


def proof_of(ledger: SignedLedger, *positions: int, note: bytes | None = None) -> Proof:
    leaves = [merkle.leaf_hash(row.entry) for row in ledger.rows]
    proved = (
        ProvedEntry(position=at, entry=ledger.rows[at].entry, path=merkle.inclusion_proof(at, leaves))
        for at in positions
    )
    return Proof(note=ledger.note() if note is None else note, entries=tuple(proved))
