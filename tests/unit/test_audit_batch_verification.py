"""Many signatures at once: the answers come in order, whatever the number of threads."""

import pytest

from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from tests.unit.signed_ledger import KEY, OTHER_KEY


@pytest.mark.parametrize("number", [0, 1, 64, 65, 300])
def test_each_signature_is_judged_by_itself_and_in_order(number: int) -> None:
    messages = [b"%d" % index for index in range(number)]
    triples = [
        (KEY.public_raw, (OTHER_KEY if index % 7 == 3 else KEY).sign(message), message)
        for index, message in enumerate(messages)
    ]
    with verifying_in_parallel() as verify_many:
        assert verify_many(triples)() == [index % 7 != 3 for index in range(number)]
