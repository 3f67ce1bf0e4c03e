"""The keeper of a ledger and their witness, each with a workspace and the real command."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command_line import CommandLine


@dataclass(frozen=True)
class Pair:
    """The keeper of a ledger and their witness; files lie in the keeper's home."""

    keeper: CommandLine
    witness: CommandLine

    def file(self, name: str) -> str:
        return str(self.keeper.home / name)

    @property
    def ledger_key(self) -> str:
        [key] = (self.keeper.workspace / "keys").glob("*.vkey")
        return str(key)

    @property
    def witness_key(self) -> str:
        Path(self.file("witness.vkey")).write_text(self.witness("checkpoint", "witness").out)
        return self.file("witness.vkey")

    def trust_the_witness(self) -> None:
        folder = self.keeper.workspace / "witnesses"
        folder.mkdir()
        shutil.copy(self.witness_key, folder / "reviewer.vkey")

    def export(self, name: str, *words: str) -> str:
        ended = self.keeper("checkpoint", "export", *words, "--out", self.file(name))
        assert ended.code == 0, ended.err
        return self.file(name)

    def cosign(self, request: str, name: str) -> str:
        words = ("checkpoint", "cosign", request, "--key", self.ledger_key, "--out", self.file(name))
        ended = self.witness(*words)
        assert ended.code == 0, ended.err
        return self.file(name)

    def work(self) -> None:
        """Something more happens in the keeper's ledger."""
        count = len(list(self.keeper.home.glob("card*")))
        source = self.keeper.home / f"card{count}"
        source.write_text("clip")
        ended = self.keeper("copy", str(source), "--to", self.file(f"out{count}"), "--case", "1")
        assert ended.code == 0, ended.err


def new_pair(home: Path) -> Pair:
    pair = Pair(CommandLine(home / "keeper"), CommandLine(home / "witness"))
    for who in (pair.keeper, pair.witness):
        who.home.mkdir(parents=True)
        who.init()
    return pair
