"""A stranger signs the end anew and lays their public key beside the workspace's own."""

from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    ledger.seal_again(22, ledger.stranger)
    ledger.save()
    ledger.forget_checkpoints(above=4)
    ledger.sign_checkpoint(ledger.stranger)
    key = ledger.workspace / "keys" / f"{ledger.stranger.key_id}.pem"
    key.write_bytes(ledger.stranger.public_pem)
