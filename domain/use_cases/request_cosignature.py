"""Asking a witness: the signed checkpoint, with the proof that the ledger grew from what was cosigned before.

Knows which checkpoint is meant when nobody says. Writes nothing; what it makes is verified before it is
given out.
"""

from collections.abc import Iterable
from typing import Protocol

from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.entries.entry import Recorded
from custody.domain.errors import Tampered, UsageError
from custody.domain.events import CheckpointCosigned
from custody.domain.identifiers import Stream, checkpoint_stream
from custody.domain.proofs.checkpoint import parse_note
from custody.domain.proofs.cosign_request import CosignRequest
from custody.domain.proofs.proving_tree import ProvingTree
from custody.domain.use_cases.signed_tree import (
    TreeReader,
    chosen_checkpoint,
    grow,
    one_at_a_time,
    signed_checkpoints,
)


class AskingLedger(TreeReader, Protocol):
    """A ledger that is read by position and by stream."""

    def history(self, stream: Stream) -> Iterable[Recorded]:
        """Return the events of one stream in order."""


def request_cosignature(
    reader: AskingLedger,
    trusted: TrustedKeys,
    verify_many: VerifyMany,
    *,
    size: int | None = None,
    since: int | None = None,
) -> CosignRequest:
    """Return a request about the checkpoint of ``size`` entries, by default the largest one.

    ``since`` is the size that the witness cosigned last, by default the largest that any witness is recorded
    to have. Raises CannotTell and NotFound without such a checkpoint, UsageError for a ``since`` beyond it,
    Tampered when the entries are not those that were signed.
    """
    kept = signed_checkpoints(reader, trusted, one_at_a_time(verify_many))
    signed = chosen_checkpoint(kept, size)
    checkpoint, sizes = signed.checkpoint, {one.checkpoint.size for one in kept}
    old = _cosigned(reader, sizes, checkpoint.size) if since is None else since
    if old > checkpoint.size:
        raise UsageError(f"--since {old} is beyond the checkpoint of {checkpoint.size} entries")
    tree = ProvingTree(sizes={old})
    grow(tree, reader, checkpoint.size)
    if tree.root() != checkpoint.root:
        raise Tampered(
            f"the entries are not those that the checkpoint of size {checkpoint.size} was signed over",
            hint="run custody audit",
        )
    return CosignRequest(
        old_size=old, proof=tree.consistency(old), note=parse_note(signed.note), checkpoint=checkpoint
    )


def _cosigned(reader: AskingLedger, sizes: Iterable[int], limit: int) -> int:
    """Return the largest of the sizes, up to a limit, that a witness is recorded to have cosigned."""
    for size in sorted((size for size in sizes if size <= limit), reverse=True):
        history = reader.history(checkpoint_stream(reader.ledger, size))
        if any(isinstance(recorded.event, CheckpointCosigned) for recorded in history):
            return size
    return 0
