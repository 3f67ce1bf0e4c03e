"""Every attack of tests/attacks, seen by the page in a bundle as ``custody audit`` sees it in the ledger."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.test_attacks import ATTACKS, carry_out
from tests.cli.command_line import CommandLine
from tests.page.bundles import bundle_of, written
from tests.page.conftest import Verifier, keys_of

WORDS: Final = {0: "OK", 1: "CHANGED", 4: "CANNOT TELL"}

NOT_IN_A_BUNDLE: Final = {"anchors", "completeness", "projections"}
"""Checks that the page leaves to the audit, and says so; an attack that only these see is not shown to it."""

IN_A_BUNDLE: Final = {"dropped_entry_fail": "misplaced-entry"}
"""What the store shows otherwise: a bundle has no gaps between its lines, so what is left moves up."""


def test_before_any_attack_all_is_well(verify: Verifier, ledger: LedgerFile, case: CommandLine) -> None:
    outcome = verify(
        written(bundle_of(ledger), case.home / "bundle"), trust=[*keys_of(case), case.home / "held.note"]
    )
    assert (outcome.word, outcome.findings) == ("OK", [])
    assert set(outcome.verdicts.values()) == {"passed"}


def failed_checks(case: CommandLine, command: list[str]) -> set[str]:
    """What the audit of the attacked workspace says was refuted."""
    words = [word.format(held=case.home / "held.note") for word in command]
    verdicts = case(*words, "--json").result["verdicts"]
    assert isinstance(verdicts, dict)
    return {check for check, verdict in verdicts.items() if verdict == "failed"}


@pytest.mark.parametrize("attack", ATTACKS, ids=[folder.name for folder in ATTACKS])
def test_the_page_says_of_an_attack_what_the_audit_says(
    attack: Path, verify: Verifier, case: CommandLine
) -> None:
    carry_out(attack, case.workspace)
    bundle = written(bundle_of(LedgerFile(case.workspace)), case.home / "bundle")
    audits = [
        step for step in json.loads((attack / "expected.json").read_text()) if step["command"][0] == "audit"
    ]
    assert audits
    for step in audits:
        if NOT_IN_A_BUNDLE >= failed_checks(case, step["command"]) != set():
            continue
        held = [case.home / "held.note"] if "{held}" in step["command"] else []
        outcome = verify(bundle, trust=[*keys_of(case), *held])
        assert outcome.word == WORDS[step["exit"]], outcome.text
        if step["finding"] is None:
            assert outcome.findings == []
            continue
        code = IN_A_BUNDLE.get(attack.name, step["finding"]["code"])
        assert (code, step["finding"]["position"]) in outcome.findings, outcome.text
        assert outcome.findings[0][1] == step["finding"]["position"], outcome.text
