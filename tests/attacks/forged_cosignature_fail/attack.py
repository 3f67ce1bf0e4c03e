"""The key's holder records a cosignature of a trusted witness that the witness never made."""

from custody.domain.proofs.cosignature import cosignature_line
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from tests.attacks.ledger_file import COSIGNED_AT, WITNESS, LedgerFile


def attack(ledger: LedgerFile) -> None:
    def forged(text: bytes, witness: Ed25519Signer) -> str:
        return cosignature_line(WITNESS, witness.public_raw, COSIGNED_AT, ledger.signer.sign(text))

    ledger.cosign(30, forged)
