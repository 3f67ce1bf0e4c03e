"""A ledger written here is verified by a script that shares no code with us; it notices one flipped byte."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.audited_workspace import AuditedWorkspace, sample_workspace

SCRIPT = Path(__file__).with_name("independent_verifier.py")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> AuditedWorkspace:
    workspace = sample_workspace(tmp_path_factory.mktemp("interop") / "workspace")
    (workspace.folder / "key.pem").write_bytes(workspace.signer.public_pem)
    return workspace


def run_verifier(
    workspace: AuditedWorkspace, log: bytes, note: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    folder = workspace.folder
    (folder / "log").write_bytes(log)
    (folder / "note").write_bytes(note or (workspace.paths.checkpoints / "30.note").read_bytes())
    arguments = [str(folder / name) for name in ("log", "key.pem", "note")]
    # -I: nothing of this repository can be imported by accident.
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_verifier_imports_nothing_of_ours() -> None:
    imported = {
        (node.module or "").split(".")[0]
        if isinstance(node, ast.ImportFrom)
        else node.names[0].name.split(".")[0]
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"base64", "hashlib", "json", "sys", "pathlib", "cryptography"}


def test_an_exported_ledger_is_verified_by_foreign_code(workspace: AuditedWorkspace) -> None:
    run = run_verifier(workspace, workspace.export())
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "30 entries verified, 30 of them under the checkpoint\n"


@pytest.mark.parametrize("position", [0, 7, 29])
def test_one_flipped_byte_is_noticed_at_its_entry(workspace: AuditedWorkspace, position: int) -> None:
    lines = workspace.export().splitlines(keepends=True)
    changed = bytearray(lines[position])
    changed[300] = ord("A") if changed[300] != ord("A") else ord("B")
    lines[position] = bytes(changed)
    run = run_verifier(workspace, b"".join(lines))
    assert run.returncode == 1
    assert f"entry {position}: " in run.stderr


def test_a_removed_line_is_noticed(workspace: AuditedWorkspace) -> None:
    lines = workspace.export().splitlines(keepends=True)
    run = run_verifier(workspace, b"".join(lines[:7] + lines[8:]))
    assert (run.returncode, "entry 7: " in run.stderr) == (1, True)


def test_a_cut_log_is_noticed(workspace: AuditedWorkspace) -> None:
    lines = workspace.export().splitlines(keepends=True)
    run = run_verifier(workspace, b"".join(lines[:-1]))
    assert (run.returncode, "29 entries" in run.stderr) == (1, True)


def test_a_changed_checkpoint_is_noticed(workspace: AuditedWorkspace) -> None:
    note = (workspace.paths.checkpoints / "30.note").read_bytes().replace(b"\n30\n", b"\n29\n")
    run = run_verifier(workspace, workspace.export(), note)
    assert (run.returncode, "signature is bad" in run.stderr) == (1, True)
