"""Two entries change places."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    ledger.rows[18], ledger.rows[22] = ledger.rows[22], ledger.rows[18]
    ledger.number_anew()
    ledger.save()
