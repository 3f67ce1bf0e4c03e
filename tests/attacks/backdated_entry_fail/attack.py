"""Behind a good stamp, the key's holder adds an entry that claims to be a day older than the stamp."""

import uuid
from datetime import timedelta

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.stamping import append, append_stamp, real_stamp


def attack(ledger: LedgerFile) -> None:
    _, data = real_stamp(ledger, 30)
    append_stamp(ledger, data)
    opened = ledger.body(2)["data"]
    assert isinstance(opened, dict)
    append(ledger, "SessionOpened", f"session/{uuid.uuid4()}", opened, ago=timedelta(days=1))
    ledger.save()
