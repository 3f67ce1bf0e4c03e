"""The same attacks, handed over as a bundle: the audit and the verifier in one file must see the same."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from custody.domain import canonical
from custody.domain.identifiers import LedgerId
from custody.domain.proofs.bundle import About
from custody.domain.proofs.merkle import leaf_hash
from custody.domain.use_cases.audit_bundle import MAY_BE_WITHHELD
from custody.reports.bundle_files import verify_custody
from tests.attacks.bundle_file import fit_to, sum_up
from tests.attacks.ledger_file import LedgerFile, signed
from tests.attacks.test_attacks import ATTACKS, SIZE, carry_out
from tests.cli.command_line import CommandLine

EXITS = {"OK": 0, "CHANGED": 1, "CANNOT TELL": 4}
WORDS = {"failed": "CHANGED", "indeterminate": "CANNOT TELL", "passed": "OK"}
SEVERITY = [0, 4, 1]
SHARED = {"structure", "signatures", "authorisation", "chain", "checkpoints"}
SAME_CODES = {
    "answer-without-offer", "claim-unfounded", "claimed-time-outside-window", "cosignature-forged",
    "cosignature-without-checkpoint", "cosigned-otherwise", "forged-hand-over", "stamp-of-another-checkpoint",
    "stamp-signature",
}  # fmt: skip
"""Findings about what is claimed; where entries are missing or moved, each names the place in its own way."""
STEPS = [
    (attack, number)
    for attack in ATTACKS
    for number, step in enumerate(json.loads((attack / "expected.json").read_text()))
    if step["command"][0] == "audit"
]


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody else kept before the attack."""

    custody: CommandLine
    bundle: Path
    key: Path
    note: Path


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """The same case as for the attacks on a workspace, and a bundle of it."""
    custody = CommandLine(tmp_path_factory.mktemp("bundled"))
    custody.init()
    source = custody.home / "card"
    source.mkdir()
    for number in range(1, 4):
        (source / f"clip{number}.mov").write_bytes(b"clip %d" % number)
    copied = custody("copy", str(source), "--to", str(custody.home / "copies"), "--case", "2026-0147")
    assert (copied.code, custody.ledger_size()) == (0, SIZE), copied.err
    shutil.copytree(custody.workspace, custody.home / "before")
    exported = custody("export", "bundle", "--out", str(custody.home / "bundle"))
    assert exported.code == 0, exported.err
    [key] = (custody.home / "before" / "keys").glob("*.pem")
    return Held(
        custody, custody.home / "bundle", key, custody.home / "before" / "checkpoints" / f"{SIZE}.note"
    )


def trusted_by(workspace: Path) -> list[str]:
    """The words by which somebody outside trusts the witnesses and authorities of a workspace."""
    kinds = (("--witness", "witnesses/*.vkey"), ("--authority", "authorities/*.pem"))
    return [word for option, files in kinds for file in workspace.glob(files) for word in (option, str(file))]


def verdicts_of(text: str) -> dict[str, str]:
    return dict(re.findall(r"^  (\w+) +(passed|failed|indeterminate)$", text, re.MULTILINE))


def codes_of(text: str) -> set[tuple[str, str]]:
    """Where something was found, and what; the kinds of what both find alike."""
    found = re.findall(r"^  (at no one position|position \d+)  ([a-z-]+): ", text, re.MULTILINE)
    return {(place, code) for place, code in found if code in SAME_CODES}


def judged_by_both(
    held: Held, bundle: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, int]:
    """The exit codes of both, which must agree on every check that both make."""
    audited = held.custody("audit", str(bundle), *words)
    one_file = verify_custody.main([str(bundle), *words])
    out = capsys.readouterr().out
    ours, theirs = (verdicts_of(text) for text in (audited.out, out))
    assert theirs.keys() == SHARED | ({"anchors"} & ours.keys())
    assert theirs == {check: ours[check] for check in theirs}, audited.out + out
    assert codes_of(audited.out) == codes_of(out), audited.out + out
    assert one_file == max((EXITS[WORDS[verdict]] for verdict in theirs.values()), key=SEVERITY.index)
    assert EXITS[out.splitlines()[0].split("  ")[0]] == one_file
    return audited.code, one_file


@pytest.mark.parametrize(
    ("attack", "number"), STEPS, ids=[f"{attack.name}-{number}" for attack, number in STEPS]
)
def test_the_audit_and_the_verifier_in_one_file_agree(
    attack: Path, number: int, held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(held.custody.home / "before", tmp_path / "workspace")
    shutil.copy(held.note, tmp_path / "held.note")
    carry_out(attack, tmp_path / "workspace")
    shutil.copytree(held.bundle, tmp_path / "bundle")
    fit_to(tmp_path / "bundle", tmp_path / "workspace")
    step = json.loads((attack / "expected.json").read_text())[number]
    words = [word.format(held=tmp_path / "held.note") for word in step["command"][1:]]
    trust = ["--key", str(held.key), *trusted_by(tmp_path / "workspace")]

    assert judged_by_both(held, tmp_path / "bundle", [*words, *trust], capsys) == (step["exit"],) * 2
    for fewer in (words, [*words, *trust[:2]]):
        audited, one_file = judged_by_both(held, tmp_path / "bundle", fewer, capsys)
        assert one_file == audited
        assert {1, 4}.issuperset({audited}) or fewer != words


def test_before_any_attack_all_is_well(
    held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(held.bundle, tmp_path / "bundle")
    fit_to(tmp_path / "bundle", held.custody.home / "before")
    words = ["--key", str(held.key), "--checkpoint", str(held.note)]
    assert judged_by_both(held, tmp_path / "bundle", words, capsys) == (0, 0)


def withhold(bundle: Path, position: int) -> None:
    """Take an entry out of a whole bundle, as an exporter can who wants it unseen."""
    entries = (bundle / "entries.ndjson").read_bytes().splitlines()
    leaf = leaf_hash(entries.pop(position)).hex()
    (bundle / "entries.ndjson").write_bytes(b"".join(entry + b"\n" for entry in entries))
    (bundle / "leaves.txt").write_text(f"{position} {leaf}\n")
    about = json.loads((bundle / "bundle.json").read_text())
    said = About(ledger=LedgerId(about["ledger"]), entries=len(entries), withheld=1)
    (bundle / "bundle.json").write_bytes(said.to_bytes())
    shutil.rmtree(bundle / "tile" / "entries")
    sum_up(bundle)


def rotated_bundle(held: Held, tmp_path: Path, name: str) -> Path:
    shutil.copytree(held.custody.home / "before", tmp_path / "workspace")
    shutil.copytree(held.bundle, tmp_path / "bundle")
    carry_out(Path(__file__).parent / name, tmp_path / "workspace")
    fit_to(tmp_path / "bundle", tmp_path / "workspace")
    return tmp_path / "bundle"


@pytest.mark.parametrize("name", ["revoked_key_used_later_fail", "rotated_key_used_later_fail"])
def test_a_withheld_end_of_a_key_cannot_be_seen_and_that_is_said(
    name: str, held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, words = rotated_bundle(held, tmp_path, name), ["--key", str(held.key)]
    withhold(bundle, 31)  # KeyRevoked or KeyRotated, the last entry of its stream

    assert judged_by_both(held, bundle, words, capsys) == (0, 0)
    verify_custody.main([str(bundle), *words])
    for said in (held.custody("audit", str(bundle), *words).out, capsys.readouterr().out):
        assert MAY_BE_WITHHELD in said


def test_where_an_entry_about_a_key_is_known_to_be_withheld_its_right_is_not_decided(
    held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = rotated_bundle(held, tmp_path, "revoked_key_used_later_fail")
    ledger = LedgerFile(tmp_path / "workspace")
    again = {
        **ledger.body(31),
        "position": 32,
        "previous": leaf_hash(ledger.rows[31][1]).hex(),
        "revision": 3,
    }
    ledger.rows[32:] = [(32, signed(canonical.encode(again), ledger.signer))]
    ledger.save()
    ledger.forget_checkpoints(above=30)
    ledger.sign_checkpoint(ledger.signer)
    fit_to(bundle, tmp_path / "workspace")
    withhold(bundle, 31)  # revision 2 of the key's stream is nowhere to be seen

    words = ["--key", str(held.key)]
    assert judged_by_both(held, bundle, words, capsys) == (4, 4)
    audited = held.custody("audit", str(bundle), *words).out
    assert verdicts_of(audited)["authorisation"] == "indeterminate"
