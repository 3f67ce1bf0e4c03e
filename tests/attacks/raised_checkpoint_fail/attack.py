"""The size in a signed checkpoint is changed."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    file = ledger.workspace / "checkpoints" / "30.note"
    file.write_bytes(file.read_bytes().replace(b"\n30\n", b"\n31\n"))
