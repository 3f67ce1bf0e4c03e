from hypothesis import given
from hypothesis import strategies as st

from custody.domain.proofs import merkle

ENTRIES = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


def recursive_root(leaves: list[bytes]) -> bytes:
    """MTH exactly as RFC 6962 section 2.1 defines it, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


@st.composite
def tree_and_index(draw: st.DrawFn) -> tuple[list[bytes], int]:
    leaves = [merkle.leaf_hash(entry) for entry in draw(ENTRIES)]
    return leaves, draw(st.integers(0, len(leaves) - 1))


@given(ENTRIES)
def test_the_frontier_gives_the_root_of_the_definition(entries: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert merkle.root_of(leaves) == recursive_root(leaves)


@given(ENTRIES)
def test_a_frontier_survives_storage(entries: list[bytes]) -> None:
    frontier = merkle.Frontier()
    for entry in entries:
        frontier.append(merkle.leaf_hash(entry))
    assert merkle.Frontier.from_bytes(frontier.to_bytes()) == frontier


@given(tree_and_index())
def test_every_leaf_is_proved_at_its_own_index_only(case: tuple[list[bytes], int]) -> None:
    leaves, index = case
    proof, root, size = merkle.inclusion_proof(index, leaves), merkle.root_of(leaves), len(leaves)
    proved = [
        at
        for at in range(size + 1)
        if merkle.verify_inclusion(leaf=leaves[index], index=at, size=size, proof=proof, root=root)
    ]
    same = [at for at in proved if at < size and leaves[at] == leaves[index]]
    assert index in proved
    assert proved == same


@given(tree_and_index(), st.data())
def test_an_inclusion_proof_with_a_change_proves_nothing(
    case: tuple[list[bytes], int], data: st.DataObject
) -> None:
    leaves, index = case
    proof = list(merkle.inclusion_proof(index, leaves))
    at = data.draw(st.integers(0, len(proof)))
    change = data.draw(st.sampled_from(["insert", "remove", "replace"] if at < len(proof) else ["insert"]))
    proof[at : at if change == "insert" else at + 1] = [] if change == "remove" else [merkle.EMPTY_ROOT]
    assert not merkle.verify_inclusion(
        leaf=leaves[index], index=index, size=len(leaves), proof=proof, root=merkle.root_of(leaves)
    )


@given(tree_and_index())
def test_every_prefix_is_proved_consistent(case: tuple[list[bytes], int]) -> None:
    leaves, old_size = case
    assert merkle.verify_consistency(
        old_size=old_size,
        new_size=len(leaves),
        old_root=merkle.root_of(leaves[:old_size]),
        new_root=merkle.root_of(leaves),
        proof=merkle.consistency_proof(old_size, leaves),
    )


@given(tree_and_index(), st.data())
def test_a_rewritten_prefix_is_not_consistent(case: tuple[list[bytes], int], data: st.DataObject) -> None:
    leaves, index = case
    old_size = data.draw(st.integers(index + 1, len(leaves)))
    rewritten = [*leaves[:index], merkle.EMPTY_ROOT, *leaves[index + 1 :]]
    assert not merkle.verify_consistency(
        old_size=old_size,
        new_size=len(leaves),
        old_root=merkle.root_of(leaves[:old_size]),
        new_root=merkle.root_of(rewritten),
        proof=merkle.consistency_proof(old_size, rewritten),
    )


@given(tree_and_index(), st.data())
def test_a_consistency_proof_with_a_change_proves_nothing(
    case: tuple[list[bytes], int], data: st.DataObject
) -> None:
    leaves, old_size = case
    proof = list(merkle.consistency_proof(old_size, leaves))
    at = data.draw(st.integers(0, len(proof)))
    change = data.draw(st.sampled_from(["insert", "remove", "replace"] if at < len(proof) else ["insert"]))
    proof[at : at if change == "insert" else at + 1] = [] if change == "remove" else [merkle.EMPTY_ROOT]
    assert not merkle.verify_consistency(
        old_size=old_size,
        new_size=len(leaves),
        old_root=merkle.root_of(leaves[:old_size]),
        new_root=merkle.root_of(leaves),
        proof=proof,
    )
