"""The key's holder signs another history, anchor removed: the note that the witness cosigned shows it."""

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile, cosigned, signed


def attack(ledger: LedgerFile) -> None:
    ledger.cosign(30, cosigned)
    held = ledger.workspace.parent / "held.note"
    line = str(ledger.body(30)["data"]["cosignature"])
    held.write_text(held.read_text() + line + "\n")
    ledger.remove(30)
    body = ledger.body(4)
    body["data"] = {**body["data"], "host": "another"}
    ledger.replace(4, signed(canonical.encode(body), ledger.signer))
    ledger.seal_again(5, ledger.signer)
    ledger.save()
    ledger.forget_checkpoints(above=4)
    ledger.sign_checkpoint(ledger.signer)
