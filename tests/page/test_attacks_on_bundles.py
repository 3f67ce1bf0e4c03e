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

CODES: Final = {0: "passed", 1: "failed", 4: "indeterminate"}
WORDS: Final = {"passed": "OK", "failed": "CHANGED", "indeterminate": "CANNOT TELL"}

NOT_IN_A_BUNDLE: Final = {"anchors", "completeness", "projections"}
"""Checks that the page leaves to the audit, and says so; what these alone say, it cannot repeat."""

ONLY_FOR_THE_AUDIT: Final = {"forged_hand_over_fail", "hand_over_without_offer_fail"}
"""Hand-overs, which the page does not follow: they fall under checks that it makes otherwise. It says so."""

IN_A_BUNDLE: Final = {"dropped_entry_fail": "misplaced-entry"}
"""What the store shows otherwise: a bundle has no gaps between its lines, so what is left moves up."""


def test_before_any_attack_all_is_well(verify: Verifier, ledger: LedgerFile, case: CommandLine) -> None:
    outcome = verify(
        written(bundle_of(ledger), case.home / "bundle"), trust=[*keys_of(case), case.home / "held.note"]
    )
    assert (outcome.word, outcome.findings) == ("OK", [])
    assert set(outcome.verdicts.values()) == {"passed"}


def audited(case: CommandLine, command: list[str]) -> tuple[set[str], dict[tuple[object, object], str]]:
    """What the audit says: the verdicts of those checks that the page has, and of each finding its check."""
    words = [word.format(held=case.home / "held.note") for word in command]
    result = case(*words, "--json").result
    verdicts, findings = result["verdicts"], result["findings"]
    assert isinstance(verdicts, dict)
    assert isinstance(findings, list)
    shared = {verdict for check, verdict in verdicts.items() if check not in NOT_IN_A_BUNDLE}
    return shared, {(finding["code"], finding["position"]): finding["check"] for finding in findings}


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
    if attack.name in ONLY_FOR_THE_AUDIT:
        outcome = verify(bundle, trust=keys_of(case))
        assert (outcome.word, outcome.findings) == ("OK", [])
        assert any(line.startswith("custody: ") for line in outcome.not_shown)
        return
    for step in audits:
        shared, checks = audited(case, step["command"])
        held = [case.home / "held.note"] if "{held}" in step["command"] else []
        outcome = verify(bundle, trust=[*keys_of(case), *held])
        severest = (
            "failed" if "failed" in shared else "indeterminate" if "indeterminate" in shared else "passed"
        )
        assert outcome.word == WORDS[severest], outcome.text
        if step["finding"] is None:
            assert outcome.findings == []
            continue
        position = step["finding"]["position"]
        if checks[step["finding"]["code"], position] not in NOT_IN_A_BUNDLE:
            assert outcome.word == WORDS[CODES[step["exit"]]]
            code = IN_A_BUNDLE.get(attack.name, step["finding"]["code"])
            assert (code, position) in outcome.findings, outcome.text
            assert outcome.findings[0][1] == position, outcome.text
