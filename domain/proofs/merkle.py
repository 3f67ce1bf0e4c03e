"""The RFC 6962 Merkle tree: roots, inclusion and consistency proofs.

Knows hashes and sizes. Deliberately does not know what an entry is, where leaves are kept, or who signed
a root. "Leaves" are always leaf hashes, 32 bytes each; sizes count leaves; indexes start at 0.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from custody.domain.errors import MalformedData

HASH_BYTES: Final = 32

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962 section 2.1)."""

_SIZE_BYTES: Final = 8
_LEAF_PREFIX: Final = b"\x00"
_NODE_PREFIX: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry: SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return hashlib.sha256(_LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(_NODE_PREFIX + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: all that is needed to append leaves and to know the root.

    ``peaks`` are the roots of the complete subtrees, largest first, one for each 1 bit of ``size``.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        carry, merges = leaf, self.size
        while merges & 1:
            carry = node_hash(self.peaks.pop(), carry)
            merges >>= 1
        self.peaks.append(carry)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        right = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            right = node_hash(left, right)
        return right

    def copy(self) -> Self:
        """Return an independent frontier of the same tree, to try an append and drop it."""
        return type(self)(self.size, list(self.peaks))

    def to_bytes(self) -> bytes:
        """Return the size (8 bytes, big-endian) and the peaks."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what ``to_bytes`` wrote. Raises MalformedData when size and number of peaks disagree."""
        size = int.from_bytes(data[:_SIZE_BYTES], "big")
        if len(data) != _SIZE_BYTES + HASH_BYTES * size.bit_count():
            message = f"a Merkle frontier of {len(data)} bytes does not fit its size"
            raise MalformedData(message)
        return cls(size, [data[at : at + HASH_BYTES] for at in range(_SIZE_BYTES, len(data), HASH_BYTES)])


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes (MTH of RFC 6962 section 2.1), in memory that does not grow."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the audit path of a leaf (PATH of RFC 6962 section 2.1.1). Raises ValueError for a bad index."""
    if not 0 <= index < len(leaves):
        message = f"a tree of {len(leaves)} leaves has no leaf {index}"
        raise ValueError(message)
    path: list[bytes] = []
    start, end = 0, len(leaves)
    while end - start > 1:
        split = start + _largest_power_of_two_below(end - start)
        if index < split:
            path.append(root_of(leaves[split:end]))
            end = split
        else:
            path.append(root_of(leaves[start:split]))
            start = split
    return tuple(reversed(path))


def consistency_proof(old_size: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the proof that the first ``old_size`` leaves are a prefix (PROOF of RFC 6962 section 2.1.2).

    It is empty from size 0 and from the tree to itself. Raises ValueError for a size beyond the tree.
    """
    if not 0 <= old_size <= len(leaves):
        message = f"a tree of {len(leaves)} leaves never had {old_size}"
        raise ValueError(message)
    if old_size == 0:
        return ()
    path: list[bytes] = []
    start, end = 0, len(leaves)
    while end != old_size:
        split = start + _largest_power_of_two_below(end - start)
        if old_size <= split:
            path.append(root_of(leaves[split:end]))
            end = split
        else:
            path.append(root_of(leaves[start:split]))
            start = split
    if start != 0:  # the verifier already holds the old root itself, but no other subtree
        path.append(root_of(leaves[start:end]))
    return tuple(reversed(path))


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the leaf hash stands at ``index`` in the tree of this size and root.

    Follows the steps of RFC 9162 section 2.1.3.2. Never raises for a bad proof.
    """
    if not _all_hashes(leaf, root, *proof):
        return False
    # 1. The index must lie inside the tree.
    if not 0 <= index < size:
        return False
    # 2. fn is the leaf's index, sn the last leaf's.  3. r is the leaf hash.
    fn, sn, r = index, size - 1, leaf
    # 4. For each p of the path:
    for p in proof:
        # a. a path longer than the tree is high fails;
        if sn == 0:
            return False
        # b. p is the left neighbour of a right child or of the last node, c. else the right one;
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            fn, sn = _rise_past_missing_siblings(fn, sn)
        else:
            r = node_hash(r, p)
        # d. one level up.
        fn, sn = fn >> 1, sn >> 1
    # 5. The path must have been long enough and lead to the root.
    return sn == 0 and r == root


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether the tree of ``new_size`` and ``new_root`` extends the one of ``old_size`` and ``old_root``.

    Follows the steps of RFC 9162 section 2.1.4.2, which starts at 0 < old_size < new_size; empty and equal
    trees are settled without a proof. Never raises for a bad proof.
    """
    if not _all_hashes(old_root, new_root, *proof) or not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root and (new_size > 0 or new_root == EMPTY_ROOT)
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    # 1. The path must not be empty.
    if not proof:
        return False
    # 2. A complete old tree is itself the first node of the path.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    return _roots_of_consistency_path(old_size, new_size, path) == (old_root, new_root)


def _roots_of_consistency_path(old_size: int, new_size: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Return the old and new roots that a path leads to, or None (RFC 9162 section 2.1.4.2, steps 3 to 7)."""
    # 3. fn and sn are the last leaves' indexes.
    fn, sn = old_size - 1, new_size - 1
    # 4. Climb to the largest subtree that both trees share at this edge.
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    # 5. fr and sr start at that subtree.
    fr = sr = path[0]
    # 6. For each further c of the path:
    for c in path[1:]:
        # a. a path longer than the tree is high fails;
        if sn == 0:
            return None
        # b. a left neighbour belongs to both trees, c. a right one to the new tree only;
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            fn, sn = _rise_past_missing_siblings(fn, sn)
        else:
            sr = node_hash(sr, c)
        # d. one level up.
        fn, sn = fn >> 1, sn >> 1
    # 7. The path must have been long enough; the caller compares both roots.
    return (fr, sr) if sn == 0 else None


def _rise_past_missing_siblings(fn: int, sn: int) -> tuple[int, int]:
    """Skip the levels on which the last node has no sibling and is handed up unchanged."""
    while fn and not fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _largest_power_of_two_below(n: int) -> int:
    """Return the k of RFC 6962 section 2.1: the largest power of two smaller than n (n > 1)."""
    return 1 << ((n - 1).bit_length() - 1)


def _all_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
