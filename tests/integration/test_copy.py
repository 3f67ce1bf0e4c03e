import os
import sqlite3
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended, is_three_line_error
from tests.integration.acquiring import make_source, tree

CASE = ("--case", "2026-0147")
MEBIBYTE = 1 << 20


@pytest.fixture
def source(case: CommandLine) -> Path:
    return make_source(case.home / "source")


@pytest.fixture
def destination(case: CommandLine) -> Path:
    (case.home / "copies").mkdir()
    return case.home / "copies"


def copy(case: CommandLine, source: Path, destination: Path, *words: str) -> Ended:
    return case("copy", str(source), "--to", str(destination), *CASE, *words)


def test_a_folder_is_copied_whole_into_the_destination(
    case: CommandLine, source: Path, destination: Path
) -> None:
    ended = copy(case, source, destination)

    assert ended.code == 0, ended.err
    assert tree(destination / "source") == tree(source)
    assert case("audit").code == 0
    assert case("verify").code == 0


def test_a_file_is_copied_into_the_destination(case: CommandLine, source: Path, destination: Path) -> None:
    ended = copy(case, source / "deep" / "file0003.bin", destination)

    assert ended.code == 0, ended.err
    assert (destination / "file0003.bin").read_bytes() == b"\x03" * 5000


def test_a_source_whose_name_is_not_utf8_is_copied(
    case: CommandLine, source: Path, destination: Path
) -> None:
    ended = case("copy", os.fsencode(source) + b"/caf\xe9 \xff.txt", "--to", str(destination), *CASE)

    assert ended.code == 0, ended.err
    assert os.listdir(os.fsencode(destination)) == [b"caf\xe9 \xff.txt"]


def test_the_result_counts_every_file(case: CommandLine, source: Path, destination: Path) -> None:
    result = copy(case, source, destination, "--json").result

    assert result["schema"] == "custody.copy/1"
    assert result["status"] == "completed"
    assert result["files"] == {
        "queued": 23,
        "verified": 23,
        "qualified": 0,
        "skipped": 0,
        "failed": 0,
        "special": 0,
    }
    assert result["bytes"] == 20 * 5000 + 10
    assert result["failures"] == []


def test_the_same_command_again_copies_nothing(case: CommandLine, source: Path, destination: Path) -> None:
    copy(case, source, destination)
    before = tree(destination)

    result = copy(case, source, destination, "--json").result

    assert result["exit"] == 0
    assert result["files"]["verified"] == 0
    assert result["files"]["skipped"] == 23
    assert tree(destination) == before


def test_the_session_is_recorded_with_its_exit_code(
    case: CommandLine, source: Path, destination: Path
) -> None:
    copy(case, source, destination)

    lines = case("log", "tail", "-n", "1000").out.splitlines()
    assert lines[4].split()[2:] == ["SessionOpened", "copy"]
    assert "SessionClosed" in lines[-1]
    assert int(case("checkpoint", "show").out.splitlines()[1]) == len(lines)


def test_the_diagnostics_log_has_begin_end_and_the_summary(
    case: CommandLine, source: Path, destination: Path
) -> None:
    copy(case, source, destination)

    (log,) = case.workspace.glob("diagnostics/*-copy-*.log")
    text = log.read_text()
    assert "begin copy" in text
    assert "verified 23 qualified 0 skipped 0 failed 0" in text
    assert text.rstrip().endswith("exit 0")


def refused(case: CommandLine, *words: str) -> str:
    before = case.ledger_size()
    ended = case("copy", *words, *CASE)
    assert ended.code == 6, ended.err
    assert is_three_line_error(ended, "refused")
    assert case.ledger_size() == before
    return ended.err


def test_a_missing_source_is_refused_and_nothing_written(case: CommandLine, destination: Path) -> None:
    err = refused(case, str(case.home / "missing"), "--to", str(destination))

    assert "missing" in err
    assert os.listdir(destination) == []


def test_a_destination_inside_the_source_is_refused(case: CommandLine, source: Path) -> None:
    before = tree(source)

    refused(case, str(source), "--to", str(source / "deep"))

    assert tree(source) == before


def test_a_source_inside_its_own_copy_is_refused(case: CommandLine, source: Path) -> None:
    before = tree(source)

    refused(case, str(source), "--to", str(source.parent))

    assert tree(source) == before


def test_an_existing_different_file_is_refused_and_kept(
    case: CommandLine, source: Path, destination: Path
) -> None:
    (destination / "source").mkdir()
    (destination / "source" / "empty").write_bytes(b"precious")

    refused(case, str(source), "--to", str(destination))

    assert (destination / "source" / "empty").read_bytes() == b"precious"
    assert len(tree(destination)) == 2


def test_an_existing_equal_file_is_skipped_with_its_comparison(
    case: CommandLine, source: Path, destination: Path
) -> None:
    (destination / "source").mkdir()
    (destination / "source" / "empty").write_bytes(b"")

    result = copy(case, source, destination, "--json").result

    assert (result["exit"], result["files"]["skipped"], result["files"]["verified"]) == (0, 1, 22)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_destination_is_refused(case: CommandLine, source: Path, destination: Path) -> None:
    destination.chmod(0o500)

    refused(case, str(source), "--to", str(destination))


def test_a_destination_that_cannot_be_made_is_refused(case: CommandLine, source: Path) -> None:
    refused(case, str(source), "--to", "/proc/evidence")


def test_a_destination_that_is_a_file_is_refused(case: CommandLine, source: Path) -> None:
    file = case.home / "file"
    file.write_bytes(b"x")

    refused(case, str(source), "--to", str(file))


@pytest.mark.parametrize(
    "words",
    [("--hash", "crc32"), ("--case", ""), ("--template", "{nonsense}"), ("--template", "../{case_number}")],
)
def test_a_bad_option_is_a_usage_mistake_and_writes_nothing(
    case: CommandLine, source: Path, destination: Path, words: tuple[str, ...]
) -> None:
    ended = case("copy", str(source), "--to", str(destination), *CASE, *words)

    assert ended.code == 2, ended.err
    assert is_three_line_error(ended, "usage")
    assert os.listdir(destination) == []
    assert case.ledger_size() == 4


def test_more_hashes_are_made_when_they_are_asked_for(
    case: CommandLine, source: Path, destination: Path
) -> None:
    copy(case, source / "empty", destination, "--hash", "md5,sha1")

    assert '"md5": "d41d8cd98f00b204e9800998ecf8427e"' in case("log", "show", "0", "99").out


def test_a_wrong_passphrase_writes_nothing(custody: CommandLine) -> None:
    for name in ("right", "wrong"):
        (custody.home / name).write_text(name)
        (custody.home / name).chmod(0o600)
    custody("init", "--examiner", "A", "--passphrase-file", str(custody.home / "right"))
    source = make_source(custody.home / "source")
    (custody.home / "copies").mkdir()

    ended = custody(
        "copy", str(source), "--to", str(custody.home / "copies"), *CASE,
        "--passphrase-file", str(custody.home / "wrong"),
    )  # fmt: skip

    assert ended.code == 7
    assert is_three_line_error(ended, "wrong-passphrase")
    assert os.listdir(custody.home / "copies") == []


def test_verify_names_the_copy_with_one_flipped_byte(
    case: CommandLine, source: Path, destination: Path
) -> None:
    copy(case, source, destination)
    victim = destination / "source" / "deep" / "file0007.bin"
    content = bytearray(victim.read_bytes())
    content[1234] ^= 1
    victim.write_bytes(content)

    ended = case("verify", "--json")

    assert ended.code == 1
    assert [problem["path"] for problem in ended.result["changed"]] == [str(victim)]
    assert str(victim) in case("verify").out


def test_verify_names_what_is_missing_and_what_is_extra(
    case: CommandLine, source: Path, destination: Path
) -> None:
    copy(case, source, destination)
    (destination / "source" / "empty").unlink()
    (destination / "source" / "planted").write_bytes(b"x")

    result = case("verify", "--no-record", "--json").result

    assert result["exit"] == 1
    assert [problem["path"] for problem in result["missing"]] == [str(destination / "source" / "empty")]
    assert [problem["path"] for problem in result["extra"]] == [str(destination / "source" / "planted")]


def test_verify_of_a_path_that_the_ledger_does_not_know_cannot_tell(case: CommandLine) -> None:
    ended = case("verify", str(case.home))

    assert ended.code == 4
    assert is_three_line_error(ended, "not-found")


def test_explain_tells_the_story_of_a_copy(case: CommandLine, source: Path, destination: Path) -> None:
    copy(case, source, destination)

    ended = case("explain", str(destination / "source" / "empty"))

    assert ended.code == 0, ended.err
    assert len(ended.out.splitlines()) > 4


def test_the_report_is_written_once_and_recorded(case: CommandLine, source: Path, destination: Path) -> None:
    copy(case, source, destination)
    out = case.home / "report.pdf"

    first = case("report", "custody", "--out", str(out), "--json")
    again = case("report", "custody", "--out", str(out))
    other = case("report", "custody", "--out", str(case.home / "other.pdf"))

    assert (first.code, again.code, other.code) == (0, 6, 0), first.err
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.read_bytes() == (case.home / "other.pdf").read_bytes()
    assert first.result["sha256"] in case("log", "tail", "-n", "99", "--json").out


def test_one_changed_row_of_the_ledger_is_found_by_the_audit(
    case: CommandLine, source: Path, destination: Path
) -> None:
    copy(case, source, destination)
    with sqlite3.connect(case.workspace / "ledger.db") as database:
        triggers = database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE entries SET entry = replace(entry, 'a', 'b') WHERE position = 9")
    database.close()

    ended = case("audit", "--json")

    assert ended.code == 1
    assert 9 in [finding["position"] for finding in ended.result["findings"]]
    assert "failed" in ended.result["verdicts"].values()


def test_a_source_read_twice_is_said_to_be_in_the_ledger(
    case: CommandLine, source: Path, destination: Path
) -> None:
    ended = copy(case, source / "deep" / "file0003.bin", destination, "--read-source-twice")

    assert ended.code == 0, ended.err
    (told,) = [
        line
        for line in case("explain", str(destination / "file0003.bin")).out.splitlines()
        if "alike" in line
    ]
    assert "as read 2 times alike: sha256" in told
    assert case("audit").code == 0


@pytest.mark.parametrize("megabytes", [2, 20], ids=["small", "large"])
def test_zeros_in_a_source_are_told_and_the_copy_is_verified_all_the_same(
    case: CommandLine, tmp_path: Path, destination: Path, megabytes: int
) -> None:
    image = tmp_path / "image.dd"
    image.write_bytes(os.urandom(MEBIBYTE) + bytes((megabytes - 1) * MEBIBYTE))

    ended = copy(case, image, destination, "--json")

    assert (ended.code, ended.result["files"]["verified"]) == (0, 1), ended.err
    zeros = (megabytes - 1) * MEBIBYTE
    told = case("explain", str(destination / image.name)).out
    assert f"{zeros:,} at {MEBIBYTE:,}" in told
    assert case("audit").code == 0


def test_a_file_of_nothing_but_zeros_is_called_so(
    case: CommandLine, tmp_path: Path, destination: Path
) -> None:
    empty = tmp_path / "wiped.bin"
    empty.write_bytes(bytes(4096))

    assert copy(case, empty, destination).code == 0

    assert "it is nothing but zeros" in case("explain", str(destination / empty.name)).out
