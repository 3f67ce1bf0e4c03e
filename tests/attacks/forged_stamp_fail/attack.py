"""The key's holder records a stamp whose signature was made up."""

from custody.domain.proofs.time_stamp import token_text
from tests.attacks.ledger_file import LedgerFile
from tests.attacks.stamping import append_stamp, real_stamp


def attack(ledger: LedgerFile) -> None:
    token, data = real_stamp(ledger, 30)
    forged = token[:-1] + bytes([token[-1] ^ 1])
    append_stamp(ledger, {**data, "token": token_text(forged)})
