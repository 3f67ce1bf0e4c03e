"""Proofs and exported ledgers, judged by the page."""

import base64
import json
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.page.conftest import SIZE, Verifier, keys_of

NO_ED25519 = """
for (const name of ["importKey", "verify"]) {
  crypto.subtle[name] = () => Promise.reject(new DOMException("not here", "NotSupportedError"));
}
"""
ALWAYS_YES = "crypto.subtle.verify = () => Promise.resolve(true);"


def changed_proof(case: CommandLine, change: str, to: str) -> Path:
    text = (case.home / "clip2.mov.proof").read_text()
    assert change in text
    (case.home / "changed.proof").write_text(text.replace(change, to, 1))
    return case.home / "changed.proof"


@pytest.mark.parametrize("kind", ["pem", "vkey"])
def test_a_sound_proof_is_ok_under_a_key_brought_along(
    kind: str, verify: Verifier, case: CommandLine
) -> None:
    outcome = verify(case.home / "clip2.mov.proof", trust=[*(case.workspace / "keys").glob(f"*.{kind}")])
    assert (outcome.word, outcome.findings) == ("OK", [])
    assert "FileVerified" in outcome.text
    assert "card/clip2.mov" in outcome.text


def test_the_page_says_of_a_proof_what_check_proof_says(verify: Verifier, case: CommandLine) -> None:
    ended = case("check-proof", str(case.home / "clip2.mov.proof"), "--key", str(keys_of(case)[0]), "--json")
    outcome = verify(case.home / "clip2.mov.proof", trust=keys_of(case))
    assert outcome.verdicts == ended.result["verdicts"]


def test_without_a_key_nothing_is_proved(verify: Verifier, case: CommandLine) -> None:
    outcome = verify(case.home / "clip2.mov.proof")
    assert outcome.word == "CANNOT TELL"
    assert outcome.verdicts["signatures"] == outcome.verdicts["checkpoints"] == "indeterminate"
    assert "no key is trusted" in outcome.sentence


def test_a_file_that_is_no_key_is_named_and_not_used(verify: Verifier, case: CommandLine) -> None:
    spki = bytes.fromhex("302a300506032b6570032100" + "ed" + "ff" * 30 + "7f")  # y = p, another 0
    (case.home / "bad.pem").write_text(
        f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(spki).decode()}\n-----END PUBLIC KEY-----\n"
    )
    verify.choose(case.home / "clip2.mov.proof", trust=[case.home / "bad.pem"])
    said = verify.page.evaluate("document.getElementById('trust-chosen').innerText")
    assert said == "bad.pem: not used: the public key is of low order or not canonical"
    assert verify.check().word == "CANNOT TELL"


def test_the_key_of_another_ledger_does_not_open_a_proof(
    verify: Verifier, case: CommandLine, tmp_path: Path
) -> None:
    other = CommandLine(tmp_path / "other")
    other.home.mkdir()
    other.init()
    [vkey] = (other.workspace / "keys").glob("*.vkey")
    outcome = verify(case.home / "clip2.mov.proof", trust=[vkey])
    assert outcome.word == "CHANGED"
    assert ("checkpoint-origin", None) in outcome.findings


@pytest.mark.parametrize("script", [NO_ED25519, ALWAYS_YES], ids=["without Ed25519", "that says yes to all"])
def test_a_browser_that_cannot_verify_signatures_never_says_ok(
    script: str, verify: Verifier, case: CommandLine
) -> None:
    verify.page.before_scripts(script)
    outcome = verify(case.home / "clip2.mov.proof", trust=keys_of(case))
    assert (outcome.word, outcome.findings) == ("CANNOT TELL", [])
    assert outcome.verdicts["signatures"] == outcome.verdicts["checkpoints"] == "indeterminate"
    assert "cannot verify Ed25519" in outcome.sentence


def test_a_browser_whose_sha_256_differs_decides_nothing(verify: Verifier, case: CommandLine) -> None:
    verify.page.before_scripts("crypto.subtle.digest = () => Promise.resolve(new ArrayBuffer(32));")
    outcome = verify(case.home / "clip2.mov.proof", trust=keys_of(case))
    assert outcome.word == "CANNOT TELL"
    assert set(outcome.verdicts.values()) == {"indeterminate"}


@pytest.mark.parametrize(
    ("change", "to", "code"),
    [
        ('"path":["', '"path":["00', "malformed-proof"),
        ('"path":["', '"path":["' + "00" * 32 + '","', "not-included"),
        ('"format":"custody.proof/1"', '"format":"custody.proof/2"', "malformed-proof"),
        ('"entries":[', '"entries": [', "malformed-proof"),
        ("\\n30\\n", "\\n31\\n", "checkpoint-signature"),
        ("\\n30\\n", "\\n030\\n", "malformed-checkpoint"),
        ('\\"payload\\":\\"eyJhY3Rvci', '\\"payload\\":\\"eyJhY3Rvcj', "malformed-entry"),
    ],
)
def test_a_changed_proof_is_refuted_as_check_proof_refutes_it(
    change: str, to: str, code: str, verify: Verifier, case: CommandLine
) -> None:
    proof = changed_proof(case, change, to)
    outcome = verify(proof, trust=keys_of(case))
    assert outcome.word == "CHANGED"
    assert code in [found for found, _ in outcome.findings]
    ended = case("check-proof", str(proof), "--key", str(keys_of(case)[0]), "--json")
    assert outcome.verdicts == ended.result["verdicts"]
    found = [(finding["code"], finding["position"]) for finding in ended.result["findings"]]
    assert outcome.findings == found


def test_of_two_neighbours_in_a_proof_one_withheld_leaves_it_open(
    verify: Verifier, case: CommandLine
) -> None:
    proof = json.loads((case.home / "clip2.mov.proof").read_text())
    del proof["entries"][1]
    file = case.home / "withheld.proof"
    file.write_text(json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    outcome = verify(file, trust=keys_of(case))
    assert (outcome.word, outcome.findings) == ("CANNOT TELL", [])
    assert outcome.verdicts["structure"] == "indeterminate"


def test_an_exported_ledger_is_ok_with_its_key_and_checkpoint(verify: Verifier, case: CommandLine) -> None:
    outcome = verify(case.home / "log.jsonl", trust=[*keys_of(case), case.home / "held.note"])
    assert (outcome.word, outcome.findings) == ("OK", [])


def test_without_a_checkpoint_a_cut_could_not_be_seen(verify: Verifier, case: CommandLine) -> None:
    outcome = verify(case.home / "log.jsonl", trust=keys_of(case))
    assert outcome.word == "CANNOT TELL"
    assert outcome.verdicts["checkpoints"] == "indeterminate"


@pytest.mark.parametrize("position", [0, 7, SIZE - 1])
@pytest.mark.parametrize("at", [20, 300, -100, -20])
def test_one_changed_letter_of_an_export_is_found_at_its_entry(
    position: int, at: int, verify: Verifier, case: CommandLine
) -> None:
    lines = (case.home / "log.jsonl").read_bytes().splitlines(keepends=True)
    line = bytearray(lines[position])
    line[at] = ord("A") if line[at] != ord("A") else ord("B")
    lines[position] = bytes(line)
    (case.home / "log.jsonl").write_bytes(b"".join(lines))
    outcome = verify(case.home / "log.jsonl", trust=[*keys_of(case), case.home / "held.note"])
    assert outcome.word == "CHANGED"
    assert outcome.findings[0][1] == position


def test_a_cut_export_is_found_by_a_checkpoint_held_elsewhere(verify: Verifier, case: CommandLine) -> None:
    lines = (case.home / "log.jsonl").read_bytes().splitlines(keepends=True)
    (case.home / "log.jsonl").write_bytes(b"".join(lines[:-1]))
    outcome = verify(case.home / "log.jsonl", trust=[*keys_of(case), case.home / "held.note"])
    assert (outcome.word, outcome.findings) == ("CHANGED", [("cut", SIZE - 1)])


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"{}", b'{"payload":"' * 100_000])
def test_what_is_nothing_of_ours_is_never_ok(content: bytes, verify: Verifier, case: CommandLine) -> None:
    (case.home / "thing").write_bytes(content)
    outcome = verify(case.home / "thing", trust=keys_of(case))
    assert outcome.word in {"CANNOT TELL", "CHANGED"}
