"""The audit of a ledger, record by record, from whatever source they come.

Knows which checks there are and puts them together. Deliberately opens no file and raises nothing for bad
evidence: that is what findings are for. Memory does not grow with the number of entries.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.domain.audit.checkpoints import CheckpointCheck, RawNote
from custody.domain.audit.claims import ClaimCheck, EarlierEntries
from custody.domain.audit.contents import LedgerContents, Positions
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import RawRecord, open_record
from custody.domain.audit.sequence import EntrySequence
from custody.domain.audit.signatures import SignatureCheck, TrustedKeys, VerifyMany
from custody.domain.entry import Recorded
from custody.domain.merkle import HASH_BYTES, Frontier, leaf_hash


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
    4. what it says, and what its claims rest on, 5. the Merkle tree (RFC 6962 section 2.1), 6. every
    checkpoint against that tree.
    """

    def __init__(
        self,
        trusted: TrustedKeys,
        verify_many: VerifyMany,
        checkpoints: Iterable[RawNote],
        earlier: EarlierEntries,
    ) -> None:
        """Take the keys that count, every checkpoint, and where admitted records can be had again."""
        self.findings = Findings()
        self.entries = 0
        self.withheld = 0
        self._signatures = SignatureCheck(self.findings, trusted, verify_many)
        self._sequence = EntrySequence(self.findings, self._signatures.refuted)
        self._contents = LedgerContents(self.findings)
        self._claims = ClaimCheck(self.findings, earlier)
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
        """Take the next record; returns its event if it could be read. Raises what ``earlier`` raises."""
        self.entries += 1
        slot = self._sequence.place(record.position)
        if slot is None:
            self.findings.leave_open("signatures")
            self._claims.stop(self.size)
            return None
        if record.withheld is not None:
            self._withhold(slot, record.withheld)
            return None
        raw = record.entry if isinstance(record.entry, bytes) else b""
        opened = open_record(record, slot, self.findings)
        self._grow(slot, leaf_hash(raw) if opened is None else opened.leaf)
        if opened is None:
            self.findings.leave_open("signatures")
            self._sequence.skip(slot)
            self._claims.stop(slot)
            return None
        self._signatures.admit(opened)
        self._sequence.admit(opened)
        self._contents.admit(opened)
        if opened.event is None or not self._sequence.orderly:
            self._claims.stop(slot)
        self._claims.admit(opened)
        return opened.recorded()

    def conclude(self, head: RawHead | None, revisions: Iterable[RawRevision] = ()) -> None:
        """Judge what only the whole ledger shows. ``head`` is None where none is kept (an exported log)."""
        self._signatures.flush()
        self._contents.conclude(self.size)
        self._claims.conclude()
        if self._sequence.orderly:
            check_revisions(revisions, self.findings, some_withheld=self.withheld > 0)
        if head is not None:
            self._check_head(head)
        self._checkpoints.conclude(self._contents.ledger, self._roots, self.size)

    def notes(self) -> tuple[str, ...]:
        """Return what is worth knowing and no fault; call it after ``conclude``."""
        found = [self._tail_note()]
        if self._contents.unclosed.count:
            found.append(f"sessions that ended without being closed began at {self._contents.unclosed}")
        if (left_open := self._contents.session_left_open()) is not None:
            found.append(f"the last session, begun at {left_open}, was not closed: it crashed or still runs")
        if self._claims.rest_on_withheld:
            found.append(f"claims that rest on withheld entries: {self._claims.rest_on_withheld}")
        if not self._sequence.orderly:
            found.append("the order within streams was not judged: entries are missing or misplaced")
        if self._claims.stopped_at is not None:
            found.append(
                f"what copies are claimed on was not judged from position {self._claims.stopped_at} on: "
                "entries are missing, misplaced or unreadable"
            )
        return tuple(filter(None, found))

    def is_cut(self, head: RawHead | None) -> bool:
        """Tell whether a checkpoint, or the store itself, speaks of more entries than there were."""
        stated = head.size if head is not None and type(head.size) is int else 0
        return max(self._checkpoints.largest or 0, stated) > self.size

    def unsynchronised_sessions(self) -> Positions:
        """Return the sessions whose clock was not known to be synchronised."""
        return self._contents.unsynchronised

    def _withhold(self, slot: int, leaf: bytes) -> None:
        """Take an entry of which only the leaf hash is given: it keeps tree and chain together."""
        self.entries -= 1
        self.withheld += 1
        self._grow(slot, leaf)
        self._sequence.withhold(slot, leaf)
        self._claims.withhold()

    def _grow(self, slot: int, leaf: bytes) -> None:
        self._last_leaf = leaf
        self._frontier.append(leaf)
        if slot + 1 in self._wanted and self._frontier.size == slot + 1:
            self._roots[slot + 1] = self._frontier.root()

    def _check_head(self, head: RawHead) -> None:
        """Compare what the store says about its end with what the entries make."""
        made = (self.size, self._frontier.to_bytes(), self._last_leaf)
        if (head.size, head.frontier, head.previous) != made or type(head.size) is not int:
            cut = type(head.size) is int and head.size > self.size
            message = (
                f"the ledger's head speaks of {head.size} entries, but there are {self.size}"
                if cut
                else "the ledger's head is not the one that the entries make"
            )
            position = self.findings.first_position
            self.findings.note(
                "tree", "head-differs", self.size if cut and position is None else position, message
            )
        if self._contents.ledger is not None and head.ledger != str(self._contents.ledger):
            message = "the store names another ledger than its entries do"
            self.findings.note("structure", "store-of-another-ledger", None, message)

    def _tail_note(self) -> str:
        largest = self._checkpoints.largest
        if largest is None:
            return "there is no checkpoint: a cut of this ledger could not be seen"
        tail = self.size - largest
        return f"behind the last checkpoint, signed but not covered by it: {tail} entries" if tail > 0 else ""


def check_revisions(
    revisions: Iterable[RawRevision], findings: Findings, *, some_withheld: bool = False
) -> None:
    """Judge the order within each stream: revisions 1, 2, 3, … at rising positions.

    The records come sorted by stream and revision, so that any number of streams needs no memory. Where some
    entries are withheld, a gap may be one of them, and decides nothing.
    """
    stream: object = None
    revision, position = 0, -1
    for row in revisions:
        if row.stream != stream:
            stream, revision, position = row.stream, 0, -1
        # The columns are those of the entries by now, or there is a finding about them.
        if type(row.revision) is not int or type(row.position) is not int:
            continue
        if row.revision > revision + 1 and some_withheld:
            findings.leave_open("structure")
        elif row.revision != revision + 1:
            message = f"revision {row.revision} of its stream comes after revision {revision}"
            findings.note("structure", "revision-gap", row.position, message)
        elif row.position < position:
            message = f"revision {row.revision} of its stream stands before revision {revision}"
            findings.note("structure", "revision-order", row.position, message)
        revision, position = row.revision, row.position
