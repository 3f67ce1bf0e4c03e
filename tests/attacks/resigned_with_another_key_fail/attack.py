"""Everything after the beginning is signed anew by a stranger, checkpoint included."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    ledger.seal_again(4, ledger.stranger)
    ledger.save()
    ledger.forget_checkpoints(above=4)
    ledger.sign_checkpoint(ledger.stranger)
