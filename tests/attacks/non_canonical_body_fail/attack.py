"""The key's holder signs a body with a blank in it, which two readers might read in two ways."""

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile, signed


def attack(ledger: LedgerFile) -> None:
    body = canonical.encode(ledger.body(22)).replace(b'{"actor":', b'{"actor": ', 1)
    ledger.replace(22, signed(body, ledger.signer))
    ledger.seal_again(23, ledger.signer)
    ledger.save()
