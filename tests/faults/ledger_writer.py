"""Processes that open a ledger, append and sign a checkpoint, for others to inject faults into.

``python -m tests.faults.ledger_writer`` reads requests, each a line with FOLDER, KEY, OUT and ERR in JSON.
For each it forks a process, so that the imports are paid for once, and says its number. That process begins
when it reads another line: a tracer has taken hold of it by then. It writes to OUT the size after each step
that it was promised. In the end its exit code is said, as ``subprocess`` has it.
"""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

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


def serve() -> None:
    """Go through the requests; returns only where there are no more."""
    while request := sys.stdin.readline():
        child = os.fork()
        if not child:
            be_a_writer(*json.loads(request))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def be_a_writer(folder: str, key: str, out: str, err: str) -> NoReturn:
    for path, standard in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), standard)
    os.read(0, 64)  # "begin", past the buffer: the other process reads on only when this one has ended
    try:
        main(Path(folder), Path(key))
    except CustodyError as error:
        print(f"{type(error).__name__}: {error.what}", file=sys.stderr)
        sys.exit(REFUSED)
    sys.exit(0)


if __name__ == "__main__":
    serve()
