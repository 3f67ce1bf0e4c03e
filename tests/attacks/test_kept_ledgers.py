"""Honest ledgers and bundles that earlier versions made must verify for ever, with whatever expired since."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from custody.reports.bundle_files import verify_custody
from tests.cli.command_line import CommandLine

KEPT = sorted(folder for folder in (Path(__file__).parent / "kept").iterdir() if folder.is_dir())


@pytest.fixture(params=KEPT, ids=[folder.name for folder in KEPT])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy: not even the audit of a kept ledger may touch the original."""
    return Path(shutil.copytree(request.param, tmp_path / "kept"))


def trust(kept: Path) -> list[str]:
    named = {"--key": "trusted.pem", "--witness": "witness.vkey", "--authority": "authority.pem"}
    return [word for option, name in named.items() for word in (option, str(kept / name))]


def test_there_is_a_kept_ledger() -> None:
    assert KEPT


def test_a_kept_ledger_passes_the_audit(kept: Path) -> None:
    custody = CommandLine(kept.parent)
    audited = custody("-w", str(kept / "workspace"), "audit", "--json")

    assert audited.code == 0, audited.out
    verdicts = audited.result["verdicts"]
    assert isinstance(verdicts, dict)
    assert set(verdicts.values()) == {"passed"}
    assert "anchors" in verdicts


def test_a_kept_bundle_passes_the_audit_and_the_verifier_of_today(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    custody = CommandLine(kept.parent)
    audited = custody("audit", str(kept / "bundle.zip"), *trust(kept))
    with zipfile.ZipFile(kept / "bundle.zip") as archive:
        archive.extractall(kept / "bundle")  # our own file
    code = verify_custody.main([str(kept / "bundle"), *trust(kept)])

    assert (audited.code, code) == (0, 0), audited.out + capsys.readouterr().out


def test_a_kept_bundle_passes_its_own_verifier(kept: Path) -> None:
    with zipfile.ZipFile(kept / "bundle.zip") as archive:
        archive.extractall(kept / "bundle")
    verifier = kept / "bundle" / "verify_custody.py"
    command = [sys.executable, "-I", str(verifier), str(kept / "bundle"), *trust(kept)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
