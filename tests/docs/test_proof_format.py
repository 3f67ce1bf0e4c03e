"""The published proof, which strangers will try first."""

from custody.domain.identifiers import KeyId
from custody.domain.proofs.merkle import inclusion_proof, leaf_hash
from custody.domain.proofs.proof import Proof
from custody.domain.use_cases.check_proof import TrustedKey, check_proof
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import load_public_pem
from tests.docs.markdown import ROOT

EXAMPLE = ROOT / "docs" / "reference" / "example"
DOCUMENT = (EXAMPLE / "session.proof").read_bytes()


def test_the_published_proof_passes() -> None:
    key = load_public_pem((EXAMPLE / "key.pem").read_bytes())
    with verifying_in_parallel() as verify_many:
        result = check_proof(DOCUMENT, {KeyId(key.key_id): TrustedKey(raw=key.raw)}, verify_many)

    assert (result.verdict, result.findings) == ("passed", ())


def test_the_published_proof_is_of_the_published_ledger() -> None:
    lines = (EXAMPLE / "log.jsonl").read_bytes().splitlines()
    leaves = [leaf_hash(line) for line in lines]

    for proved in Proof.parse(DOCUMENT).entries:
        assert proved.entry == lines[proved.position]
        assert proved.path == inclusion_proof(proved.position, leaves)


def test_the_page_shows_the_path_of_the_example() -> None:
    page = (ROOT / "docs" / "reference" / "proof-format.md").read_text("utf-8")

    assert all(node.hex() in page for node in Proof.parse(DOCUMENT).entries[0].path)
