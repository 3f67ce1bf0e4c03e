"""An entry that the same examiner signed in another ledger stands in for one; the rest is sealed anew."""

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile, signed


def attack(ledger: LedgerFile) -> None:
    body = {**ledger.body(22), "ledger": "0f0e0d0c-0b0a-4908-8706-050403020100"}
    ledger.replace(22, signed(canonical.encode(body), ledger.signer))
    ledger.seal_again(23, ledger.signer)
    ledger.save()
