"""The key's holder is their own time stamping authority: nobody trusts it, so nothing is shown."""

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.stamping import append_stamp, real_stamp


def attack(ledger: LedgerFile) -> None:
    _, data = real_stamp(ledger, 30, trusted=False)
    append_stamp(ledger, data)
