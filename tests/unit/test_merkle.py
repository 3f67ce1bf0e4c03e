import hashlib

import pytest

from custody.domain.errors import MalformedData
from custody.domain.proofs import merkle

# The reference tree of RFC 6962 implementations (Certificate Transparency, test data of merkle_tree_test).
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root_of([]) == merkle.EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_equal_those_of_certificate_transparency(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_a_leaf_cannot_be_taken_for_a_node() -> None:
    assert merkle.leaf_hash(LEAVES[0] + LEAVES[1]) != merkle.node_hash(LEAVES[0], LEAVES[1])


def test_a_copied_frontier_grows_alone() -> None:
    frontier = merkle.Frontier()
    frontier.append(LEAVES[0])
    frontier.copy().append(LEAVES[1])
    assert frontier == merkle.Frontier(1, [LEAVES[0]])


@pytest.mark.parametrize(
    "change", [b"", b"\x00" * 7, b"\x00" * 7 + b"\x01", b"\x00" * 7 + b"\x03" + b"a" * 63]
)
def test_a_frontier_whose_size_and_peaks_disagree_is_refused(change: bytes) -> None:
    with pytest.raises(MalformedData):
        merkle.Frontier.from_bytes(change)


@pytest.mark.parametrize("index", [-1, 8])
def test_a_leaf_outside_the_tree_has_no_inclusion_proof(index: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        merkle.inclusion_proof(index, LEAVES)


@pytest.mark.parametrize("old_size", [-1, 9])
def test_a_size_that_never_was_has_no_consistency_proof(old_size: int) -> None:
    with pytest.raises(ValueError, match="never had"):
        merkle.consistency_proof(old_size, LEAVES)


@pytest.mark.parametrize("index", [-1, 8, 2**70])
def test_an_index_outside_the_tree_is_not_included(index: int) -> None:
    proof = merkle.inclusion_proof(0, LEAVES)
    assert not merkle.verify_inclusion(
        leaf=LEAVES[0], index=index, size=8, proof=proof, root=merkle.root_of(LEAVES)
    )


@pytest.mark.parametrize(
    ("old_size", "new_size", "old_root", "new_root", "proof", "verdict"),
    [
        (0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [], True),
        (0, 0, LEAVES[0], LEAVES[0], [], False),
        (0, 8, merkle.EMPTY_ROOT, LEAVES[0], [], True),
        (0, 8, LEAVES[0], LEAVES[0], [], False),
        (0, 8, merkle.EMPTY_ROOT, LEAVES[0], [LEAVES[0]], False),
        (8, 8, LEAVES[0], LEAVES[0], [], True),
        (8, 8, LEAVES[0], LEAVES[1], [], False),
        (8, 8, LEAVES[0], LEAVES[0], [LEAVES[0]], False),
        (8, 7, LEAVES[0], LEAVES[0], [], False),
        (-1, 7, LEAVES[0], LEAVES[0], [], False),
        (1, 2, LEAVES[0], LEAVES[0], [], False),
        (1, 2, LEAVES[0], b"short", [LEAVES[1]], False),
        (1, 2, LEAVES[0], merkle.node_hash(LEAVES[0], LEAVES[1]), [LEAVES[1]], True),
        (1, 2, LEAVES[0], merkle.node_hash(LEAVES[0], LEAVES[1]), [LEAVES[1], LEAVES[1]], False),
    ],
)
def test_consistency_at_the_edges(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: list[bytes], verdict: bool
) -> None:
    judged = merkle.verify_consistency(
        old_size=old_size, new_size=new_size, old_root=old_root, new_root=new_root, proof=proof
    )
    assert judged is verdict


def test_a_proof_with_something_that_is_no_hash_proves_nothing() -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(3)]
    proof = merkle.inclusion_proof(1, leaves)
    root = merkle.root_of(leaves)

    assert merkle.verify_inclusion(leaf=leaves[1], index=1, size=3, proof=proof, root=root)
    assert not merkle.verify_inclusion(leaf=leaves[1][:-1], index=1, size=3, proof=proof, root=root)
    assert not merkle.verify_inclusion(leaf=leaves[1], index=1, size=3, proof=[*proof[:-1], b""], root=root)
