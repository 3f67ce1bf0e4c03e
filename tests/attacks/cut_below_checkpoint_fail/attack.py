"""The end is cut off, head and read models are made to fit, but the checkpoint over it is still there."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    del ledger.rows[4:]
    ledger.save()
    ledger.empty_read_models()
