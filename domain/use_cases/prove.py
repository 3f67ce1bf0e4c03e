"""Making the proof of one file: its entries, their inclusion, and the checkpoint that covers them.

Knows which entries belong to a file. Deliberately takes no other entry along; writes nothing. What it makes
is judged as a stranger would judge it before it is given out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.errors import CannotTell, Tampered, UsageError
from custody.domain.identifiers import KeyId, Position, Stream, delegation_stream
from custody.domain.paths import RawPath, escape_text, join, printable
from custody.domain.ports import LedgerReader
from custody.domain.projections.rows import TransferRow
from custody.domain.proofs.proof import Proof, ProvedEntry
from custody.domain.proofs.proving_tree import ProvingTree
from custody.domain.use_cases.check_proof import ProofResult, TrustedKey, check_proof
from custody.domain.use_cases.explain import StoryModel, files_called, several
from custody.domain.use_cases.job_rows import all_jobs
from custody.domain.use_cases.signed_tree import (
    SignedCheckpoint,
    TreeReader,
    chosen_checkpoint,
    grow,
    one_at_a_time,
    signed_checkpoints,
)


class ProvableLedger(TreeReader, LedgerReader, Protocol):
    """A ledger that is read by position and by stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeProof:
    """A proof document, what it is worth, and the positions of entries that no checkpoint covers yet."""

    document: bytes
    result: ProofResult
    uncovered: tuple[int, ...]


def prove(
    reader: ProvableLedger, model: StoryModel, target: str, *, path: RawPath, trusted: TrustedKeys,
    verify_many: VerifyMany,
) -> MadeProof:  # fmt: skip
    """Prove the entries of one file; ``path`` is ``target`` taken as a path and made absolute.

    What is proved is the story of one copy, so that a source's path, which several cards share, gives nothing
    away of other evidence. Raises NotFound for the file, UsageError when several copies fit, CannotTell when
    no checkpoint covers any of its entries, Tampered when the ledger is not the one that was signed,
    MalformedData for too long a history.
    """
    streams = [Stream("file", row.id) for row in _rows_of_one_copy(model, target, path)]
    entries = {recorded.position: recorded for stream in streams for recorded in reader.history(stream)}
    positions = sorted(entries)
    signed = chosen_checkpoint(signed_checkpoints(reader, trusted, one_at_a_time(verify_many)))
    size = signed.checkpoint.size
    covered = [position for position in positions if position < size]
    if not covered:
        raise CannotTell(
            f"no checkpoint covers an entry of {escape_text(target)} yet",
            hint="sign one with 'custody checkpoint make'",
        )
    openings = _openings_of_session_keys(reader, {entries[position].actor for position in covered})
    document = proof_of(reader, signed, {*covered, *openings}).to_bytes()
    result = check_proof(document, {key: TrustedKey(raw=raw) for key, raw in trusted.items()}, verify_many)
    require_good(result)
    return MadeProof(document=document, result=result, uncovered=tuple(positions[len(covered) :]))


def _rows_of_one_copy(model: StoryModel, target: str, path: RawPath) -> Sequence[TransferRow]:
    destinations = {job.id: job.destination for job in all_jobs(model)}
    found = files_called(model, target, path)
    rows = [(join(destinations.get(row.job, b""), row.path), row) for row in found]
    rows = [(copy, row) for copy, row in rows if copy == path] or rows
    copies = sorted({copy for copy, _ in rows})
    if len(copies) > 1:
        raise UsageError(
            f"several copies are called {escape_text(target)}, and a proof shows one copy's entries",
            hint=f"say one of: {several(map(printable, copies))}",
        )
    return [row for _, row in rows]


def _openings_of_session_keys(reader: ProvableLedger, keys: Iterable[KeyId]) -> set[Position]:
    """Return where sessions were opened that any of the keys was made for: they say who stands for it."""
    streams = [delegation_stream(reader.ledger, key) for key in keys]
    histories = (next(iter(reader.history(stream)), None) for stream in streams)
    return {opening.position for opening in histories if opening is not None}


def proof_of(reader: ProvableLedger, signed: SignedCheckpoint, positions: Iterable[int]) -> Proof:
    """Return the proof of the entries at these positions. Raises Tampered."""
    checkpoint = signed.checkpoint
    wanted = frozenset(positions)
    tree = ProvingTree(wanted)
    entries = grow(tree, reader, checkpoint.size, wanted)
    if tree.root() != checkpoint.root:
        raise Tampered(
            f"the entries are not those that the checkpoint of size {checkpoint.size} was signed over",
            hint="run custody audit",
        )
    proved = (
        ProvedEntry(position=position, entry=entries[position], path=tree.inclusion(position))
        for position in sorted(wanted)
    )
    return Proof(note=signed.note, entries=tuple(proved))


def require_good(result: ProofResult) -> None:
    """Raise Tampered for a proof that would not convince anyone."""
    if result.verdict == "passed":
        return
    reasons = (*(finding.message for finding in result.findings), *result.notes)
    raise Tampered(f"the entries cannot be proved: {reasons[0]}", hint="run custody audit")
