"""A process that opens a ledger, appends and signs a checkpoint, for others to inject faults into.

``python -m tests.faults.ledger_writer FOLDER KEY`` prints the size after each step that it was promised.
"""

import sys
from pathlib import Path

from custody.domain.errors import CustodyError
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import load_private_key
from custody.infrastructure.event_store.opening import open_for_writing
from tests.unit.event_store.sample_ledger import LedgerPaths, SteppingClock, window

REFUSED = 20


def no_passphrase() -> bytes:
    raise AssertionError("the key is plain")


def main(folder: Path, key: Path) -> None:
    signer = Ed25519Signer(load_private_key(key, no_passphrase))
    with open_for_writing(LedgerPaths.within(folder), signer, {}, SteppingClock()) as ledger:
        for number in (0, 1):
            ledger.append(window([number]))
            print(ledger.size, flush=True)
        ledger.make_checkpoint()
        print(ledger.size, flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except CustodyError as error:
        print(f"{type(error).__name__}: {error.what}", file=sys.stderr)
        sys.exit(REFUSED)
