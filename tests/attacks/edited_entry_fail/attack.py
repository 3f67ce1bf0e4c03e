"""The digest in an entry is changed and the old signature kept."""

from custody.domain import canonical
from custody.domain.entries import dsse
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    body = ledger.body(22)
    body["data"] = {**body["data"], "digests": {"sha256": "00" * 32}}
    changed = dsse.envelope(canonical.encode(body), ledger.signer.key_id, ledger.signature(22))
    ledger.replace(22, changed)
    ledger.save()
