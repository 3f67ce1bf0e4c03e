"""A bundle is said to hold more entries than there were when it was exported."""

import uuid

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.stamping import append


def attack(ledger: LedgerFile) -> None:
    exported = {"size": 31, "disclosed": 31, "sums_sha256": "ab" * 32}
    append(ledger, "BundleExported", f"report/{uuid.uuid4()}", exported)
    ledger.save()
