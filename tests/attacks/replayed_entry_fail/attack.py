"""An entry that was good once is put in a second time."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    ledger.insert(24, ledger.rows[22][1])
    ledger.save()
