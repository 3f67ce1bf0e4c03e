"""A good stamp of an earlier checkpoint is recorded as one of the last."""

import hashlib

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.stamping import append_stamp, real_stamp


def attack(ledger: LedgerFile) -> None:
    _, data = real_stamp(ledger, 4)
    note = (ledger.workspace / "checkpoints" / "30.note").read_bytes()
    append_stamp(ledger, {**data, "size": 30, "note_sha256": hashlib.sha256(note).hexdigest()})
