"""The static files of a tree are those that C2SP tlog-tiles describes, whatever its size."""

import tracemalloc
from collections.abc import Iterator

import pytest

from custody.domain.errors import MalformedData
from custody.domain.proofs.merkle import HASH_BYTES, leaf_hash, root_of
from custody.domain.proofs.tiles import hash_tiles, tile_path, tiles

SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 700]


def entries_of(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def hashes_in(tile: bytes) -> list[bytes]:
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def entries_in(bundle: bytes) -> Iterator[bytes]:
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        assert len(bundle) >= 2 + length
        yield bundle[2 : 2 + length]
        bundle = bundle[2 + length :]


def by_definition(leaves: list[bytes]) -> dict[str, bytes]:
    """Every tile as the specification's formula gives it."""
    found, level, nodes = {}, 0, leaves
    while nodes:
        for index in range(0, len(nodes), 256):
            hashes = nodes[index : index + 256]
            found[tile_path(level, index // 256, len(hashes))] = b"".join(hashes)
        full = len(nodes) // 256
        nodes = [root_of(nodes[at * 256 : (at + 1) * 256]) for at in range(full)]
        level += 1
    return found


@pytest.mark.parametrize("size", SIZES)
def test_the_tiles_of_hashes_are_those_of_the_definition(size: int) -> None:
    leaves = [leaf_hash(entry) for entry in entries_of(size)]
    made = list(hash_tiles(leaves))
    assert dict(made) == by_definition(leaves)
    assert len(dict(made)) == len(made)


@pytest.mark.parametrize("size", SIZES)
def test_the_bundles_hold_every_entry_in_order(size: int) -> None:
    made = dict(tiles(entries_of(size)))
    bundles = [path for path in made if path.startswith("tile/entries/")]
    assert bundles == sorted(bundles)
    assert [entry for path in bundles for entry in entries_in(made[path])] == entries_of(size)


@pytest.mark.parametrize("size", SIZES)
def test_beside_the_bundles_stand_the_tiles_of_hashes_and_nothing_else(size: int) -> None:
    made = dict(tiles(entries_of(size)))
    others = {path: content for path, content in made.items() if not path.startswith("tile/entries/")}
    assert others == dict(hash_tiles(map(leaf_hash, entries_of(size))))


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    made = [path for path, _ in hash_tiles(bytes(HASH_BYTES) for _ in range(70_000))]
    full = [path for path in made if ".p/" not in path]
    assert sum(path.startswith("tile/0/") for path in full) == 273
    assert sum(path.startswith("tile/1/") for path in full) == 1
    assert len(full) == 274
    assert [path for path in made if ".p/" in path] == [
        "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (5, 1, "tile/0/005.p/1"),
        (999, 256, "tile/0/999"),
        (1000, 256, "tile/0/x001/000"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (1_234_067, 8, "tile/0/x001/x234/067.p/8"),
    ],
)
def test_an_index_is_written_in_elements_of_three_digits(index: int, width: int, path: str) -> None:
    assert tile_path(0, index, width) == path


def test_the_longest_entry_that_a_bundle_can_hold_is_held() -> None:
    made = dict(tiles([bytes(65_535)]))
    assert list(entries_in(made["tile/entries/000.p/1"])) == [bytes(65_535)]


def test_an_entry_whose_length_needs_three_bytes_is_refused() -> None:
    with pytest.raises(MalformedData, match="65536 bytes"):
        list(tiles([bytes(65_536)]))


def test_the_memory_does_not_grow_with_the_tree() -> None:
    def peak(size: int) -> int:
        tracemalloc.start()
        for _ in tiles(b"%d" % number for number in range(size)):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(20_000) < 1.5 * peak(2_000)
