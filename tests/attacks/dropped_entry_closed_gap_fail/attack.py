"""An entry is taken out and those behind it move up."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    ledger.remove(22)
    ledger.number_anew()
    ledger.save()
