"""A process that appends to a ledger until it is killed.

``python -m tests.crash.writing_process FOLDER KEY FIRST`` prints the size of the ledger after each append, so
that the killer knows what it was promised.
"""

import sys
from itertools import count
from pathlib import Path

from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import load_private_key
from custody.infrastructure.event_store.opening import open_for_writing
from tests.unit.event_store.sample_ledger import LedgerPaths, SteppingClock, window

FILES_AT_ONCE = 8


def no_passphrase() -> bytes:
    raise AssertionError("the key is plain")


def main(folder: Path, key: Path, first: int) -> None:
    signer = Ed25519Signer(load_private_key(key, no_passphrase))
    with open_for_writing(LedgerPaths.within(folder), signer, {}, SteppingClock()) as ledger:
        print("open", flush=True)
        for number in count(first):
            ledger.append(window(range(number * FILES_AT_ONCE, (number + 1) * FILES_AT_ONCE)))
            print(ledger.size, flush=True)
            if number % 3 == 0:
                ledger.make_checkpoint()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
