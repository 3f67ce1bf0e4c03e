"""A bundle in the hands of somebody who knows its format: all in it is made to fit an attacked workspace.

Only signatures, links, roots and notes are left to give the attack away.
"""

import hashlib
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from custody.domain.identifiers import LedgerId
from custody.domain.proofs.bundle import About, sums_text
from custody.domain.proofs.tiles import tiles
from tests.attacks.ledger_file import LedgerFile


def fit_to(bundle: Path, workspace: Path) -> None:
    """Put the entries, notes and keys of a workspace in the place of those that an honest bundle has."""
    ledger = LedgerFile(workspace)
    entries = [raw for _, raw in ledger.rows]
    (bundle / "entries.ndjson").write_bytes(b"".join(raw + b"\n" for raw in entries))
    about = json.loads((bundle / "bundle.json").read_text())
    said = About(ledger=LedgerId(about["ledger"]), entries=len(entries), withheld=0)
    (bundle / "bundle.json").write_bytes(said.to_bytes())
    for name in ("checkpoints", "keys"):
        shutil.rmtree(bundle / name)
        (bundle / name).mkdir()
    for note in (workspace / "checkpoints").glob("*.note"):
        shutil.copy(note, bundle / "checkpoints")
    for key in (workspace / "keys").glob("*.pem"):
        shutil.copy(key, bundle / "keys")
    for sha256, content in documents_of(workspace):
        (bundle / "documents" / sha256).write_bytes(content)
    newest = max((bundle / "checkpoints").iterdir(), key=lambda note: int(note.stem))
    shutil.copy(newest, bundle / "checkpoint")
    make_tiles(bundle, entries)
    sum_up(bundle)


def documents_of(workspace: Path) -> list[tuple[str, bytes]]:
    with closing(sqlite3.connect(workspace / "ledger.db")) as database:
        return list(database.execute("SELECT sha256, content FROM documents"))


def make_tiles(bundle: Path, entries: list[bytes]) -> None:
    shutil.rmtree(bundle / "tile")
    for name, content in tiles(entries):
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(content)


def sum_up(bundle: Path) -> None:
    """Write SHA256SUMS for the files as they are."""
    files = [file for file in bundle.rglob("*") if file.is_file() and file.name != "SHA256SUMS"]
    sums = [
        (file.relative_to(bundle).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files
    ]
    (bundle / "SHA256SUMS").write_bytes(sums_text(sums))


def shell_blocks(bundle: Path) -> list[str]:
    """The commands of VERIFY.md, block by block, exactly as printed."""
    return re.findall(r"^```sh\n(.*?)^```$", (bundle / "VERIFY.md").read_text(), re.MULTILINE | re.DOTALL)
