"""Proofs by the real command: made in a workspace, judged without one."""

import json
import shutil
from pathlib import Path

import pytest

from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import CommandLine, Ended, is_three_line_error


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A finished case, the proof of one of its files, and the key that a stranger was given."""
    custody = CommandLine(tmp_path_factory.mktemp("proved"))
    custody.init()
    (custody.home / "old.note").write_text(custody("checkpoint", "show").out)
    source = custody.home / "card"
    source.mkdir()
    for name in ("clip1.mov", "clip2.mov"):
        (source / name).write_bytes(name.encode())
    assert custody("copy", str(source), "--to", str(custody.home / "copies"), "--case", "1").code == 0
    made = custody("prove", "clip1.mov", "--out", str(custody.home / "clip1.proof"))
    assert (made.code, made.err) == (0, ""), made.err
    for ending in ("pem", "vkey"):
        [key] = (custody.workspace / "keys").glob(f"*.{ending}")
        (custody.home / f"key.{ending}").write_bytes(key.read_bytes())
    return custody


@pytest.fixture
def stranger(tmp_path: Path) -> CommandLine:
    """Somebody without a workspace."""
    return CommandLine(tmp_path)


def check(stranger: CommandLine, proved: CommandLine, *words: str, proof: Path | None = None) -> Ended:
    return stranger("check-proof", str(proof or proved.home / "clip1.proof"), *words)


@pytest.mark.parametrize("ending", ["pem", "vkey"])
def test_a_stranger_with_the_key_is_convinced(
    stranger: CommandLine, proved: CommandLine, ending: str
) -> None:
    ended = check(stranger, proved, "--key", str(proved.home / f"key.{ending}"))
    assert (ended.code, ended.err) == (0, "")
    assert "verified as card/clip1.mov" in ended.out
    assert "a proof does not show:" in ended.out


def test_the_verifier_key_may_stand_on_the_command_line(stranger: CommandLine, proved: CommandLine) -> None:
    key = (proved.home / "key.vkey").read_text().strip()
    assert check(stranger, proved, "--key", key).code == 0


def test_without_a_key_nothing_is_decided(stranger: CommandLine, proved: CommandLine) -> None:
    ended = check(stranger, proved, "--json")
    assert ended.code == 4
    assert ended.result["verdicts"] == {
        "structure": "passed", "signatures": "indeterminate", "chain": "passed", "tree": "passed",
        "checkpoints": "indeterminate",
    }  # fmt: skip


def test_a_changed_proof_is_refuted_with_its_position(
    stranger: CommandLine, proved: CommandLine, tmp_path: Path
) -> None:
    document = json.loads((proved.home / "clip1.proof").read_text())
    position = document["entries"][1]["position"]
    document["entries"][1]["path"][0] = "00" * 32
    changed = tmp_path / "changed.proof"
    changed.write_text(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    ended = check(stranger, proved, "--key", str(proved.home / "key.vkey"), proof=changed)
    assert ended.code == 1
    assert f"position {position}  not-included: " in ended.out


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[" * 200_000, b'{"entries":' + b"9" * 10_000 + b"}"])
def test_rubbish_is_a_finding(stranger: CommandLine, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rubbish").write_bytes(content)
    ended = stranger("check-proof", str(tmp_path / "rubbish"))
    assert (ended.code, ended.err) == (1, "")
    assert "malformed-proof: " in ended.out


def test_a_proof_that_is_not_there_cannot_be_judged(stranger: CommandLine) -> None:
    ended = stranger("check-proof", "nothing")
    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")


def test_what_is_no_key_is_a_mistake_of_the_command(
    stranger: CommandLine, proved: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "no.key").write_text("hello")
    ended = check(stranger, proved, "--key", str(tmp_path / "no.key"))
    assert ended.code == 2
    assert is_three_line_error(ended, "usage")


def test_the_proof_on_standard_output_is_the_same_document(proved: CommandLine) -> None:
    document = (proved.home / "clip1.proof").read_text()
    assert proved("prove", "clip1.mov").out == document
    assert proved("prove", "clip1.mov", "--json").result["proof"] == document


def test_a_proof_never_replaces_a_file(proved: CommandLine) -> None:
    before = (proved.home / "clip1.proof").read_bytes()
    ended = proved("prove", "clip2.mov", "--out", str(proved.home / "clip1.proof"))
    assert ended.code == 6
    assert (proved.home / "clip1.proof").read_bytes() == before


def test_a_file_that_the_ledger_does_not_know_is_not_found(proved: CommandLine) -> None:
    ended = proved("prove", "clip9.mov")
    assert ended.code == 4
    assert is_three_line_error(ended, "not-found")


@pytest.mark.parametrize("key", [(), ("--key", "key.pem"), ("--key", "key.vkey")])
def test_an_older_checkpoint_is_extended_by_the_ledger(proved: CommandLine, key: tuple[str, ...]) -> None:
    ended = proved("checkpoint", "check", "old.note", *key)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("OK  extends: ")


def test_a_checkpoint_of_another_ledger_says_nothing(proved: CommandLine, stranger: CommandLine) -> None:
    stranger.init()
    ended = stranger("checkpoint", "check", str(proved.home / "old.note"), "--json")
    assert (ended.code, ended.result["outcome"]) == (4, "other-ledger")


def test_a_checkpoint_with_a_changed_size_is_refuted(proved: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "note").write_text((proved.home / "old.note").read_text().replace("\n4\n", "\n5\n"))
    ended = proved("checkpoint", "check", str(tmp_path / "note"), "--json")
    assert (ended.code, ended.result["outcome"]) == (1, "bad-signature")


@pytest.mark.parametrize("content", ["hello\n", "hello\n\n\u2014 a AAAAAAAA\n"])
def test_what_is_no_checkpoint_is_a_mistake_of_the_command(
    proved: CommandLine, tmp_path: Path, content: str
) -> None:
    (tmp_path / "note").write_text(content)
    ended = proved("checkpoint", "check", str(tmp_path / "note"))
    assert ended.code == 2
    assert is_three_line_error(ended, "usage")


def test_a_key_that_did_not_sign_refutes_the_checkpoint(proved: CommandLine, stranger: CommandLine) -> None:
    stranger.init()
    [key] = (stranger.workspace / "keys").glob("*.pem")
    ended = proved("checkpoint", "check", "old.note", "--key", str(key), "--json")
    assert (ended.code, ended.result["outcome"]) == (1, "unknown-key")


def test_entries_after_the_last_checkpoint_make_the_proof_incomplete(
    proved: CommandLine, tmp_path: Path
) -> None:
    crashed = CommandLine(tmp_path)
    shutil.copytree(proved.workspace, crashed.workspace)
    positions = proved("prove", "clip1.mov", "--json").result["positions"]
    assert isinstance(positions, list)
    ledger = LedgerFile(crashed.workspace)
    ledger.forget_checkpoints(above=4)
    del ledger.rows[positions[-1] :]
    ledger.sign_checkpoint(ledger.signer)  # of what was there before the file's last entry

    ended = crashed("prove", "clip1.mov", "--json")
    assert (ended.code, ended.result["uncovered"]) == (3, positions[-1:])
    written = crashed("prove", "clip1.mov", "--out", str(tmp_path / "p"))
    assert (written.code, written.out.startswith("INCOMPLETE  proof of ")) == (3, True)
    assert "no checkpoint covers 1 entry of this file yet" in crashed("prove", "clip1.mov").err
