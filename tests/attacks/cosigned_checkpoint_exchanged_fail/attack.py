"""The checkpoint that a witness cosigned is signed anew, by the same key, over another root."""

from tests.attacks.ledger_file import LedgerFile, cosigned


def attack(ledger: LedgerFile) -> None:
    ledger.cosign(30, cosigned)
    note = ledger.note(30, bytes(32), ledger.signer)
    (ledger.workspace / "checkpoints" / "30.note").write_bytes(note)
    with ledger.connected() as database:
        database.execute("UPDATE checkpoints SET note = ? WHERE size = 30", (note,))
