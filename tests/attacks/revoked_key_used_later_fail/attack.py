"""A key goes on signing after the ledger has revoked it."""

from custody.domain.events import CaseOpened, KeyRevoked
from custody.domain.identifiers import KeyId, case_stream, key_stream
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    key = KeyId(ledger.stranger.key_id)
    ledger.append(key_stream(ledger.ledger, key), ledger.enrolment("examiner"), ledger.signer)
    revoked = KeyRevoked(key=key, reason="stolen")
    ledger.append(key_stream(ledger.ledger, key), revoked, ledger.signer, revision=2)
    ledger.append(case_stream(ledger.ledger, "later"), CaseOpened(case_number="later"), ledger.stranger)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
