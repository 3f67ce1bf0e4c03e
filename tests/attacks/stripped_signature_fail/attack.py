"""The signature is taken off an entry."""

import json

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    envelope = json.loads(ledger.rows[22][1])
    ledger.replace(22, canonical.encode({**envelope, "signatures": []}))
    ledger.save()
