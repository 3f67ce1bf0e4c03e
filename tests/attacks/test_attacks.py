"""Each folder is one attack on a finished case, and what the real command must say of it.

``attack.py`` changes the workspace; ``expected.json`` lists commands with their exit code and the finding
that names the deed; none may point at an earlier place.
In a command, ``{held}`` is the last checkpoint as somebody else kept it before the attack.
"""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import CommandLine, Ended

ATTACKS = sorted(folder for folder in Path(__file__).parent.glob("*_fail") if folder.is_dir())
SIZE = 30  # four entries of init, twenty-six of a job with three files


@pytest.fixture(scope="module")
def finished_case(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    custody = CommandLine(tmp_path_factory.mktemp("attacked"))
    custody.init()
    source = custody.home / "card"
    source.mkdir()
    for number in range(1, 4):
        (source / f"clip{number}.mov").write_bytes(b"clip %d" % number)
    copied = custody("copy", str(source), "--to", str(custody.home / "copies"), "--case", "2026-0147")
    assert (copied.code, custody.ledger_size()) == (0, SIZE), copied.err
    return custody


@pytest.fixture
def attacked(finished_case: CommandLine, tmp_path: Path) -> CommandLine:
    shutil.copytree(finished_case.workspace, tmp_path / "workspace")
    shutil.copy(tmp_path / "workspace" / "checkpoints" / f"{SIZE}.note", tmp_path / "held.note")
    return CommandLine(tmp_path)


def carry_out(attack: Path, workspace: Path) -> None:
    spec = importlib.util.spec_from_file_location(f"attack_{attack.name}", attack / "attack.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.attack(LedgerFile(workspace))


def findings_of(ended: Ended) -> list[dict[str, object]]:
    """What an audit found, by position; of ``checkpoint check`` its outcome, if it is not the good one."""
    result = ended.result
    if "outcome" in result:
        good = result["outcome"] == "extends"
        return [] if good else [{"code": result["outcome"], "position": None}]
    findings = result["findings"]
    assert isinstance(findings, list)
    return [{name: finding[name] for name in ("code", "position")} for finding in findings]


def test_there_is_an_attack_for_each_way_to_falsify_a_ledger() -> None:
    assert len(ATTACKS) >= 16


def test_before_any_attack_all_is_well(attacked: CommandLine) -> None:
    LedgerFile(attacked.workspace).save()  # writing the same again changes nothing
    for words in (("audit",), ("checkpoint", "check", str(attacked.home / "held.note"))):
        ended = attacked(*words, "--json")
        assert (ended.code, findings_of(ended)) == (0, []), ended.out


@pytest.mark.parametrize("attack", ATTACKS, ids=[folder.name for folder in ATTACKS])
def test_the_attack_is_seen(attack: Path, attacked: CommandLine) -> None:
    carry_out(attack, attacked.workspace)
    steps = json.loads((attack / "expected.json").read_text())
    assert any(step["exit"] in {1, 4} for step in steps)
    for step in steps:
        words = [word.format(held=attacked.home / "held.note") for word in step["command"]]
        ended = attacked(*words, "--json")
        assert ended.code == step["exit"], ended.out
        found = findings_of(ended)
        if step["finding"] is None:
            assert found == []
            continue
        assert step["finding"] in found, ended.out
        assert found[0]["position"] == step["finding"]["position"], ended.out
