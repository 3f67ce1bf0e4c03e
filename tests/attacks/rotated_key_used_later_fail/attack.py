"""A key goes on signing after it gave its place to another one."""

from custody.domain.events import CaseOpened, KeyRotated
from custody.domain.identifiers import KeyId, case_stream, key_stream
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    key = KeyId(ledger.stranger.key_id)
    own = KeyId(ledger.signer.key_id)
    successor = ledger.enrolment("examiner", "reviewer", "custodian", "administrator", replaces=own)
    ledger.append(key_stream(ledger.ledger, key), successor, ledger.signer)
    rotated = KeyRotated(key=own, successor=key)
    ledger.append(key_stream(ledger.ledger, own), rotated, ledger.signer, revision=2)
    ledger.append(case_stream(ledger.ledger, "later"), CaseOpened(case_number="later"), ledger.signer)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
