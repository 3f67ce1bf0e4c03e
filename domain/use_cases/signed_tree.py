"""The tree that a ledger's entries make, and the checkpoints that its keys signed over it.

Knows how to read every entry once. Judges nothing beyond that: entries are hashed, not opened.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.errors import CannotTell, MalformedData, NotFound, Tampered
from custody.domain.identifiers import LedgerId
from custody.domain.proofs.checkpoint import (
    Checkpoint,
    Note,
    VerifySignature,
    key_hash,
    origin_of,
    parse_note,
)
from custody.domain.proofs.merkle import leaf_hash
from custody.domain.proofs.proving_tree import ProvingTree


class KeptNote(Protocol):
    """A signed note as found; nothing of it is verified."""

    @property
    def note(self) -> bytes:
        """Its bytes."""


class KeptEntry(Protocol):
    """An entry as it lies in the ledger."""

    @property
    def position(self) -> int:
        """Its place, from 0."""

    @property
    def entry(self) -> bytes:
        """Its bytes as signed."""


class TreeReader(Protocol):
    """A ledger's entries and checkpoints."""

    @property
    def ledger(self) -> LedgerId:
        """Return the ledger's id."""

    def size(self) -> int:
        """Return the number of entries."""

    def entries(self, first: int = 0, last: int | None = None) -> Iterable[KeptEntry]:
        """Return the entries of a range of positions, both ends included."""

    def checkpoints(self) -> Iterable[KeptNote]:
        """Return every checkpoint kept, wherever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint of this ledger that a trusted key signed, with its note as found."""

    checkpoint: Checkpoint
    note: bytes


def signed_checkpoints(
    reader: TreeReader, trusted: TrustedKeys, verify: VerifySignature
) -> tuple[SignedCheckpoint, ...]:
    """Return the checkpoints kept that a trusted key signed for this ledger, smallest first; others not."""
    found = (
        _if_signed(kept.note, origin_of(reader.ledger), trusted, verify) for kept in reader.checkpoints()
    )
    return tuple(sorted(filter(None, found), key=lambda signed: signed.checkpoint.size))


def chosen_checkpoint(signed: Sequence[SignedCheckpoint], size: int | None = None) -> SignedCheckpoint:
    """Return the checkpoint of a size, by default the largest. Raises CannotTell and NotFound."""
    if not signed:
        raise CannotTell(
            "no checkpoint of this ledger is signed by a key that the workspace trusts",
            hint="sign one with 'custody checkpoint make', and look for the keys folder's .pem files",
        )
    if size is None:
        return signed[-1]
    for one in signed:
        if one.checkpoint.size == size:
            return one
    raise NotFound(
        f"there is no checkpoint of {size} entries",
        hint="the files in the workspace's checkpoints folder are named by their sizes",
    )


def ledger_lines(note: Note, origin: str, keys: Iterable[bytes]) -> Note:
    """Return the note with the lines of these keys of its ledger only, whether they are good or not."""
    hashes = {key_hash(origin, raw) for raw in keys}
    ours = tuple(one for one in note.signatures if one.name == origin and one.key_hash in hashes)
    return Note(note.text, ours)


def signed_by(note: Note, origin: str, trusted: TrustedKeys, verify: VerifySignature) -> bool:
    """Say whether one of the keys signed the note under this name."""
    return any(note.verified_by(origin, raw, verify) for raw in trusted.values())


def grow(tree: ProvingTree, reader: TreeReader, size: int, keep: Collection[int] = ()) -> dict[int, bytes]:
    """Add the first ``size`` entries to the tree; returns those at the positions to keep.

    Raises Tampered at the first position that has no entry.
    """
    kept = {}
    for stored in reader.entries(0, size - 1):
        if stored.position != tree.size:
            break
        tree.append(leaf_hash(stored.entry))
        if stored.position in keep:
            kept[stored.position] = stored.entry
    if tree.size != size:
        raise Tampered(f"the ledger has no entry at position {tree.size}", hint="run custody audit")
    return kept


def one_at_a_time(verify_many: VerifyMany) -> VerifySignature:
    """Return a function that verifies one signature and waits for the answer."""
    return lambda public_raw, signature, message: verify_many([(public_raw, signature, message)])()[0]


def _if_signed(
    raw: bytes, origin: str, trusted: TrustedKeys, verify: VerifySignature
) -> SignedCheckpoint | None:
    try:
        note = parse_note(raw)
        checkpoint = Checkpoint.parse(note.text)
    except MalformedData:
        return None
    if checkpoint.origin != origin or not signed_by(note, origin, trusted, verify):
        return None
    return SignedCheckpoint(checkpoint=checkpoint, note=raw)
