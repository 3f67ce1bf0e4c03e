"""A ledger up to one of its checkpoints as the static files of a transparency log.

Knows that the checkpoint comes last: after all that it was signed over has been seen to be it.
"""

from collections.abc import Iterator

from custody.domain.errors import Tampered
from custody.domain.proofs.merkle import Frontier, leaf_hash
from custody.domain.proofs.tiles import CHECKPOINT, TileFile, tiles
from custody.domain.use_cases.signed_tree import SignedCheckpoint, TreeReader


def tile_files(reader: TreeReader, signed: SignedCheckpoint) -> Iterator[TileFile]:
    """Yield path and content of every file.

    Raises Tampered, after some of them, when the entries are not those that the checkpoint was signed over.
    """
    frontier = Frontier()
    yield from tiles(_entries(reader, signed.checkpoint.size, frontier))
    if (frontier.size, frontier.root()) != (signed.checkpoint.size, signed.checkpoint.root):
        raise Tampered(
            f"the entries are not those that the checkpoint of size {signed.checkpoint.size} was signed over",
            done="Nothing was written.",
            hint="run custody audit",
        )
    yield CHECKPOINT, signed.note


def _entries(reader: TreeReader, size: int, frontier: Frontier) -> Iterator[bytes]:
    for stored in reader.entries(0, size - 1) if size else ():
        frontier.append(leaf_hash(stored.entry))
        yield stored.entry
