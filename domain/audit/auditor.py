"""The audit of a ledger, record by record, from whatever source they come.

Knows which checks there are and puts them together. Deliberately opens no file and raises nothing for bad
evidence: that is what findings are for. Memory does not grow with the number of entries.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from custody.domain.audit.anchors import Anchors
from custody.domain.audit.authorisation import AuthorisationCheck
from custody.domain.audit.checkpoints import CheckpointCheck, RawNote
from custody.domain.audit.claims import ClaimCheck, EarlierEntries
from custody.domain.audit.completeness import judge_completeness
from custody.domain.audit.contents import Cited, LedgerContents, Positions
from custody.domain.audit.cosignatures import CosignatureCheck, GoodCosignature
from custody.domain.audit.custody import CustodyCheck, OfferedFiles
from custody.domain.audit.findings import Check, Findings
from custody.domain.audit.head import RawHead, check_head
from custody.domain.audit.record import RawRecord, open_record
from custody.domain.audit.revisions import RawRevision, check_revisions
from custody.domain.audit.sequence import EntrySequence
from custody.domain.audit.signatures import SignatureCheck, TrustedKeys, VerifyMany
from custody.domain.audit.stamps import GoodStamp, StampCheck
from custody.domain.audit.terms import DEFAULT_TERMS, AuditTerms
from custody.domain.entries.entry import Recorded
from custody.domain.proofs.merkle import HASH_BYTES, Frontier, leaf_hash

CARRIED_OUT: Final[tuple[Check, ...]] = (
    "structure", "signatures", "authorisation", "chain", "tree", "checkpoints",
)  # fmt: skip
"""The checks that the entries and checkpoints alone suffice for; others say themselves that they are made."""


class KeptRecords(EarlierEntries, Protocol):
    """What is kept besides the records in order."""

    def document(self, sha256: str) -> object:
        """Return the document kept under a SHA-256, unchecked; None when there is none."""


class LedgerAuditor:
    """Takes the checkpoints, then the records in stored order, then says what was found.

    The checks: 1. each record by itself, 2. its signature, 3. its place and its link to the one before,
    4. whether its key might record it, 5. what it says, what its claims rest on, and who may hand over what,
    6. the Merkle tree (RFC 6962 section 2.1), 7. every checkpoint against that tree, 8. the cosignatures of
    witnesses, 9. time stamps of checkpoints, and the claimed times against them, 10. whether the ledger came
    to an end, and who else vouches for it.
    """

    def __init__(
        self,
        trusted: TrustedKeys,
        verify_many: VerifyMany,
        checkpoints: Iterable[RawNote],
        earlier: KeptRecords,
        *,
        terms: AuditTerms = DEFAULT_TERMS,
    ) -> None:
        """Take the keys that count, every checkpoint, and where records and documents can be had again."""
        self.findings = Findings(CARRIED_OUT)
        self.anchors = Anchors(terms.policy)
        self.entries = 0
        self.withheld = 0
        self._terms = terms
        self._signatures = SignatureCheck(self.findings, trusted, verify_many)
        self._authorisation = AuthorisationCheck(self.findings, self._signatures, verify_many)
        if not trusted:
            self._authorisation.stop()
        self._sequence = EntrySequence(self.findings, self._signatures.refuted)
        self._contents = LedgerContents(self.findings)
        self._claims = ClaimCheck(self.findings, earlier)
        self._custody = CustodyCheck(self.findings, trusted, verify_many)
        self._frontier = Frontier()
        self._last_leaf = bytes(HASH_BYTES)
        self._checkpoints = CheckpointCheck(self.findings, trusted, verify_many)
        self._cosignatures = CosignatureCheck(
            self.findings, terms.witnesses, verify_many, self._checkpoints.by_sha256
        )
        self._stamps = StampCheck(
            self.findings, terms.read_token, earlier.document, self._checkpoints.by_sha256
        )
        for raw in checkpoints:
            read = self._checkpoints.admit(raw)
            if read is not None:
                self._cosignatures.admit_note(raw.where, read.note, read.checkpoint)
        self._wanted = self._checkpoints.sizes | self._cosignatures.sizes
        self._roots = {0: self._frontier.root()} if 0 in self._wanted else {}

    @property
    def size(self) -> int:
        """How many entries the ledger has, by the last position seen."""
        return self._sequence.size

    @property
    def unanchored(self) -> int:
        """How many entries at the end no stamp or cosignature covers."""
        return max(0, self.size - self.anchors.covered())

    @property
    def cosigned(self) -> tuple[GoodCosignature, ...]:
        """What trusted witnesses vouch for, of each the farthest; complete after ``conclude``."""
        return self._cosignatures.good

    @property
    def cited(self) -> tuple[Cited, ...]:
        """The documents that entries cite."""
        return (*self._contents.cited, *self._custody.documents)

    @property
    def offered(self) -> tuple[OfferedFiles, ...]:
        """The offers of exhibits whose manifests are to be compared with the ledger."""
        return tuple(self._custody.offered)

    @property
    def stamps(self) -> tuple[GoodStamp, ...]:
        """The time stamps that hold; complete after ``conclude``."""
        return tuple(self._stamps.good)

    def admit(self, record: RawRecord) -> Recorded | None:
        """Take the next record; returns its event if it could be read. Raises what ``earlier`` raises."""
        self.entries += 1
        slot = self._sequence.place(record.position)
        if slot is None:
            self.findings.leave_open("signatures")
            self._authorisation.stop()
            self._stop(self.size)
            return None
        if record.withheld is not None:
            self._withhold(slot, record.withheld)
            return None
        raw = record.entry if isinstance(record.entry, bytes) else b""
        opened = open_record(record, slot, self.findings)
        self._grow(slot, leaf_hash(raw) if opened is None else opened.leaf)
        if opened is None:
            self.findings.leave_open("signatures")
            self._authorisation.stop()
            self._sequence.skip(slot)
            self._stop(slot)
            return None
        recorded = opened.recorded()
        self._signatures.admit(opened)
        self._sequence.admit(opened)
        if not self._sequence.orderly:  # what is missing may have enrolled a key, or revoked one
            self._authorisation.stop()
        self._authorisation.admit(opened, recorded)
        self._contents.admit(opened)
        if opened.event is None or not self._sequence.orderly:
            self._stop(slot)
        self._claims.admit(opened)
        self._custody.admit(opened, recorded)
        self._cosignatures.admit(opened, self._roots)
        self._stamps.admit(opened)
        self._mark(slot)
        return recorded

    def conclude(self, head: RawHead | None, revisions: Iterable[RawRevision] = ()) -> None:
        """Judge what only the whole ledger shows. ``head`` is None where none is kept (an exported log)."""
        self._signatures.flush()
        self._contents.conclude(self.size)
        self._claims.conclude()
        if self._sequence.orderly:
            check_revisions(revisions, self.findings, some_withheld=self.withheld > 0)
        if head is not None:
            made = (self.size, self._frontier.to_bytes(), self._last_leaf)
            check_head(head, made, self._contents.ledger, self.findings)
        self._checkpoints.conclude(self._contents.ledger, self._roots, self.size, self._signatures.enrolled)
        if not self._sequence.orderly:
            self._authorisation.stop()
        self._authorisation.conclude(self._checkpoints.signed_sizes)
        self._judge_anchors()
        judge_completeness(
            self.findings,
            self._terms.policy,
            unclosed=self._contents.first_unclosed(),
            unanchored=self.unanchored,
        )

    def notes(self) -> tuple[str, ...]:
        """Return what is worth knowing and no fault; call it after ``conclude``."""
        found = [self._checkpoints.tail_note(self.size)]
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
                f"what copies are claimed on, and hand-overs, were not judged from position "
                f"{self._claims.stopped_at} on: entries are missing, misplaced or unreadable"
            )
        return (*filter(None, found), *self._cosignatures.notes(), *self._stamps.notes())

    def is_cut(self, head: RawHead | None) -> bool:
        """Tell whether a checkpoint, or the store itself, speaks of more entries than there were."""
        stated = head.size if head is not None and type(head.size) is int else 0
        return max(self._checkpoints.largest or 0, stated) > self.size

    def unsynchronised_sessions(self) -> Positions:
        """Return the sessions whose clock was not known to be synchronised."""
        return self._contents.unsynchronised

    def _judge_anchors(self) -> None:
        """Judge cosignatures and stamps, now that all roots are known, and see whether they are enough."""
        self._cosignatures.conclude(self._contents.ledger, self._roots, self.size)
        self._stamps.conclude(self._roots)
        cosigned = (good.anchor() for good in self._cosignatures.good)
        stamped = (good.anchor() for good in self._stamps.good)
        for anchor in (*cosigned, *stamped):
            self.anchors.admit(anchor)
        self.anchors.judge(self.findings, self._terms.now)

    def _stop(self, slot: int) -> None:
        """Judge no claim and no hand-over from here on: it may rest on what is missing."""
        self._claims.stop(slot)
        self._custody.stop()

    def _withhold(self, slot: int, leaf: bytes) -> None:
        """Take an entry of which only the leaf hash is given: it keeps tree and chain together."""
        self.entries -= 1
        self.withheld += 1
        self._grow(slot, leaf)
        self._sequence.withhold(slot, leaf)
        self._claims.withhold()
        self._mark(slot)

    def _mark(self, slot: int) -> None:
        """Let the stamps of a checkpoint that ends here bear on the entries so far."""
        if slot + 1 in self._wanted:
            self._stamps.mark(slot + 1)

    def _grow(self, slot: int, leaf: bytes) -> None:
        self._last_leaf = leaf
        self._frontier.append(leaf)
        if slot + 1 in self._wanted and self._frontier.size == slot + 1:
            self._roots[slot + 1] = self._frontier.root()
