"""Judging a proof by itself: without the ledger, without a workspace, only with a key that is trusted.

Knows the order of the checks and what a proof does not show. Writes nothing; raises nothing for a bad proof.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from custody.domain.audit.findings import Check, Finding, Findings, Verdicts
from custody.domain.audit.record import OpenedRecord, RawRecord, open_record
from custody.domain.audit.signatures import SignatureCheck, VerifyMany
from custody.domain.errors import MalformedData
from custody.domain.events import SessionOpened
from custody.domain.identifiers import FIRST_REVISION, KeyId
from custody.domain.keys.holders import session_key_of
from custody.domain.paths import escape_text
from custody.domain.proofs.checkpoint import Checkpoint, Note, origin_of, parse_note
from custody.domain.proofs.merkle import leaf_hash, verify_inclusion
from custody.domain.proofs.proof import Proof, ProvedEntry
from custody.domain.story import tell
from custody.domain.use_cases.signed_tree import one_at_a_time
from custody.domain.verdict import Verdict

PROOF_CHECKS: Final[tuple[Check, ...]] = ("structure", "signatures", "chain", "tree", "checkpoints")
"""What is judged of a proof; ``tree`` is the inclusion of its entries."""

NOT_SHOWN: Final = (
    "that the file you have is the one of the entries: compare its digest with the one above",
    "who was at the keyboard: a signature shows which key was used, not by whom",
    "that the clock was right: times are what the workstation claimed",
    "anything of the ledger's other entries: 'custody audit' judges the whole ledger",
)


SESSION_NOT_SHOWN: Final = "that a session was not over yet when the key made for it signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key from the auditor's hand, 32 raw bytes; ``origin`` is the one ledger it is for."""

    raw: bytes
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """What one entry says. ``at`` is what the writer's clock claimed, RFC 3339 UTC."""

    position: int
    at: str
    actor: KeyId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofResult:
    """What a proof is worth. ``checkpoint`` is None when it could not be read."""

    verdicts: Mapping[Check, Verdict]
    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None
    entries: tuple[ShownEntry, ...]
    notes: tuple[str, ...]
    not_shown: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Any failed → failed, else any indeterminate → indeterminate, else passed."""
        return Verdicts(self.verdicts).overall


def check_proof(data: bytes, trusted: Mapping[KeyId, TrustedKey], verify_many: VerifyMany) -> ProofResult:
    """Judge a proof document by the keys that are trusted; without any, signatures stay undecided."""
    judge = _ProofJudge(trusted, verify_many)
    try:
        proof = Proof.parse(data)
    except MalformedData as error:
        judge.findings.note("structure", "malformed-proof", None, _shown(error))
        for check in PROOF_CHECKS[1:]:
            judge.findings.leave_open(check)
        return judge.result(None)
    # 1. the checkpoint and its signature  2. each entry by itself  3. its signature  4. its inclusion
    # 5. what the entries say of one another
    checkpoint = judge.checkpoint(proof.note)
    opened = [judge.entry(proved, checkpoint) for proved in proof.entries]
    judge.together([record for record in opened if record is not None])
    return judge.result(checkpoint)


class _ProofJudge:
    """Gathers the findings about one proof."""

    def __init__(self, trusted: Mapping[KeyId, TrustedKey], verify_many: VerifyMany) -> None:
        self.findings = Findings(PROOF_CHECKS)
        self._trusted = trusted
        self._verify = one_at_a_time(verify_many)
        raw_keys = {key_id: key.raw for key_id, key in trusted.items()}
        self._signatures = SignatureCheck(self.findings, raw_keys, verify_many)
        self._shown: list[ShownEntry] = []
        self._holders: dict[KeyId, KeyId] = {}  # session keys → the keys of those they signed for
        self._notes: list[str] = []

    def checkpoint(self, raw: bytes) -> Checkpoint | None:
        """Return the checkpoint if it can be read, and judge who signed it."""
        try:
            note = parse_note(raw)
            checkpoint = Checkpoint.parse(note.text)
        except MalformedData as error:
            self.findings.note("checkpoints", "malformed-checkpoint", None, _shown(error))
            self.findings.leave_open("tree")
            return None
        if not self._trusted:
            self.findings.leave_open("checkpoints")
            self._notes.append("no key is trusted: whoever made this file may have made its keys as well")
        elif not any(key.origin in {None, checkpoint.origin} for key in self._trusted.values()):
            message = f"the checkpoint is of another ledger than the key: {escape_text(checkpoint.origin)}"
            self.findings.note("checkpoints", "checkpoint-origin", None, message)
        elif not self._signed(note, checkpoint.origin):
            message = "the checkpoint is not signed by a trusted key"
            self.findings.note("checkpoints", "checkpoint-signature", None, message)
        return checkpoint

    def entry(self, proved: ProvedEntry, checkpoint: Checkpoint | None) -> OpenedRecord | None:
        """Judge one entry; returns it if it can be read."""
        if checkpoint is not None and not verify_inclusion(
            leaf=leaf_hash(proved.entry), index=proved.position, size=checkpoint.size,
            proof=proved.path, root=checkpoint.root,
        ):  # fmt: skip
            message = "the path does not lead from the entry to the checkpoint's root"
            self.findings.note("tree", "not-included", proved.position, message)
        raw = RawRecord(position=proved.position, entry=proved.entry)
        opened = open_record(raw, proved.position, self.findings)
        if opened is None:
            self.findings.leave_open("signatures")
            return None
        self._signatures.admit(opened)
        self._delegate(opened)
        self._place(opened, checkpoint)
        self._show(opened)
        return opened

    def together(self, opened: Sequence[OpenedRecord]) -> None:
        """Judge the entries beside one another: links between neighbours, and no gap within a stream."""
        self._signatures.flush()
        for before, after in pairwise(opened):
            if before.slot + 1 == after.slot and after.entry.previous != before.leaf.hex():
                message = "the entry does not follow the one before it: its link is to another"
                self.findings.note("chain", "chain-broken", after.slot, message)
        revisions = defaultdict[str, list[OpenedRecord]](list)
        for record in opened:
            revisions[str(record.entry.stream)].append(record)
        for history in revisions.values():
            self._judge_history(history)

    def result(self, checkpoint: Checkpoint | None) -> ProofResult:
        """Return what was found."""
        later = () if checkpoint is None else (f"what was recorded at position {checkpoint.size} or later",)
        last = max((shown.position for shown in self._shown), default=None)
        left_out = (
            ()
            if last is None
            else (f"that nothing of this file was recorded after position {last} and left out",)
        )
        return ProofResult(
            verdicts=self.findings.verdicts().by_check,
            findings=self.findings.listed(),
            checkpoint=checkpoint,
            entries=tuple(self._shown),
            notes=tuple(self._notes),
            not_shown=(*left_out, *later, *((SESSION_NOT_SHOWN,) if self._holders else ()), *NOT_SHOWN),
        )

    def _judge_history(self, history: Sequence[OpenedRecord]) -> None:
        """Look for entries of a stream that are out of order, or withheld between those that are shown."""
        expected = FIRST_REVISION
        for record in history:
            if record.entry.revision < expected:
                message = f"revision {record.entry.revision} of its stream comes after a later one"
                self.findings.note("structure", "revision-order", record.slot, message)
            elif record.entry.revision > expected:
                self.findings.leave_open("structure")
                missing = record.entry.revision - expected
                self._notes.append(f"before position {record.slot}, entries of this file withheld: {missing}")
            expected = record.entry.revision + 1

    def _delegate(self, opened: OpenedRecord) -> None:
        """Let a session key count until the next session, if one whose key counts opened it."""
        if not isinstance(opened.event, SessionOpened):
            return
        self._signatures.end_delegation()
        found = session_key_of(opened.entry.ledger, opened.entry.stream, opened.event)
        if found is not None and self._signatures.counts(opened.entry.actor):
            self._signatures.delegate(*found)
            self._holders[found[0]] = opened.entry.actor

    def _place(self, opened: OpenedRecord, checkpoint: Checkpoint | None) -> None:
        if opened.entry.position != opened.slot:
            message = f"the entry of position {opened.entry.position} is shown for position {opened.slot}"
            self.findings.note("structure", "misplaced-entry", opened.slot, message)
        if checkpoint is not None and checkpoint.origin != origin_of(opened.entry.ledger):
            message = f"the entry belongs to ledger {opened.entry.ledger}, not to the checkpoint's"
            self.findings.note("structure", "foreign-entry", opened.slot, message)

    def _show(self, opened: OpenedRecord) -> None:
        if opened.event is None:
            return
        holder = self._holders.get(opened.entry.actor, opened.entry.actor)
        text = escape_text(tell(opened.event, f"the holder of key {holder}"))
        self._shown.append(
            ShownEntry(
                position=opened.slot, at=opened.entry.at, actor=KeyId(opened.envelope.key_id), text=text
            )
        )

    def _signed(self, note: Note, origin: str) -> bool:
        keys = [key.raw for key in self._trusted.values() if key.origin in {None, origin}]
        return any(note.verified_by(origin, raw, self._verify) for raw in keys)


def _shown(error: MalformedData) -> str:
    """Return the error's sentence, which may quote hostile data, made harmless and short."""
    return escape_text(error.what)[:300]
