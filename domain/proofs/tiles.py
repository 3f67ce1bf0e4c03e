"""A ledger as the static files of C2SP tlog-tiles: bundles of entries, and the tree's hashes in tiles.

Knows which files there are for a tree, how they are called and what is in them. Reads each entry once, from
left to right, in memory that does not grow with the ledger. Writes no file and signs nothing: the one called
``checkpoint`` is the signed note of a tree of this size, which the caller has.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from custody.domain.errors import MalformedData
from custody.domain.proofs.merkle import leaf_hash, root_of

TILE_WIDTH: Final = 256
"""Hashes or entries of a full tile (tlog-tiles, "Merkle Tree")."""

MAX_BUNDLED_BYTES: Final = 2**16 - 1
"""The longest entry whose length fits the two bytes before it (tlog-tiles, "Log entries")."""

CHECKPOINT: Final = "checkpoint"
"""Where the signed note stands beside the tiles (tlog-tiles, "Checkpoints")."""

_LENGTH_BYTES: Final = 2
_PATH_BASE: Final = 1000  # an index is written in elements of three digits

TileFile: TypeAlias = tuple[str, bytes]
"""A relative path with slashes, and the content."""


def tiles(entries: Iterable[bytes]) -> Iterator[TileFile]:
    """Yield every file but the checkpoint for the tree over these entries, each once, when it is complete.

    Raises MalformedData for an entry that no bundle can hold.
    """
    bundle, hashes = _Bundle(), _HashTiles()
    for entry in entries:
        yield from bundle.append(entry)
        yield from hashes.append(leaf_hash(entry))
    yield from bundle.rest()
    yield from hashes.rest()


def hash_tiles(leaves: Iterable[bytes]) -> Iterator[TileFile]:
    """Yield the tiles of hashes alone, from leaf hashes: for a tree of which some entries are withheld."""
    hashes = _HashTiles()
    for leaf in leaves:
        yield from hashes.append(leaf)
    yield from hashes.rest()


def tile_path(level: int | str, index: int, width: int) -> str:
    """Return the path of a tile: ``tile/1/x001/x234/067.p/8``; a bundle has the level ``entries``."""
    elements = [f"{index % _PATH_BASE:03}"]
    while index >= _PATH_BASE:
        index //= _PATH_BASE
        elements.append(f"x{index % _PATH_BASE:03}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(elements))}{partial}"


class _Bundle:
    """The entries since the last full bundle, each after its length (big-endian)."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._index = 0

    def append(self, entry: bytes) -> Iterator[TileFile]:
        if len(entry) > MAX_BUNDLED_BYTES:
            message = f"an entry of {len(entry)} bytes is over the limit of a bundle, {MAX_BUNDLED_BYTES}"
            raise MalformedData(message)
        self._parts.append(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry)
        if len(self._parts) == TILE_WIDTH:
            yield from self.rest()

    def rest(self) -> Iterator[TileFile]:
        if self._parts:
            yield tile_path("entries", self._index, len(self._parts)), b"".join(self._parts)
            self._parts.clear()
            self._index += 1


class _HashTiles:
    """The right edge of the tree's tiles: of each level the hashes since its last full tile."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = []
        self._full: list[int] = []  # full tiles so far, level by level

    def append(self, leaf: bytes) -> Iterator[TileFile]:
        node, level = leaf, 0
        while True:
            if level == len(self._levels):
                self._levels.append([])
                self._full.append(0)
            hashes = self._levels[level]
            hashes.append(node)
            if len(hashes) < TILE_WIDTH:
                return
            yield tile_path(level, self._full[level], TILE_WIDTH), b"".join(hashes)
            # A full tile is one hash of the level above; a partial one must not be.
            node = root_of(hashes)
            hashes.clear()
            self._full[level] += 1
            level += 1

    def rest(self) -> Iterator[TileFile]:
        for level, hashes in enumerate(self._levels):
            if hashes:
                yield tile_path(level, self._full[level], len(hashes)), b"".join(hashes)
