"""The breaks of the demonstration: findings are quoted as they stand, and a missed one is admitted."""

import os
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from custody.cli.demo.breaks import breaks_answer
from custody.cli.demo.tampering import LEDGER_BREAKS, copy_folder, flip_a_bit, line_of
from tests.integration.audited_workspace import AuditedWorkspace, sample_workspace

COPY = "copies/DEMO-0001/A-001/camera/cam00.mov"


@dataclass
class BlindStage:
    """A demonstration whose commands see nothing."""

    folder: Path

    @property
    def run(self) -> SimpleNamespace:
        return SimpleNamespace(output=SimpleNamespace(json=False, quiet=False, lines=lambda _: None))

    def narrate(self, sentence: str) -> None:
        pass

    def ask(self, words: tuple[str, ...], workspace: Path) -> tuple[int, dict[str, object]]:
        return 0, {"note": "kept", "findings": []}


def test_a_break_that_is_not_caught_is_named_and_refutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custody.cli.demo.breaks._forgeries", lambda *_, **__: ())
    sample_workspace(tmp_path / "workspace")
    copy = tmp_path / COPY
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"content")

    answer = breaks_answer(BlindStage(tmp_path))  # type: ignore[arg-type]

    assert answer.code == 1
    assert "0 caught; not caught: flipped-bit, changed-entry" in answer.verdict
    assert copy.read_bytes() == b"content"


@pytest.mark.parametrize("one", LEDGER_BREAKS, ids=lambda one: one.name)
def test_each_break_is_a_finding_of_the_audit(one, tmp_path: Path) -> None:  # noqa: ANN001
    workspace = sample_workspace(tmp_path / "workspace")
    held = (workspace.paths.checkpoints / "30.note").read_bytes()
    one.spoil(workspace.folder)

    result = AuditedWorkspace(workspace.folder, workspace.signer).audit(extra=(held,))

    assert one.code in {finding.code for finding in result.findings}


@pytest.mark.parametrize(
    ("result", "code", "line"),
    [
        ({"outcome": "cut", "message": "it was cut"}, "cut", "cut: it was cut"),
        (
            {"findings": [{"code": "cut", "position": 7, "message": "m"}]},
            "cut",
            "position 7  cut: m",
        ),
        ({"findings": [{"code": "cut", "position": None, "message": "m"}]}, "cut", "cut: m"),
        ({"changed": [{"path": "a\u202eb", "message": "m"}]}, "changed", "changed: a\\u202eb: m"),
        ({"findings": [{"code": "fork", "position": 1, "message": "m"}]}, "cut", None),
        ({"outcome": "extends", "message": "m"}, "cut", None),
        ({}, "cut", None),
    ],
)
def test_a_finding_is_quoted_in_one_line(result: dict[str, object], code: str, line: str | None) -> None:
    assert line_of(result, code) == line


def test_a_bit_flipped_twice_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "clip"
    file.write_bytes(b"abc")
    flip_a_bit(file)
    assert file.read_bytes() == b"acc"
    flip_a_bit(file)
    assert file.read_bytes() == b"abc"


def test_private_keys_are_not_copied(tmp_path: Path) -> None:
    (tmp_path / "w" / "keys").mkdir(parents=True)
    (tmp_path / "w" / "keys" / "a.key").write_text("secret")
    (tmp_path / "w" / "keys" / "a.pem").write_text("public")
    copy_folder(tmp_path / "w", tmp_path / "c")
    assert os.listdir(tmp_path / "c" / "keys") == ["a.pem"]
