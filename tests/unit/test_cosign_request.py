"""A request to a witness is the text of C2SP tlog-witness, read strictly."""

import base64
import hashlib

import pytest

from custody.domain.errors import MalformedData
from custody.domain.proofs.cosign_request import MAX_PROOF_LINES, CosignRequest
from tests.unit.signed_ledger import new_ledger

NOTE = new_ledger(1).note()
NODES = tuple(hashlib.sha256(b"%d" % number).digest() for number in range(MAX_PROOF_LINES))
LINES = [base64.b64encode(node) + b"\n" for node in NODES]


def test_a_request_is_the_old_size_the_proof_an_empty_line_and_the_note() -> None:
    data = b"old 3\n" + LINES[0] + LINES[1] + b"\n" + NOTE
    request = CosignRequest.parse(data)
    assert (request.old_size, request.proof, request.checkpoint.size) == (3, NODES[:2], 5)
    assert request.to_bytes() == data


def test_a_first_request_has_no_proof() -> None:
    request = CosignRequest.parse(b"old 0\n\n" + NOTE)
    assert (request.old_size, request.proof) == (0, ())


def test_a_proof_has_as_many_lines_as_the_specification_allows() -> None:
    assert CosignRequest.parse(b"old 3\n" + b"".join(LINES) + b"\n" + NOTE).proof == NODES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        NOTE,
        b"old 0\n" + NOTE,
        b"old\n\n" + NOTE,
        b"old 00\n\n" + NOTE,
        b"old 01\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old 1" + b"0" * 19 + b"\n\n" + NOTE,
        b"old 0\r\n\n" + NOTE,
        b" old 0\n\n" + NOTE,
        b"old 0\n\n\n" + NOTE,
        b"old 3\n" + b"".join([*LINES, LINES[0]]) + b"\n" + NOTE,
        b"old 3\n" + LINES[0][:-2] + b"\n\n" + NOTE,
        b"old 3\n" + LINES[0].replace(b"=", b"A") + b"\n" + NOTE,
        b"old 3\n" + b"A" * 42 + b"B=\n\n" + NOTE,
        b"old 3\n" + NODES[0].hex().encode() + b"\n\n" + NOTE,
        b"old 0\n\n",
        b"old 0\n\nrubbish",
        b"old 0\n\n" + NOTE.replace(b"\n5\n", b"\n05\n"),
        b"old 0\n\n" + NOTE + b"\xff",
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        CosignRequest.parse(data)
