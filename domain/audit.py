"""The audit of a ledger, record by record, from whatever source they come.

Knows which checks there are and puts them together. Deliberately opens no file and raises nothing for bad
evidence: that is what findings are for. Memory does not grow with the number of entries.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.domain.audit_checkpoints import CheckpointCheck, RawNote
from custody.domain.audit_contents import LedgerContents
from custody.domain.audit_findings import Findings
from custody.domain.audit_record import RawRecord, open_record
from custody.domain.audit_sequence import EntrySequence
from custody.domain.audit_signatures import SignatureCheck, TrustedKeys, VerifyMany
from custody.domain.entry import Recorded
from custody.domain.identifiers import Position
from custody.domain.merkle import HASH_BYTES, Frontier


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHead:
    """What a store says about its own end and id; any type, since anyone may have written it."""

    size: object
    frontier: object
    previous: object
    ledger: object


@dataclass(frozen=True, slots=True)
class RawRevision:
    """One stored record by its stream, as an index sorted by stream and revision gives it."""

    stream: object
    revision: object
    position: object


class LedgerAuditor:
    """Takes the checkpoints, then the records in stored order, then says what was found.

    The checks: 1. each record by itself, 2. its signature, 3. its place and its link to the one before,
    4. what it says, 5. the Merkle tree (RFC 6962 section 2.1), 6. every checkpoint against that tree.
    """

    def __init__(
        self, trusted: TrustedKeys, verify_many: VerifyMany, checkpoints: Iterable[RawNote] = ()
    ) -> None:
        """Take the keys that count, and every checkpoint there is."""
        self.findings = Findings()
        self._signatures = SignatureCheck(self.findings, trusted, verify_many)
        self._sequence = EntrySequence(self.findings, self._signatures.refuted)
        self._contents = LedgerContents(self.findings)
        self._frontier = Frontier()
        self._last_leaf = bytes(HASH_BYTES)
        self._checkpoints = CheckpointCheck(self.findings, trusted, verify_many)
        for note in checkpoints:
            self._checkpoints.admit(note)
        self._wanted = self._checkpoints.sizes
        self._roots = {0: self._frontier.root()} if 0 in self._wanted else {}

    @property
    def size(self) -> int:
        """How many entries the ledger has, by the last position seen."""
        return self._sequence.size

    @property
    def cited(self) -> tuple[tuple[int, str], ...]:
        """The documents that entries cite: position and SHA-256."""
        return tuple(self._contents.cited)

    def admit(self, record: RawRecord) -> Recorded | None:
        """Take the next record; returns its event if it could be read."""
        slot = self._sequence.place(record.position)
        if slot is None:
            return None
        opened = open_record(record, slot, self.findings)
        self._grow(record.entry if opened is None else opened.leaf, slot, known=opened is not None)
        if opened is None:
            self._sequence.skip(slot)
            return None
        self._signatures.admit(opened)
        self._sequence.admit(opened)
        self._contents.admit(opened)
        entry = opened.entry
        if opened.event is None:
            return None
        return Recorded(
            position=Position(slot),
            stream=entry.stream,
            revision=entry.revision,
            at=entry.at,
            actor=entry.actor,
            event=opened.event,
        )

    def _grow(self, leaf: bytes, slot: int) -> None:
        self._last_leaf = leaf
        self._frontier.append(leaf)
        if slot + 1 in self._wanted and self._frontier.size == slot + 1:
            self._roots[slot + 1] = self._frontier.root()
