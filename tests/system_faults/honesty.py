"""The one question of every fault test: was the answer honest?

Honest is, for each file of the source: an identical copy that the ledger calls verified, one with zeros just
where it says so that the ledger calls qualified, or a failure with its reason and a non-zero exit. Never two
of them, never none. It asks the exported log, not the code under test.
"""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from tests.cli.command_line import CommandLine, Ended

GOOD = frozenset({"FileVerified", "FileSkipped"})
QUALIFIED = "FileQualified"
BAD = frozenset({"FileFailed", "CopyRefuted"})
# What stands there is another's, or was changed by another: it was left alone, and that is the failure.
STANDS_THERE = frozenset({"collision", "copy-changed", "copy-refuted"})
# Refused, halted, paused, killed: nothing is claimed of what is open, and the next run takes it up.
UNFINISHED = frozenset({6, 20, 130, 143, -9, 137})


@dataclass
class Outcome:
    """What the ledger says last of one file."""

    event: str
    data: dict[str, object] = field(default_factory=dict)

    @property
    def verified(self) -> bool:
        return self.event in GOOD

    @property
    def error(self) -> str:
        return str(self.data.get("error", ""))


def entries(case: CommandLine) -> list[dict[str, object]]:
    exported = case("log", "export")
    assert exported.code == 0, exported.err
    return [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in exported.out.splitlines()]


def path_of(data: dict[str, object]) -> bytes | None:
    if "path_b64" in data:
        return base64.b64decode(str(data["path_b64"]))
    return str(data["path"]).encode() if "path" in data else None


def outcomes(case: CommandLine) -> dict[bytes, Outcome]:
    """The last outcome of each path of the ledger; none for what is queued or under way."""
    paths: dict[str, bytes] = {}
    found: dict[bytes, Outcome] = {}
    for entry in entries(case):
        stream, event, data = str(entry["stream"]), str(entry["type"]), entry["data"]
        assert isinstance(data, dict)
        if not stream.startswith("file/"):
            continue
        path = path_of(data) or paths[stream]
        paths[stream] = path
        if event in GOOD | BAD | {QUALIFIED}:
            found[path] = Outcome(event, data)
        elif event in {"FileQueued", "FileCopying", "FileResumed"}:
            found.pop(path, None)
    return found


def contents(folder: Path) -> dict[bytes, bytes]:
    """Every regular file below a folder, by its path below the folder's parent."""
    found = {}
    root = os.fsencode(folder)
    for where, _, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, os.path.dirname(root))] = file.read()
    return found


def standing(path: str | bytes) -> bytes | None:
    if not os.path.isfile(path) or os.path.islink(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def dishonesties(
    ended: Ended, said: dict[bytes, Outcome], evidence: dict[bytes, bytes], destination: Path
) -> list[str]:
    """Everything that was said and is not so, or is so and was not said."""
    found = [
        f"{path!r}: good, though there is no such evidence"
        for path, outcome in said.items()
        if outcome.verified and path not in evidence
    ]
    for path, content in evidence.items():
        there = standing(os.path.join(os.fsencode(destination), path))
        outcome = said.get(path)
        if outcome is None:
            if ended.code not in UNFINISHED:
                found.append(f"{path!r}: neither verified nor failed")
        else:
            found += [f"{path!r}: {why}" for why in _dishonest(outcome, ended.code, content, there)]
    return found


def _dishonest(outcome: Outcome, code: int, content: bytes, there: bytes | None) -> Iterator[str]:
    if outcome.verified:
        if there != content:
            yield "a false good"
        return
    if code == 0:
        yield f"{outcome.event}, yet the exit code is 0"
    if outcome.event == QUALIFIED:
        if there != zeroed(content, outcome.data):
            yield "qualified, and other zeros than are listed"
        return
    if not outcome.error:
        yield "failed without a reason"
    if there not in {None, content} and outcome.error not in STANDS_THERE:
        yield f"failed as {outcome.error}, and something else stands under its name"


def zeroed(content: bytes, qualified: dict[str, object]) -> bytes:
    """The content with zeros where the entry lists them; it must list them all."""
    stretches = cast("list[tuple[int, int]]", qualified["unreadable"])
    assert len(stretches) == qualified["unreadable_count"]
    made = bytearray(content)
    for offset, length in stretches:
        made[offset : offset + length] = bytes(length)
    return bytes(made)


def leftovers(destination: Path) -> list[str]:
    return [str(path) for path in destination.rglob(".custody-*.part")]


def require_honest(
    case: CommandLine,
    ended: Ended,
    evidence: dict[bytes, bytes],
    destination: Path,
    *,
    met_a_fault: bool = True,
    left: Sequence[str] = (),
) -> dict[bytes, Outcome]:
    """Require it of a run that ended, and that the ledger passes its audit; returns each file's outcome.

    A run that takes up the work after a fault is judged as well, and not counted as another one.
    ``left``: the names of temporary files that may stay, because the kernel holds them.
    """
    said = outcomes(case)
    assert dishonesties(ended, said, evidence, destination) == [], ended.err
    assert "Traceback" not in ended.err
    if ended.code not in UNFINISHED:
        assert [os.path.basename(path) for path in leftovers(destination)] == list(left)
    audited = case("audit")
    assert audited.code == 0, audited.out
    if met_a_fault:
        print("1 fault point, 0 false good")
    return said
