"""A stranger puts in an entry that is well formed, well placed and signed by a key of their own."""

from custody.domain import canonical
from tests.attacks.ledger_file import LedgerFile, signed


def attack(ledger: LedgerFile) -> None:
    body = {**ledger.body(24), "actor": ledger.stranger.key_id, "revision": 99}
    ledger.insert(24, signed(canonical.encode(body), ledger.stranger))
    ledger.save()
