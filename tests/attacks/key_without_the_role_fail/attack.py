"""A reviewer's key opens a case."""

from custody.domain.events import CaseOpened
from custody.domain.identifiers import KeyId, case_stream, key_stream
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    key = KeyId(ledger.stranger.key_id)
    ledger.append(key_stream(ledger.ledger, key), ledger.enrolment("reviewer"), ledger.signer)
    ledger.append(case_stream(ledger.ledger, "later"), CaseOpened(case_number="later"), ledger.stranger)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
