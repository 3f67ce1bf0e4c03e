"""The end is cut off together with every checkpoint over it: only one that somebody else holds shows it."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    del ledger.rows[4:]
    ledger.save()
    ledger.empty_read_models()
    ledger.forget_checkpoints(above=4)
