import json

import pytest

from custody.infrastructure.crypto.ed25519 import load_public_pem, verify
from tests.vectors.shared_vectors import vector_folder

SUITE = json.loads((vector_folder("wycheproof") / "testvectors_v1" / "ed25519_test.json").read_bytes())
CASES = [(group, case) for group in SUITE["testGroups"] for case in group["tests"]]


def test_all_vectors_are_run() -> None:
    assert len(CASES) == SUITE["numberOfTests"] == 151


@pytest.mark.parametrize(("group", "case"), CASES, ids=[str(case["tcId"]) for _, case in CASES])
def test_signatures_are_judged_as_wycheproof_says(group: dict, case: dict) -> None:
    good = verify(
        bytes.fromhex(group["publicKey"]["pk"]), bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
    )
    assert ("valid" if good else "invalid") == case["result"]


@pytest.mark.parametrize("group", SUITE["testGroups"], ids=lambda group: group["publicKey"]["pk"][:8])
def test_public_keys_in_pem_are_read(group: dict) -> None:
    assert load_public_pem(group["publicKeyPem"].encode()).raw == bytes.fromhex(group["publicKey"]["pk"])
