"""Proofs made while the tree is read once equal those made from all leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain.proofs import merkle
from custody.domain.proofs.proving_tree import ProvingTree

SIZES = st.integers(1, 140)


def leaves_of(size: int) -> list[bytes]:
    return [merkle.leaf_hash(b"%d" % number) for number in range(size)]


def grown(size: int, *, leaves: set[int] = frozenset(), sizes: set[int] = frozenset()) -> ProvingTree:
    tree = ProvingTree(leaves, sizes)
    for leaf in leaves_of(size):
        tree.append(leaf)
    return tree


@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    tree = grown(size, leaves=chosen)
    assert {at: tree.inclusion(at) for at in chosen} == {
        at: merkle.inclusion_proof(at, leaves_of(size)) for at in chosen
    }


@given(SIZES, st.data())
def test_consistency_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, size), min_size=1))
    tree = grown(size, sizes=chosen)
    assert {old: tree.consistency(old) for old in chosen} == {
        old: merkle.consistency_proof(old, leaves_of(size)) for old in chosen
    }


@given(SIZES, st.data())
def test_roots_are_those_of_the_sizes_named(size: int, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, size), min_size=1))
    tree = grown(size, sizes=chosen)
    assert {at: tree.root_at(at) for at in chosen} == {
        at: merkle.root_of(leaves_of(size)[:at]) for at in chosen
    }
    assert tree.root() == merkle.root_of(leaves_of(size))


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    assert grown(0).root() == merkle.EMPTY_ROOT


def test_asking_for_a_proof_does_not_change_the_tree() -> None:
    tree = grown(11, leaves={3}, sizes={6})
    first = (tree.inclusion(3), tree.consistency(6), tree.root())
    assert (tree.inclusion(3), tree.consistency(6), tree.root()) == first


def test_what_was_not_named_before_is_not_proved() -> None:
    tree = grown(11, leaves={3}, sizes={6})
    for ask in (lambda: tree.inclusion(4), lambda: tree.consistency(7), lambda: tree.root_at(12)):
        with pytest.raises(KeyError):
            ask()
