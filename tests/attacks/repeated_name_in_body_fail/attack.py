"""The key's holder signs a body that names one member twice, with two values."""

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile, signed


def attack(ledger: LedgerFile) -> None:
    body = canonical.encode(ledger.body(22)).replace(b'"revision":', b'"revision":9,"revision":', 1)
    ledger.replace(22, signed(body, ledger.signer))
    ledger.seal_again(23, ledger.signer)
    ledger.save()
