"""The signature of an entry is 64 zeros."""

from custody.domain import canonical
from custody.domain.entries import dsse
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    body = canonical.encode(ledger.body(22))
    ledger.replace(22, dsse.envelope(body, ledger.signer.key_id, bytes(64)))
    ledger.save()
