"""An entry is taken out."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    ledger.remove(22)
    ledger.save()
