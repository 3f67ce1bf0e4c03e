"""A stranger signs a checkpoint over another root, in the place of the last one."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    note = ledger.note(30, bytes(32), ledger.stranger)
    (ledger.workspace / "checkpoints" / "30.note").write_bytes(note)
