"""An examiner, who is no administrator, enrols a key for an accomplice."""

from dataclasses import replace

from custody.domain.identifiers import KeyId, key_stream
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    key = KeyId(ledger.stranger.key_id)
    ledger.append(key_stream(ledger.ledger, key), ledger.enrolment("examiner"), ledger.signer)
    accomplice = Ed25519Signer(new_private_key())
    other = KeyId(accomplice.key_id)
    enrolled = replace(ledger.enrolment("examiner"), key=other, public_key=accomplice.public_pem.decode())
    ledger.append(key_stream(ledger.ledger, other), enrolled, ledger.stranger)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
