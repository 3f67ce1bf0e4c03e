"""A report is said to show the ledger up to a position that was not there when it was issued."""

import uuid

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.stamping import append


def attack(ledger: LedgerFile) -> None:
    issued = {"kind": "custody", "at_position": 30, "sha256": "ab" * 32, "size": 1}
    append(ledger, "ReportIssued", f"report/{uuid.uuid4()}", issued)
    ledger.save()
