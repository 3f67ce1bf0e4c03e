"""A Merkle tree read once from left to right, which remembers the proofs of a few leaves and sizes.

Knows RFC 6962 trees; its proofs are those of ``merkle``, in memory that does not grow with the tree.
Deliberately does not know what an entry is, or who signed a root.
"""

from collections.abc import Iterable
from typing import NamedTuple

from custody.domain.proofs.merkle import EMPTY_ROOT, node_hash


class _Peak(NamedTuple):
    """A complete subtree at the right edge, and which of the leaves that are to be proved lie in it."""

    hash: bytes
    watched: tuple[int, ...]


class ProvingTree:
    """Takes every leaf hash in order; the leaves and sizes to be proved are named before."""

    def __init__(self, leaves: Iterable[int] = (), sizes: Iterable[int] = ()) -> None:
        """Name the leaves whose inclusion, and the sizes whose consistency or root, will be asked for."""
        self._sizes = frozenset(sizes)
        # The last leaf of an old tree has the right edge on its path: consistency proofs are made of it.
        edges = {size - 1 for size in self._sizes if size > 0}
        self._paths: dict[int, list[bytes]] = {index: [] for index in {*leaves, *edges}}
        self._smallest_peaks: dict[int, bytes] = {}
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self._peaks: list[_Peak] = []
        self.size = 0

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        peak = _Peak(leaf, (self.size,) if self.size in self._paths else ())
        merges = self.size
        while merges & 1:
            peak = self._joined(self._peaks.pop(), peak, self._paths)
            merges >>= 1
        self._peaks.append(peak)
        self.size += 1
        if self.size in self._sizes:
            self._smallest_peaks[self.size] = peak.hash
            self._roots[self.size] = self.root()

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return self._closed({})

    def root_at(self, size: int) -> bytes:
        """Return the root that the tree had at a size named before. Raises KeyError for another one."""
        return self._roots[size]

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """Return the audit path of a leaf named before (RFC 6962 section 2.1.1), in the tree as it is.

        Raises KeyError for another leaf.
        """
        path = {index: list(self._paths[index])}
        self._closed(path)
        return tuple(path[index])

    def consistency(self, old_size: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of a size named before is a prefix (RFC 6962 section 2.1.2).

        Empty from size 0 and from the tree to itself. Raises KeyError for a size not named or not reached.
        """
        self._roots[old_size]
        if old_size in {0, self.size}:
            return ()
        # The proof starts at the smallest complete subtree of the old tree and climbs from there. The
        # verifier holds that subtree's hash only if it is the whole old tree, whose root it knows.
        level = (old_size & -old_size).bit_length() - 1
        start = () if old_size == 1 << level else (self._smallest_peaks[old_size],)
        return (*start, *self.inclusion(old_size - 1)[level:])

    def _closed(self, paths: dict[int, list[bytes]]) -> bytes:
        """Join the peaks from right to left, adding to ``paths``; returns the root."""
        if not self._peaks:
            return EMPTY_ROOT
        right = self._peaks[-1]
        for left in reversed(self._peaks[:-1]):
            right = self._joined(left, right, paths)
        return right.hash

    @staticmethod
    def _joined(left: _Peak, right: _Peak, paths: dict[int, list[bytes]]) -> _Peak:
        """Return the parent of two subtrees; each is the sibling on the paths that go through the other."""
        for index in left.watched:
            if index in paths:
                paths[index].append(right.hash)
        for index in right.watched:
            if index in paths:
                paths[index].append(left.hash)
        watched = left.watched + right.watched if left.watched or right.watched else ()
        return _Peak(node_hash(left.hash, right.hash), watched)
