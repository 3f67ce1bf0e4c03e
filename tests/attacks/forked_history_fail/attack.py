"""The key's holder signs another end, sound in itself: only a checkpoint held elsewhere shows it."""

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile, signed


def attack(ledger: LedgerFile) -> None:
    body = ledger.body(4)
    body["data"] = {**body["data"], "host": "another"}
    ledger.replace(4, signed(canonical.encode(body), ledger.signer))
    ledger.seal_again(5, ledger.signer)
    ledger.save()
    ledger.forget_checkpoints(above=4)
    ledger.sign_checkpoint(ledger.signer)
