"""A signed ledger in memory as the proofs read it, and proofs made by the definition."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from custody.domain.entries import dsse, entry
from custody.domain.entries.entry import Recorded
from custody.domain.identifiers import LedgerId, Position, Stream
from custody.domain.ports import Recording
from custody.domain.proofs import merkle
from custody.domain.proofs.proof import Proof, ProvedEntry
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

    def revision(self, stream: Stream) -> int:
        return len(self.history(stream))

    def history(self, stream: Stream) -> list[Recorded]:
        rows = [row for row in self.signed.rows if row.columns and row.columns.stream == stream.id.bytes]
        return [recorded_at(self.signed, row.position) for row in rows]


@dataclass(frozen=True)
class MemoryWriter:
    """What ``ports.LedgerWriter`` asks for; nobody can touch its memory, but a test may hide entries."""

    signed: SignedLedger
    hidden: set[int] = field(default_factory=set)

    @property
    def ledger(self) -> LedgerId:
        return LEDGER

    def append(self, recordings: Sequence[Recording]) -> Position:
        for one in recordings:
            assert one.revision == self.signed.revisions[one.stream.id] + 1
            self.signed.add(one.stream, one.event)
        return Position(self.signed.frontier.size - 1)

    def vouched(self, positions: Sequence[Position]) -> dict[Position, Recorded]:
        return {at: recorded_at(self.signed, at) for at in positions if at not in self.hidden}

    def keep_document(self, content: bytes) -> str:
        raise NotImplementedError


def recorded_at(ledger: SignedLedger, position: int) -> Recorded:
    body = entry.parse(dsse.open_envelope(ledger.rows[position].entry).body)
    return Recorded(
        position=body.position, stream=body.stream, revision=body.revision, at=body.at, actor=body.actor,
        event=body.event(),
    )  # fmt: skip


def proof_of(ledger: SignedLedger, *positions: int, note: bytes | None = None) -> Proof:
    leaves = [merkle.leaf_hash(row.entry) for row in ledger.rows]
    proved = (
        ProvedEntry(position=at, entry=ledger.rows[at].entry, path=merkle.inclusion_proof(at, leaves))
        for at in positions
    )
    return Proof(note=ledger.note() if note is None else note, entries=tuple(proved))
