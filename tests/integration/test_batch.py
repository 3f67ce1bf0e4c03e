import csv
import os
import tomllib
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error
from tests.integration.acquiring import tree, write_batch


def test_a_batch_runs_every_job(case: CommandLine) -> None:
    file = write_batch(case.home)

    ended = case("batch", "run", str(file), "--json")

    assert ended.code == 0, ended.err
    assert [job["state"] for job in ended.result["jobs"]] == ["completed", "completed"]
    assert tree(case.home / "copies" / "one" / "first") == tree(case.home / "first")
    assert tree(case.home / "copies" / "two" / "second") == tree(case.home / "second")


def test_the_same_file_again_is_the_same_batch_and_copies_nothing(case: CommandLine) -> None:
    file = write_batch(case.home)
    first = case("batch", "run", str(file), "--json").result

    again = case("batch", "run", str(file), "--json").result

    assert again["batch"] == first["batch"]
    assert (again["exit"], again["run"], again["files"]["verified"]) == (0, 2, 0)
    assert again["files"]["skipped"] == first["files"]["verified"]


def test_a_check_estimates_and_writes_no_event(case: CommandLine) -> None:
    file = write_batch(case.home)

    result = case("batch", "check", str(file), "--json").result

    assert (result["exit"], result["files"]) == (0, 46)
    assert result["estimate_seconds"] >= 1
    assert case.ledger_size() == 4
    assert os.listdir(case.home / "copies") == []


def test_a_check_needs_no_passphrase(custody: CommandLine) -> None:
    (custody.home / "pass").write_text("secret")
    (custody.home / "pass").chmod(0o600)
    custody("init", "--examiner", "A", "--passphrase-file", str(custody.home / "pass"))

    assert custody("batch", "check", str(write_batch(custody.home))).code == 0


def test_every_mistake_of_a_batch_file_is_listed_before_anything_is_written(case: CommandLine) -> None:
    file = case.home / "batch.toml"
    file.write_text('[[job]]\nname = "A"\nnonsense = 1\n[[job]]\nfiles = 3\n')

    ended = case("batch", "run", str(file))

    assert ended.code == 2
    assert is_three_line_error(ended, "batch-file")
    assert "nonsense" in ended.err
    assert "files" in ended.err
    assert case.ledger_size() == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.toml", b"[batch\n"),
        ("bad.toml", b"\xff\xfe"),
        ("bad.csv", b'name,files\n"open quote,/x\n'),
        ("bad.csv", b"name,files\nonly one cell\n"),
        ("bad.csv", b"name,files\nA,/x\0\n"),
        ("bad.csv", b""),
        ("batch.doc", b"x"),
    ],
)
def test_a_damaged_batch_file_is_a_usage_mistake(case: CommandLine, name: str, content: bytes) -> None:
    (case.home / name).write_bytes(content)

    ended = case("batch", "run", str(case.home / name))

    assert ended.code == 2, ended.err
    assert len(ended.error_lines) >= 3
    assert ended.error_lines[-1].startswith("  hint: ")
    assert case.ledger_size() == 4


def test_a_missing_batch_file_is_a_usage_mistake(case: CommandLine) -> None:
    ended = case("batch", "run", str(case.home / "missing.toml"))

    assert ended.code == 2
    assert is_three_line_error(ended, "usage")


def test_every_problem_of_a_plan_is_listed(case: CommandLine) -> None:
    file = write_batch(case.home)
    (case.home / "first").rename(case.home / "elsewhere")
    (case.home / "second").rename(case.home / "elsewhere 2")

    ended = case("batch", "check", str(file), "--json")

    assert ended.code == 6
    assert len(ended.result["error"]["problems"]) == 2


def test_a_list_a_status_and_a_description_of_a_batch(case: CommandLine) -> None:
    batch = case("batch", "run", str(write_batch(case.home)), "--json").result["batch"]

    listed = case("batch", "list", "--json").result
    assert [(row["batch"], row["state"]) for row in listed["batches"]] == [(batch, "completed")]
    assert case("batch", "status", "--json").result["files"]["verified"] == 46
    shown = case("batch", "show", batch[:8]).out
    assert "Camera 2, case 2026-0147" in shown
    assert str(case.home / "second") in shown


def test_a_batch_that_is_not_there_is_not_found(case: CommandLine) -> None:
    for words in (("status", "abcdef"), ("show", "abcdef"), ("retry", "abcdef"), ("resume",), ("status",)):
        ended = case("batch", *words)
        assert ended.code == 4, words
        assert is_three_line_error(ended, "not-found")
    assert case.ledger_size() == 4


def test_a_toml_form_is_a_batch_file(case: CommandLine) -> None:
    out = case.home / "form.toml"

    assert case("batch", "template", str(out)).code == 0

    form = tomllib.loads(out.read_text())
    assert form["job"][0]["case_number"] == "2026-0147"
    ended = case("batch", "check", str(out))
    assert ended.code == 6, ended.err  # the made-up sources are not there, but the form is understood


def test_a_csv_form_is_a_batch_file(case: CommandLine) -> None:
    out = case.home / "form.csv"

    assert case("batch", "template", "--csv", str(out)).code == 0

    with out.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["folders"] == "/mnt/card/AUDIO"
    assert case("batch", "check", str(out)).code == 6


@pytest.mark.parametrize(
    "words", [("form.doc",), ("--csv", "form.toml"), ("--toml", "--csv", "form.toml"), ("form",)]
)
def test_a_form_of_an_unclear_kind_is_a_mistake(case: CommandLine, words: tuple[str, ...]) -> None:
    assert case("batch", "template", *words).code == 2
    assert not list(case.home.glob("form*"))


def test_a_form_replaces_no_file(case: CommandLine) -> None:
    (case.home / "form.toml").write_text("precious")

    assert case("batch", "template", "form.toml").code == 6
    assert (case.home / "form.toml").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_fails_alone_and_retry_takes_it_up(case: CommandLine) -> None:
    file = write_batch(case.home)
    closed: Path = case.home / "first" / "deep" / "file0003.bin"
    closed.chmod(0)

    first = case("batch", "run", str(file), "--json")

    assert first.code == 3
    (failure,) = first.result["failures"]
    assert (failure["stage"], failure["errno"]) == ("open", 13)
    assert first.result["files"]["verified"] == 45
    closed.chmod(0o600)
    again = case("batch", "retry", first.result["batch"][:10], "--json")
    assert again.code == 0, again.err


def test_of_a_complete_batch_nothing_is_left_to_resume_or_to_retry(case: CommandLine) -> None:
    batch = case("batch", "run", str(write_batch(case.home)), "--json").result["batch"]
    size = case.ledger_size()

    for words in (("resume", batch), ("resume",), ("retry", batch)):
        ended = case("batch", *words)
        assert ended.code == 0, words
        assert ended.out.startswith("OK  nothing to "), words
    assert case("batch", "resume", "--json").result["status"] == "completed"
    assert case.ledger_size() == size


@pytest.mark.parametrize("words", [("status",), ("show",), ("resume",), ("retry",)])
def test_too_few_characters_of_a_batch_id_are_a_usage_mistake(
    case: CommandLine, words: tuple[str, ...]
) -> None:
    ended = case("batch", *words, "abcde")

    assert ended.code == 2
    assert is_three_line_error(ended, "usage")
    assert "at least 6" in ended.err
