"""A checkpoint that the same examiner signed for another ledger is laid in."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    origin = "custody.invalid/0f0e0d0c-0b0a-4908-8706-050403020100"
    note = ledger.note(30, ledger.kept_checkpoint(30).root, ledger.signer, origin)
    (ledger.workspace / "checkpoints" / "30.note").write_bytes(note)
