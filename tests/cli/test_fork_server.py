"""A forked run of the command is what a new interpreter's is; else the tests would test something else."""

import os
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--version",),
        ("copy", "--help"),
        ("keys", "lsit"),
        ("audit",),
        ("audit", "--json"),
        ("log", "export"),
        ("keys", "list", "--json"),
        ("copy", "no such source", "--to", "copies", "--case", "1"),
        ("verify", "--json", "--batch", "none"),
        ("check-proof", b"no\xffproof"),
    ],
)
def test_it_answers_as_a_new_interpreter_does(case: CommandLine, words: tuple[str | bytes, ...]) -> None:
    assert case(*words) == case.anew(*words)


def test_it_has_the_environment_and_the_folder_of_its_run(case: CommandLine, tmp_path: Path) -> None:
    assert case("audit", CUSTODY_WORKSPACE="workspace", cwd=case.home).code == 0
    assert case("audit", CUSTODY_WORKSPACE="workspace", cwd=case.workspace).code != 0
    assert case("audit").code == 0


@pytest.mark.parametrize("columns", ["40", "200"])
def test_it_has_the_width_of_its_run(custody: CommandLine, columns: str) -> None:
    assert custody("copy", "--help", COLUMNS=columns) == custody.anew("copy", "--help", COLUMNS=columns)


def test_it_leaves_nothing_to_the_next(case: CommandLine) -> None:
    before = (Path.cwd(), dict(os.environ), list(sys.argv))
    first = case("log", "export", "--out", "one.jsonl")
    second = case("log", "export", "--out", "one.jsonl")

    assert (first.code, second.code) == (0, case.anew("log", "export", "--out", "one.jsonl").code)
    assert second.code != 0
    assert (Path.cwd(), dict(os.environ), list(sys.argv)) == before


def test_what_it_makes_is_for_its_owner_only(case: CommandLine) -> None:
    before = os.umask(0)
    try:
        assert case("log", "export", "--out", "log.jsonl").code == 0
    finally:
        os.umask(before)

    assert (case.home / "log.jsonl").stat().st_mode & 0o077 == 0
