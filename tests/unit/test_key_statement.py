import base64
import json

import pytest

from custody.domain import canonical
from custody.domain.entries.dsse import pae
from custody.domain.errors import MalformedData
from custody.domain.identifiers import KeyId
from custody.domain.keys.statement import MAX_REQUEST_BYTES, STATEMENT_TYPE, KeyStatement
from custody.infrastructure.crypto.ed25519 import verify
from tests.unit.key_ring import enrolment
from tests.unit.signed_ledger import KEY, LEDGER, OTHER_KEY

STATEMENT = KeyStatement(ledger=LEDGER, enrolling_key=KeyId(KEY.key_id), enrolment=enrolment(OTHER_KEY))


def changed(**members: object) -> bytes:
    return canonical.encode({**json.loads(STATEMENT.request()), **members})


def with_body(body: object) -> bytes:
    return changed(payload=base64.b64encode(canonical.encode(body)).decode())


def test_a_request_comes_back_as_it_was_written() -> None:
    assert KeyStatement.parse(STATEMENT.request()) == STATEMENT
    assert STATEMENT.is_proved(verify)


def test_the_proof_is_a_dsse_signature_over_the_statement_without_it() -> None:
    signature = base64.b64decode(STATEMENT.enrolment.proof or "")
    assert verify(OTHER_KEY.public_raw, signature, pae(STATEMENT_TYPE, STATEMENT.body()))
    body = json.loads(STATEMENT.body())
    assert (body["ledger"], body["enrolled_by"]) == (str(LEDGER), KEY.key_id)
    assert body["enrolment"].keys() == {"key", "public_key", "examiner", "protected", "roles"}


@pytest.mark.parametrize(
    "request_file",
    [
        b"",
        b"{}",
        b"[" * 100,
        STATEMENT.request() + b"\n",
        b"[" + b'"a",' * (MAX_REQUEST_BYTES // 4) + b'"a"]',
        changed(payload="!"),
        changed(payload=base64.b64encode(b"no JSON").decode()),
        changed(payloadType="application/vnd.custody.entry+json"),
        changed(signatures=[]),
        changed(signatures=[{"keyid": KEY.key_id, "sig": STATEMENT.enrolment.proof}]),
        changed(more=1),
        with_body([]),
        with_body({**json.loads(STATEMENT.body()), "ledger": "no UUID"}),
        with_body({**json.loads(STATEMENT.body()), "ledger": str(LEDGER).upper()}),
        with_body({**json.loads(STATEMENT.body()), "more": 1}),
        with_body({**json.loads(STATEMENT.body()), "enrolment": {"key": "x"}}),
    ],
)
def test_what_is_no_request_is_malformed_data(request_file: bytes) -> None:
    with pytest.raises(MalformedData):
        KeyStatement.parse(request_file)
