"""A ledger's tiles end with the checkpoint, and only if it was signed over them."""

from dataclasses import replace

import pytest

from custody.domain.errors import Tampered
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.merkle import EMPTY_ROOT
from custody.domain.proofs.tiles import tiles
from custody.domain.use_cases.signed_tree import SignedCheckpoint
from custody.domain.use_cases.tile_ledger import tile_files
from tests.unit.provable import MemoryReader
from tests.unit.signed_ledger import SignedLedger, new_ledger, signed_body


def of(note: bytes) -> SignedCheckpoint:
    return SignedCheckpoint(checkpoint=Checkpoint.parse(parse_note(note).text), note=note)


@pytest.mark.parametrize("at", [0, 2, 4])
def test_the_files_are_those_of_the_entries_that_the_checkpoint_covers(at: int) -> None:
    ledger = new_ledger(2)
    signed = of(ledger.notes[at].note)  # type: ignore[arg-type]
    covered = [row.entry for row in ledger.rows[: signed.checkpoint.size]]
    assert list(tile_files(MemoryReader(ledger), signed)) == [
        *tiles(covered),  # type: ignore[arg-type]
        ("checkpoint", signed.note),
    ]


def test_of_nothing_there_is_only_the_checkpoint() -> None:
    ledger = SignedLedger()
    signed = of(ledger.note())
    assert signed.checkpoint.root == EMPTY_ROOT
    assert list(tile_files(MemoryReader(ledger), signed)) == [("checkpoint", signed.note)]


def test_entries_that_are_not_those_that_were_signed_get_no_checkpoint() -> None:
    ledger = new_ledger(2)
    signed = of(ledger.note())
    changed = new_ledger(2)
    changed.rows[3] = replace(changed.rows[3], entry=signed_body(b"{}"))
    cut = new_ledger(1)
    for other in (changed, cut):
        files = tile_files(MemoryReader(other), signed)
        with pytest.raises(Tampered, match="checkpoint of size 8"):
            assert "checkpoint" not in dict(files)
