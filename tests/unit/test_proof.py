"""The proof document: one form, and nothing else is read."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain.errors import MalformedData
from custody.domain.proofs import proof as proof_module
from custody.domain.proofs.proof import Proof, ProvedEntry
from tests.unit.provable import proof_of
from tests.unit.signed_ledger import new_ledger

SOUND = proof_of(new_ledger(2), 2, 3, 5)
Document = dict[str, object]


def changed(change: Callable[[Document], object]) -> bytes:
    document = json.loads(SOUND.to_bytes())
    change(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def first(document: Document) -> dict[str, object]:
    entries = document["entries"]
    assert isinstance(entries, list)
    return entries[0]


def test_a_proof_is_read_back() -> None:
    assert Proof.parse(SOUND.to_bytes()) == SOUND


def test_the_last_newline_may_be_missing() -> None:
    assert Proof.parse(SOUND.to_bytes().removesuffix(b"\n")) == SOUND


HOSTILE = {
    "nothing": b"",
    "no JSON": b"\xff\xfe",
    "an array": b"[]",
    "a blank more": SOUND.to_bytes().replace(b":", b": ", 1),
    "two newlines": SOUND.to_bytes() + b"\n",
    "a name twice": SOUND.to_bytes().replace(b'"format"', b'"entries":[],"format"', 1),
    "deep": b"[" * 100_000,
    "deeper than a proof": changed(lambda d: d.update(entries=[[[[[1]]]]])),
    "a member more": changed(lambda d: d.update(more=1)),
    "a member less": changed(lambda d: d.pop("checkpoint")),
    "another format": changed(lambda d: d.update(format="custody.proof/2")),
    "a note that is a number": changed(lambda d: d.update(checkpoint=1)),
    "entries that are an object": changed(lambda d: d.update(entries={})),
    "no entries": changed(lambda d: d.update(entries=[])),
    "an entry that is text": changed(lambda d: d.update(entries=["x"])),
    "an entry with a member more": changed(lambda d: first(d).update(more=1)),
    "a position that is text": changed(lambda d: first(d).update(position="2")),
    "a position that is true": changed(lambda d: first(d).update(position=True)),
    "a position below zero": changed(lambda d: first(d).update(position=-1)),
    "a position beyond any integer": changed(lambda d: first(d).update(position=10**5000 // 10**1000)),
    "an entry's bytes that are a list": changed(lambda d: first(d).update(entry=[])),
    "a path that is text": changed(lambda d: first(d).update(path="00")),
    "a path longer than any tree is high": changed(lambda d: first(d).update(path=["00" * 32] * 64)),
    "a hash that is a number": changed(lambda d: first(d).update(path=[1])),
    "a hash that is no hex": changed(lambda d: first(d).update(path=["zz" * 32])),
    "a hash that is short": changed(lambda d: first(d).update(path=["00" * 31])),
    "a hash in capitals": changed(lambda d: first(d).update(path=["AA" * 32])),
    "a position twice": changed(lambda d: d.update(entries=[first(d), first(d)])),
    "positions that fall": changed(lambda d: d.update(entries=list(reversed(d["entries"])))),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        Proof.parse(data)


def test_a_document_over_the_limit_is_not_even_parsed() -> None:
    with pytest.raises(MalformedData, match="over the limit"):
        Proof.parse(b" " * (proof_module.MAX_PROOF_BYTES + 2))


def test_a_document_over_the_limit_is_not_made() -> None:
    large = ProvedEntry(position=0, entry=b"x" * proof_module.MAX_PROOF_BYTES, path=())
    with pytest.raises(MalformedData, match="over the limit"):
        replace(SOUND, entries=(large,)).to_bytes()


def test_a_note_that_is_not_text_has_no_document() -> None:
    with pytest.raises(MalformedData):
        replace(SOUND, note=b"\xff").to_bytes()


@given(st.binary(max_size=60), st.integers(0, 3000), st.integers(0, 40))
def test_damage_anywhere_is_refused_or_reads_as_another_proof(put: bytes, at: int, gone: int) -> None:
    data = SOUND.to_bytes()
    damaged = data[:at] + put + data[at + gone :]
    try:
        read = Proof.parse(damaged)
    except MalformedData:
        return
    assert (read == SOUND) == (damaged.removesuffix(b"\n") == data.removesuffix(b"\n"))
