"""Bundles put together by hand as the bundle format describes them, from whatever entries there are."""

import hashlib
import sqlite3
import struct
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from custody.domain import canonical
from custody.domain.proofs.merkle import leaf_hash, root_of
from tests.attacks.ledger_file import LedgerFile

TILE: Final = 256

Files = dict[str, bytes]


def bundle_of(ledger: LedgerFile, withheld: Collection[int] = ()) -> Files:
    """Return what a bundle of a workspace's ledger holds, as its rows and checkpoint files are now."""
    entries = [raw for _, raw in ledger.rows]
    notes = {int(file.stem): file.read_bytes() for file in (ledger.workspace / "checkpoints").glob("*.note")}
    files: Files = {
        "entries.ndjson": lines(raw for at, raw in enumerate(entries) if at not in withheld),
        "checkpoint": notes[max(notes)],
        "bundle.json": canonical.encode(
            {
                "entries": len(entries) - len(withheld),
                "format": "custody.bundle/1",
                "ledger": ledger.origin.removeprefix("custody.invalid/"),
                "size": len(entries),
                "withheld": len(withheld),
            }
        )
        + b"\n",
        **{f"checkpoints/{size}.note": note for size, note in notes.items()},
        **{f"keys/{file.name}": file.read_bytes() for file in (ledger.workspace / "keys").glob("*.pem")},
        **tiles([] if withheld else entries, [leaf_hash(raw) for raw in entries]),
    }
    if withheld:
        positions = sorted(withheld)
        files["leaves.txt"] = lines(
            b"%d %s" % (at, leaf_hash(entries[at]).hex().encode()) for at in positions
        )
    else:
        files |= {f"documents/{name}": content for name, content in documents(ledger).items()}
    return with_sums(files)


def lines(content: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in content)


def with_sums(files: Mapping[str, bytes]) -> Files:
    """Return the files with a SHA256SUMS that fits them."""
    rest = {name: content for name, content in sorted(files.items()) if name != "SHA256SUMS"}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in rest.items())
    return {**rest, "SHA256SUMS": sums.encode()}


def documents(ledger: LedgerFile) -> dict[str, bytes]:
    with closing(sqlite3.connect(ledger.database)) as database:
        return dict(database.execute("SELECT sha256, content FROM documents"))


def tiles(entries: Sequence[bytes], leaves: Sequence[bytes]) -> Files:
    """Return the files of C2SP tlog-tiles, made the slow and simple way."""
    files: Files = {}
    level, nodes = 0, list(leaves)
    while nodes:
        for name, part in _tiles_of(f"tile/{level}", nodes):
            files[name] = b"".join(part)
        whole = len(nodes) // TILE * TILE
        nodes = [root_of(nodes[at : at + TILE]) for at in range(0, whole, TILE)]
        level += 1
    for name, part in _tiles_of("tile/entries", list(entries)):
        files[name] = b"".join(struct.pack(">H", len(raw)) + raw for raw in part)
    return files


def _tiles_of(prefix: str, items: Sequence[bytes]) -> Iterable[tuple[str, Sequence[bytes]]]:
    for number, at in enumerate(range(0, len(items), TILE)):
        part = items[at : at + TILE]
        groups = f"{number:03}" if number < 1000 else f"x{number // 1000:03}/{number % 1000:03}"
        yield f"{prefix}/{groups}" + ("" if len(part) == TILE else f".p/{len(part)}"), part


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the files below a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(files: Mapping[str, bytes], file: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the files into a ZIP."""
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file
