"""Every attack of tests/attacks, seen by the page in a bundle as ``custody audit`` sees it."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.attacks.ledger_file import LedgerFile
from tests.attacks.test_attacks import ATTACKS, carry_out
from tests.cli.command_line import CommandLine
from tests.page.bundles import bundle_of, written
from tests.page.conftest import Outcome, Verifier, keys_of

WORDS: Final = {0: "OK", 1: "CHANGED", 4: "CANNOT TELL"}

NOT_IN_A_BUNDLE: Final = {"projections"}
"""Read models are not in a bundle; what they show, only the audit of a workspace can say."""

IN_A_BUNDLE: Final = {"dropped_entry_fail": "misplaced-entry"}
"""What the store shows otherwise: a bundle has no gaps between its lines, so what is left moves up."""

STEPS: Final = [
    (attack, step)
    for attack in ATTACKS
    for step in json.loads((attack / "expected.json").read_text())
    if step["command"][0] == "audit"
]


def others_trusted(case: CommandLine) -> dict[str, list[Path]]:
    """The witnesses and authorities whom the attacked workspace's auditor trusts, by the audit's option."""
    return {
        "--witness": sorted((case.workspace / "witnesses").glob("*.vkey")),
        "--authority": sorted((case.workspace / "authorities").glob("*.pem")),
    }


def audited(case: CommandLine, bundle: Path, brought: dict[str, list[Path]]) -> dict[str, object]:
    """What the audit says of the bundle to one who brings the same."""
    words = [word for option, files in brought.items() for file in files for word in (option, str(file))]
    return case("audit", str(bundle), *words, "--json").result


def assert_said_alike(outcome: Outcome, said: dict[str, object]) -> None:
    verdicts, findings = said["verdicts"], said["findings"]
    assert isinstance(verdicts, dict)
    assert isinstance(findings, list)
    shared = {check: verdict for check, verdict in verdicts.items() if check not in NOT_IN_A_BUNDLE}
    assert outcome.verdicts == shared, f"{outcome.text}\n{findings}"
    found = {(finding["code"], finding["position"]) for finding in findings}
    assert set(outcome.findings) == found, outcome.text


def test_before_any_attack_all_is_well(verify: Verifier, ledger: LedgerFile, case: CommandLine) -> None:
    outcome = verify(
        written(bundle_of(ledger), case.home / "bundle"), trust=[*keys_of(case), case.home / "held.note"]
    )
    assert (outcome.word, outcome.findings) == ("OK", [])
    assert set(outcome.verdicts.values()) == {"passed"}


@pytest.mark.parametrize(
    ("attack", "step"), STEPS, ids=[f"{attack.name}-{len(step['command'])}" for attack, step in STEPS]
)
def test_the_page_says_of_an_attack_what_the_audit_says(
    attack: Path, step: dict[str, object], verify: Verifier, case: CommandLine
) -> None:
    trusted = keys_of(case)
    carry_out(attack, case.workspace)
    bundle = written(bundle_of(LedgerFile(case.workspace)), case.home / "bundle")
    held = [case.home / "held.note"] if "{held}" in step["command"] else []
    brought = {"--key": trusted, "--checkpoint": held, **others_trusted(case)}

    outcome = verify(bundle, trust=[file for files in brought.values() for file in files])

    assert outcome.word == WORDS[step["exit"]], outcome.text
    if step["finding"] is None:
        assert outcome.findings == []
    else:
        position = step["finding"]["position"]
        code = IN_A_BUNDLE.get(attack.name, step["finding"]["code"])
        assert (code, position) in outcome.findings, outcome.text
        assert outcome.findings[0][1] == position, outcome.text
    assert_said_alike(outcome, audited(case, bundle, brought))
