"""A ledger with two cases and what is exported of it, made once with the real command."""

from dataclasses import dataclass
from pathlib import Path

from tests.cli.command_line import CommandLine, Ended

CASE, OTHER = "2026-0147", "2026-0200"
SECRET = "secret-informant"


@dataclass(frozen=True, slots=True)
class BundledCase:
    custody: CommandLine
    key: Path
    report: Path

    @property
    def home(self) -> Path:
        return self.custody.home

    def export(self, name: str, *words: str) -> Ended:
        return self.custody("export", "bundle", "--out", str(self.home / name), *words)


def bundled_case(home: Path) -> BundledCase:
    """Case one with two exhibits, case two with a name that must not get out; a report over all."""
    custody = CommandLine(home)
    custody.init()
    for number, (case, exhibit, name) in enumerate(
        ((CASE, "A-1", "clip"), (CASE, "A-2", "scan"), (OTHER, "A-1", SECRET))
    ):
        source = home / f"card{number}"
        source.mkdir()
        (source / f"{name}.mov").write_bytes(name.encode() * 1000)
        words = ("copy", str(source), "--to", str(home / "copies"), "--case", case, "--exhibit", exhibit)
        ended = custody(*words)
        assert ended.code == 0, ended.err
    report = home / "report.pdf"
    assert custody("report", "custody", "--out", str(report)).code == 0
    [key] = (custody.workspace / "keys").glob("*.pem")
    return BundledCase(custody, key, report)
