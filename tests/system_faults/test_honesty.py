"""The judge of the fault tests sees what it is there to see."""

from pathlib import Path

from tests.cli.command_line import Ended
from tests.system_faults.honesty import Outcome, dishonesties

FILE = b"source/file"
EVIDENCE = {FILE: b"content"}
VERIFIED = {FILE: Outcome("FileVerified")}
FAILED = {FILE: Outcome("FileFailed", {"error": "io-error"})}


def ended(code: int) -> Ended:
    return Ended(code, "", "")


def copy(folder: Path, content: bytes) -> Path:
    (folder / "source").mkdir()
    (folder / "source" / "file").write_bytes(content)
    return folder


def test_an_identical_verified_copy_is_honest(tmp_path: Path) -> None:
    assert dishonesties(ended(0), VERIFIED, EVIDENCE, copy(tmp_path, b"content")) == []


def test_a_failure_with_its_reason_is_honest(tmp_path: Path) -> None:
    assert dishonesties(ended(3), FAILED, EVIDENCE, tmp_path) == []


def test_a_damaged_copy_called_verified_is_a_false_good(tmp_path: Path) -> None:
    (found,) = dishonesties(ended(0), VERIFIED, EVIDENCE, copy(tmp_path, b"c0ntent"))
    assert "a false good" in found


def test_a_missing_copy_called_verified_is_a_false_good(tmp_path: Path) -> None:
    (found,) = dishonesties(ended(0), VERIFIED, EVIDENCE, tmp_path)
    assert "a false good" in found


def test_a_file_of_which_nothing_is_said_is_seen_unless_the_run_was_cut_short(tmp_path: Path) -> None:
    (found,) = dishonesties(ended(3), {}, EVIDENCE, tmp_path)
    assert "neither verified nor failed" in found
    assert dishonesties(ended(20), {}, EVIDENCE, tmp_path) == []


def test_a_failure_behind_an_exit_code_of_success_is_seen(tmp_path: Path) -> None:
    (found,) = dishonesties(ended(0), FAILED, EVIDENCE, tmp_path)
    assert "the exit code is 0" in found


def test_a_failure_without_a_reason_is_seen(tmp_path: Path) -> None:
    (found,) = dishonesties(ended(3), {FILE: Outcome("FileFailed")}, EVIDENCE, tmp_path)
    assert "without a reason" in found
