import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("domain", "infrastructure", "cli", "reports")


def _source_files() -> set[str]:
    return {file.relative_to(ROOT).as_posix() for layer in LAYERS for file in (ROOT / layer).rglob("*.py")}


def test_the_type_checker_sees_every_file(tmp_path: Path) -> None:
    # Imports are skipped, so that a module counts only when the configuration itself names it.
    command = [
        *(sys.executable, "-m", "mypy", "--follow-imports=skip", "--no-incremental"),
        *(f"--cache-dir={tmp_path / 'cache'}", "--linecount-report", str(tmp_path)),
    ]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    rows = (tmp_path / "linecount.txt").read_text("utf-8").splitlines()
    seen = {row.split()[-1] for row in rows} - {"total"}

    expected = {
        "custody." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in _source_files()
    }
    assert expected - seen == set()


def test_the_linter_sees_every_file() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--show-files", *LAYERS]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    seen = {Path(line).relative_to(ROOT).as_posix() for line in listing.splitlines()}

    assert _source_files() - seen == set()
