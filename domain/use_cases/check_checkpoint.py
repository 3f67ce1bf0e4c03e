"""Whether today's ledger extends the one that somebody's checkpoint was signed over.

Knows consistency proofs (RFC 6962 section 2.1.2) and what a signed note is worth. Opens no entry; see
``audit_ledger`` for that. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.paths import escape_text
from custody.domain.proofs.checkpoint import Checkpoint, Note, VerifySignature, origin_of, parse_note
from custody.domain.proofs.cosignature import NOBODY, Cosignature, TrustedWitnesses, WitnessedBy, witnessed_by
from custody.domain.proofs.merkle import verify_consistency
from custody.domain.proofs.proving_tree import ProvingTree
from custody.domain.use_cases.signed_tree import (
    SignedCheckpoint,
    TreeReader,
    grow,
    ledger_lines,
    one_at_a_time,
    signed_by,
    signed_checkpoints,
)
from custody.domain.verdict import Verdict

Outcome: TypeAlias = Literal[
    "extends", "other-ledger", "no-key", "unknown-key", "bad-signature", "cut", "forked", "changed"
]

Judgement: TypeAlias = tuple[Outcome, str]
"""An outcome and the sentence that says so."""

VERDICTS: Final[dict[Outcome, Verdict]] = {
    "extends": "passed",
    "other-ledger": "indeterminate",  # the note says nothing of this ledger, neither for nor against
    "no-key": "indeterminate",
    "unknown-key": "failed",
    "bad-signature": "failed",
    "cut": "failed",
    "forked": "failed",
    "changed": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyResult:
    """What became of a checkpoint: ``size`` and ``root`` are today's, ``root_then`` that of the given size.

    ``own`` is the largest checkpoint that the ledger itself has signed; ``proof`` leads from the given
    checkpoint to today's root; ``witnessed`` are the cosignatures of trusted witnesses. What could not be
    computed is None or empty.
    """

    outcome: Outcome
    message: str
    given: Checkpoint
    size: int
    root: bytes | None = None
    root_then: bytes | None = None
    own: SignedCheckpoint | None = None
    proof: tuple[bytes, ...] = ()
    witnessed: tuple[Cosignature, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Extends → passed, what says nothing → indeterminate, all else → failed."""
        return VERDICTS[self.outcome]


def check_checkpoint(
    reader: TreeReader,
    raw: bytes,
    trusted: TrustedKeys,
    verify_many: VerifyMany,
    witnesses: TrustedWitnesses = NOBODY,
) -> ConsistencyResult:
    """Judge a checkpoint by a ledger and by the keys that are trusted, those of witnesses among them.

    A witness signs only what the ledger's key signed, so the cosignature of a trusted one counts like that.
    Raises MalformedData when ``raw`` is no checkpoint, Tampered when an entry is missing in the middle.
    """
    note = parse_note(raw)
    given = Checkpoint.parse(note.text)
    # Checkpoints before the size: a ledger that is being written must not look cut.
    verify = one_at_a_time(verify_many)
    own = signed_checkpoints(reader, trusted, verify)
    size = reader.size()
    # 1. It must be of this ledger, and signed by a key that is trusted.
    found = witnessed_by(note, witnesses, verify)
    fault = _fault_of_note(note, given.origin, origin_of(reader.ledger), trusted, found, verify)
    # 2. The ledger must be as long as any signed checkpoint says.
    largest = max(given.size, own[-1].checkpoint.size if own else 0)
    if fault is None and largest > size:
        message = f"the ledger was cut: it has {size} entries, but a signed checkpoint covers {largest}"
        fault = "cut", message
    if fault is not None:
        outcome, message = fault
        shown = own[-1] if own else None
        return ConsistencyResult(outcome=outcome, message=message, given=given, size=size, own=shown)
    # 3. It must extend the one that was signed.
    witnessed = tuple(cosignature for _, _, cosignature in found.good)
    return replace(_compared(reader, given, size, own), witnessed=witnessed)


def _fault_of_note(
    note: Note, given: str, origin: str, trusted: TrustedKeys, found: WitnessedBy, verify: VerifySignature
) -> Judgement | None:
    """Return why a note of the origin ``given`` says nothing about the ledger; None when it does."""
    if given != origin:
        return "other-ledger", f"the checkpoint is of another ledger: {escape_text(given)}"
    if found.forged:
        name = escape_text(found.forged[0].name)
        return "bad-signature", f"the cosignature of witness {name} does not fit the checkpoint"
    signed = signed_by(note, origin, trusted, verify)
    if not signed and ledger_lines(note, origin, trusted.values()).signatures:
        return (
            "bad-signature",
            "the signature does not fit the checkpoint: it was changed after it was signed",
        )
    if signed or found.good:
        return None
    if not trusted:
        return "no-key", "no key is trusted here, so nobody knows who signed the checkpoint"
    return "unknown-key", "the checkpoint is not signed by a trusted key"


def _compared(
    reader: TreeReader, given: Checkpoint, size: int, own: Sequence[SignedCheckpoint]
) -> ConsistencyResult:
    tree = ProvingTree(sizes={given.size, *(signed.checkpoint.size for signed in own)})
    grow(tree, reader, size)
    root, root_then = tree.root(), tree.root_at(given.size)
    proof = tree.consistency(given.size)
    extends = verify_consistency(
        old_size=given.size, new_size=size, old_root=given.root, new_root=root, proof=proof
    )
    outcome, message = _judged(tree, given, own, extends=extends)
    return ConsistencyResult(
        outcome=outcome, message=message, given=given, size=size, root=root, root_then=root_then,
        own=own[-1] if own else None, proof=proof if extends else (),
    )  # fmt: skip


def _judged(
    tree: ProvingTree, given: Checkpoint, own: Sequence[SignedCheckpoint], *, extends: bool
) -> Judgement:
    wrong = [
        signed.checkpoint.size
        for signed in own
        if tree.root_at(signed.checkpoint.size) != signed.checkpoint.root
    ]
    if extends and not wrong:
        return "extends", f"today's ledger of {tree.size} entries extends the {given.size} that were signed"
    if extends:
        message = "the checkpoint's entries are there, but the ledger's own checkpoint"
        return "changed", f"{message} of size {wrong[0]} was signed over others"
    if own and not wrong and own[-1].checkpoint.size >= given.size:
        return "forked", f"two histories were signed: this ledger is not the one of the {given.size} entries"
    return "changed", f"the ledger's first {given.size} entries are not those that were signed"
