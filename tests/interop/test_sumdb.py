"""Go's checksum-database packages open our checkpoints and check our inclusion and consistency proofs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.conftest import Handout
from tests.interop.tools import go_program

GLUE = Path(__file__).parent / "sumdb" / "main.go"

Change = Callable[[dict[str, object]], None]


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_program(GLUE, tmp_path_factory.mktemp("sumdb"))


def run(checker: Path, handout: Handout, **replaced: Path) -> subprocess.CompletedProcess[str]:
    files = [
        handout.vkey,
        replaced.get("proof", handout.proof),
        replaced.get("old_note", handout.old_note),
        replaced.get("consistency", handout.consistency),
    ]
    return subprocess.run([checker, *files], capture_output=True, text=True, timeout=60, check=False)


def rewritten(file: Path, folder: Path, change: Change) -> Path:
    document = json.loads(file.read_text())
    change(document)
    (folder / file.name).write_text(json.dumps(document))
    return folder / file.name


def test_checkpoint_inclusion_and_consistency_hold(checker: Path, handout: Handout) -> None:
    ended = run(checker, handout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"5 entries in {len(handout.entries)}, which extends 4\n"


def move(document: dict[str, object]) -> None:
    first = document["entries"][0]  # type: ignore[index]
    first["position"] += 1


def edit(document: dict[str, object]) -> None:
    first = document["entries"][0]  # type: ignore[index]
    first["entry"] = first["entry"].replace("payload", "Payload")


def raise_size(document: dict[str, object]) -> None:
    text = str(document["checkpoint"])
    document["checkpoint"] = text.replace("\n", "\n1", 1)


@pytest.mark.parametrize("change", [move, edit, raise_size])
def test_a_changed_proof_is_refused(checker: Path, handout: Handout, change: Change, tmp_path: Path) -> None:
    ended = run(checker, handout, proof=rewritten(handout.proof, tmp_path, change))
    assert (ended.returncode, ended.stderr.startswith("refuted: ")) == (1, True)


def drop_a_hash(document: dict[str, object]) -> None:
    document["consistency"] = document["consistency"][1:]  # type: ignore[index]


def change_the_root(document: dict[str, object]) -> None:
    document["root"] = "00" * 32


@pytest.mark.parametrize("change", [drop_a_hash, change_the_root])
def test_a_changed_consistency_proof_is_refused(
    checker: Path, handout: Handout, change: Change, tmp_path: Path
) -> None:
    ended = run(checker, handout, consistency=rewritten(handout.consistency, tmp_path, change))
    assert (ended.returncode, ended.stderr.startswith("refuted: ")) == (1, True)
