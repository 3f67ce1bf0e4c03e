"""A case made with the real command, and what a stranger is given of it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@dataclass(frozen=True, slots=True)
class Handout:
    """Files for a stranger. ``consistency`` is the result of ``checkpoint check`` on the old note."""

    folder: Path
    entries: tuple[bytes, ...]
    pem: Path
    vkey: Path
    old_note: Path
    new_note: Path
    proof: Path
    consistency: Path


@pytest.fixture(scope="session")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Handout:
    custody = CommandLine(tmp_path_factory.mktemp("handout"))
    custody.init()
    home = custody.home
    source = home / "card"
    source.mkdir()
    for number in range(1, 6):
        (source / f"clip{number}.mov").write_bytes(b"clip %d" % number)

    def take(name: str, *words: str) -> Path:
        ended = custody(*words)
        assert ended.code == 0, ended.err
        (home / name).write_text(ended.out)
        return home / name

    old_note = take("old.note", "checkpoint", "show")
    take("copied", "copy", str(source), "--to", str(home / "copies"), "--case", "2026-0147")
    consistency = take("consistency.json", "checkpoint", "check", str(old_note), "--json")
    assert json.loads(consistency.read_text())["consistency"]
    [pem] = (custody.workspace / "keys").glob("*.pem")
    [vkey] = (custody.workspace / "keys").glob("*.vkey")
    return Handout(
        folder=home,
        entries=tuple(take("log.jsonl", "log", "export").read_bytes().splitlines()),
        pem=pem,
        vkey=vkey,
        old_note=old_note,
        new_note=take("new.note", "checkpoint", "show"),
        proof=take("clip3.proof", "prove", "clip3.mov"),
        consistency=consistency,
    )
