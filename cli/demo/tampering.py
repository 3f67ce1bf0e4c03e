"""Ways to falsify a case, for ``custody demo --tamper``: each with the command that must catch it.

Knows the files of a workspace as an attacker would, and changes only copies that the demonstration made.
Knows no process and no output.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.domain.entries.dsse import envelope, open_envelope
from custody.domain.paths import escape_text

HELD_NOTE: Final = "held.note"
"""The last checkpoint as somebody else kept it, in the demonstration's folder."""

_PRIVATE_KEY: Final = ".key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One deed on a copy of the workspace, the command that looks, and the finding it must come to."""

    name: str
    sentence: str
    spoil: Callable[[Path], None]
    words: tuple[str, ...]
    code: str


def copy_folder(source: Path, target: Path) -> None:
    """Copy a workspace or a bundle, all that an audit reads; private keys stay where they are."""
    for file in sorted(source.rglob("*")):
        if file.is_file() and file.suffix != _PRIVATE_KEY:
            place = target / file.relative_to(source)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())


def keep_note(folder: Path, note: str) -> None:
    """Keep a signed note in the demonstration's folder, outside of the workspace."""
    (folder / HELD_NOTE).write_text(note, encoding="utf-8")


def flip_a_bit(file: Path) -> None:
    """Change one bit in the middle of a file; doing it again mends it."""
    with file.open("r+b") as stream:
        middle = file.stat().st_size // 2
        stream.seek(middle)
        [byte] = stream.read(1)
        stream.seek(middle)
        stream.write(bytes([byte ^ 1]))


def with_another_digest(raw: bytes) -> bytes:
    """Return an entry with the first digit of its first SHA-256 changed, and its signature kept."""
    opened = open_envelope(raw)
    before, name, digest = opened.body.partition(b'"sha256":"')
    digit = b"1" if digest.startswith(b"0") else b"0"
    return envelope(b"".join((before, name, digit, digest[1:])), opened.key_id, opened.signature)


def line_of(result: Mapping[str, object], code: str) -> str | None:
    """Return the line of the finding with this code in a command's result; None when it is not there."""
    if result.get("outcome") == code:
        return escape_text(f"{code}: {result['message']}")
    for kind in ("findings", code):
        found = result.get(kind)
        for one in found if isinstance(found, list) else ():
            if one.get("code") == code:
                place = "" if one["position"] is None else f"position {one['position']}  "
                return escape_text(f"{place}{code}: {one['message']}")
            if kind == code:
                return escape_text(f"{code}: {one['path']}: {one['message']}")
    return None


def _sql(workspace: Path, statements: Sequence[str]) -> None:
    """Change the ledger's file as somebody with an editor would."""
    with closing(sqlite3.connect(workspace / "ledger.db")) as database, database:
        verified = "SELECT position FROM entries WHERE type = 'FileVerified' ORDER BY position LIMIT 1"
        ((at,),) = database.execute(verified).fetchall()
        for statement in statements:
            database.execute(statement, {"at": at})


def _change(workspace: Path) -> None:
    """Change the first digit of a digest and keep the signature."""
    with closing(sqlite3.connect(workspace / "ledger.db")) as database, database:
        found = "SELECT position, entry FROM entries WHERE type = 'FileVerified' ORDER BY position LIMIT 1"
        ((position, raw),) = database.execute(found).fetchall()
        changed = (with_another_digest(raw), position)
        database.execute("UPDATE entries SET entry = ? WHERE position = ?", changed)


def _remove(workspace: Path) -> None:
    _sql(workspace, ["DELETE FROM entries WHERE position = :at"])


def _swap(workspace: Path) -> None:
    moves = (
        "UPDATE entries SET position = -1 WHERE position = :at",
        "UPDATE entries SET position = :at WHERE position = :at + 1",
        "UPDATE entries SET position = :at + 1 WHERE position = -1",
    )
    _sql(workspace, moves)


def _insert(workspace: Path) -> None:
    statements = (
        "UPDATE entries SET position = -position - 2 WHERE position >= :at",
        "UPDATE entries SET position = -position - 1 WHERE position < 0",
        (
            "INSERT INTO entries (position, stream, revision, type, entry) "
            "SELECT :at, randomblob(16), revision, type, entry FROM entries WHERE position = :at - 1"
        ),
    )
    _sql(workspace, statements)


def _cut(workspace: Path) -> None:
    statements = (
        "DELETE FROM entries WHERE position >= :at",
        "DELETE FROM checkpoints WHERE size > :at",
        "UPDATE head SET size = :at",
    )
    _sql(workspace, statements)


def _cut_with_checkpoints(workspace: Path) -> None:
    _cut(workspace)
    notes = sorted((workspace / "checkpoints").glob("*.note"), key=lambda file: int(file.stem))
    for file in notes[1:]:
        file.unlink()


def _forge_checkpoint(workspace: Path) -> None:
    notes = sorted((workspace / "checkpoints").glob("*.note"), key=lambda file: int(file.stem))
    origin, size, root, rest = notes[-1].read_bytes().split(b"\n", 3)
    forged = (b"B" if root.startswith(b"A") else b"A") + root[1:]
    notes[-1].write_bytes(b"\n".join((origin, size, forged, rest)))


LEDGER_BREAKS: Final = (
    Break(
        name="changed-entry",
        sentence="Somebody changes one digit of a recorded digest.",
        spoil=_change, words=("audit",), code="bad-signature",
    ),
    Break(
        name="removed-entry",
        sentence="Somebody removes an entry.",
        spoil=_remove, words=("audit",), code="missing-entry",
    ),
    Break(
        name="swapped-entries",
        sentence="Somebody exchanges two entries.",
        spoil=_swap, words=("audit",), code="misplaced-entry",
    ),
    Break(
        name="inserted-entry",
        sentence="Somebody puts in a copy of another entry.",
        spoil=_insert, words=("audit",), code="misplaced-entry",
    ),
    Break(
        name="cut-tail",
        sentence="Somebody cuts off the end of the ledger, but forgets the checkpoint files.",
        spoil=_cut, words=("audit",), code="cut",
    ),
    Break(
        name="cut-tail-and-checkpoints",
        sentence="Somebody cuts off the end and every checkpoint over it; you kept one elsewhere.",
        spoil=_cut_with_checkpoints, words=("checkpoint", "check", HELD_NOTE), code="cut",
    ),
    Break(
        name="forged-checkpoint",
        sentence="Somebody puts another root into the last checkpoint.",
        spoil=_forge_checkpoint, words=("audit",), code="checkpoint-signature",
    ),
)  # fmt: skip
