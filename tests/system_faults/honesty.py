"""The one question of every fault test: was the answer honest?

Honest is, for each file of the source: an identical copy that the ledger calls verified, or a failure with
its reason and a non-zero exit. Never both, never neither. It asks the exported log, not the code under test.
"""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.command_line import CommandLine, Ended

GOOD = frozenset({"FileVerified", "FileSkipped"})
BAD = frozenset({"FileFailed", "CopyRefuted"})
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
        if event in GOOD | BAD:
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
    found = []
    for path, content in evidence.items():
        outcome = said.get(path)
        there = standing(os.path.join(os.fsencode(destination), path))
        if outcome is None:
            if ended.code not in UNFINISHED:
                found.append(f"{path!r}: neither verified nor failed")
        elif outcome.verified:
            if there != content:
                found.append(f"{path!r}: a false good")
        else:
            if not outcome.error:
                found.append(f"{path!r}: failed without a reason")
            if ended.code == 0:
                found.append(f"{path!r}: failed, yet the exit code is 0")
    return found


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
