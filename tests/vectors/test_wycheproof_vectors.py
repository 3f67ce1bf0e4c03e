import json

import pytest

from custody.infrastructure.crypto.ed25519 import load_public_pem, verify
from custody.reports.bundle_files import verify_custody
from tests.vectors.shared_vectors import vector_folder

SUITE = json.loads((vector_folder("wycheproof") / "testvectors_v1" / "ed25519_test.json").read_bytes())
CASES = [(group, case) for group in SUITE["testGroups"] for case in group["tests"]]


def test_all_vectors_are_run() -> None:
    assert len(CASES) == SUITE["numberOfTests"] == 151


@pytest.mark.parametrize(("group", "case"), CASES, ids=[str(case["tcId"]) for _, case in CASES])
def test_signatures_are_judged_as_wycheproof_says(group: dict, case: dict) -> None:
    key, signature, message = map(bytes.fromhex, (group["publicKey"]["pk"], case["sig"], case["msg"]))
    for judge in (verify, verify_custody.verify):
        assert ("valid" if judge(key, signature, message) else "invalid") == case["result"]


@pytest.mark.parametrize("group", SUITE["testGroups"], ids=lambda group: group["publicKey"]["pk"][:8])
def test_public_keys_in_pem_are_read(group: dict) -> None:
    assert load_public_pem(group["publicKeyPem"].encode()).raw == bytes.fromhex(group["publicKey"]["pk"])
