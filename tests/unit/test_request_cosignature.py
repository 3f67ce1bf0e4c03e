"""What a witness is given is the signed checkpoint with a proof that holds."""

from dataclasses import replace

import pytest

from custody.domain.errors import CannotTell, NotFound, Tampered, UsageError
from custody.domain.events import CheckpointCosigned
from custody.domain.identifiers import checkpoint_stream
from custody.domain.proofs.checkpoint import parse_note
from custody.domain.proofs.cosign_request import CosignRequest
from custody.domain.proofs.merkle import leaf_hash, root_of, verify_consistency
from custody.domain.use_cases.request_cosignature import request_cosignature
from tests.unit.provable import MemoryReader
from tests.unit.signed_ledger import (
    LEDGER,
    OTHER_KEY,
    TRUSTED,
    SignedLedger,
    new_ledger,
    signed_body,
    verify_each,
)
from tests.unit.witnessing import NAME


def requested(ledger: SignedLedger, size: int | None = None, since: int | None = None) -> CosignRequest:
    return request_cosignature(MemoryReader(ledger), TRUSTED, verify_each, size=size, since=since)


def record_cosignature(ledger: SignedLedger, size: int) -> None:
    event = CheckpointCosigned(
        size=size, root="", note_sha256="", witness=NAME, key_hash="", time=0, cosignature=""
    )
    ledger.add(checkpoint_stream(LEDGER, size), event)


def test_by_default_the_largest_checkpoint_is_proved_from_nothing_on() -> None:
    ledger = new_ledger(3)
    request = requested(ledger)
    assert (request.old_size, request.proof, request.checkpoint.size) == (0, (), 11)
    assert request.note == parse_note(ledger.note())


@pytest.mark.parametrize("size", [2, 5, 8, 11])
@pytest.mark.parametrize("since", [0, 1, 2, 4, 5, 7, 8])
def test_the_proof_holds_between_any_two_sizes(size: int, since: int) -> None:
    ledger = new_ledger(3)
    if since > size:
        with pytest.raises(UsageError, match=f"--since {since}"):
            requested(ledger, size, since)
        return
    request = requested(ledger, size, since)
    leaves = [leaf_hash(row.entry) for row in ledger.rows]  # type: ignore[arg-type]
    assert verify_consistency(
        old_size=since, new_size=size, old_root=root_of(leaves[:since]), new_root=request.checkpoint.root,
        proof=request.proof,
    )  # fmt: skip
    assert CosignRequest.parse(request.to_bytes()) == request


def test_by_default_it_goes_on_from_what_was_cosigned_last() -> None:
    ledger = new_ledger(2)
    record_cosignature(ledger, 5)
    record_cosignature(ledger, 2)
    ledger.sign_checkpoint()
    assert requested(ledger).old_size == 5
    assert requested(ledger, 2).old_size == 2
    assert requested(ledger, since=0).old_size == 0


def test_a_size_without_a_checkpoint_is_not_found() -> None:
    with pytest.raises(NotFound, match="4 entries"):
        requested(new_ledger(1), 4)


def test_without_a_signed_checkpoint_there_is_nothing_to_cosign() -> None:
    ledger = new_ledger(1)
    ledger.notes = [replace(ledger.notes[0], note=ledger.note(OTHER_KEY))]
    with pytest.raises(CannotTell, match="no checkpoint of this ledger is signed"):
        requested(ledger)


def test_a_ledger_that_was_changed_asks_no_witness() -> None:
    ledger = new_ledger(2)
    ledger.rows[3] = replace(ledger.rows[3], entry=signed_body(b"{}"))
    with pytest.raises(Tampered, match="checkpoint of size 8"):
        requested(ledger)
