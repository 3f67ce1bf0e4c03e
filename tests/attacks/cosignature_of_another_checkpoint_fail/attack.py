"""What a witness signed of a smaller checkpoint is recorded as if it were of a larger one."""

from tests.attacks.ledger_file import LedgerFile, cosigned


def attack(ledger: LedgerFile) -> None:
    earlier = ledger.kept_checkpoint(4).text()
    ledger.cosign(30, lambda _, witness: cosigned(earlier, witness))
