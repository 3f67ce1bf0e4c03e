import os
import resource
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.cli.command_line import COMMAND, CommandLine

ATTEMPTS = 4  # the best of them counts: other tests run on the same cores
HEAVY = ("sqlalchemy", "eventsourcing", "cryptography", "reportlab", "rich", "pydantic", "platformdirs")


def cpu_seconds(run: Callable[[], object]) -> float:
    """What the processes started by ``run`` took of a core: not how long they had to wait for one."""
    taken = []
    for _ in range(ATTEMPTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(taken)


@pytest.fixture(autouse=True)
def _not_slowed_down_by_the_measuring_of_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("batch", "run", "--help"), ("--version",)])
def test_help_and_version_answer_at_once(custody: CommandLine, words: tuple[str, ...]) -> None:
    assert custody.anew(*words).code == 0
    assert 0 < cpu_seconds(lambda: custody.anew(*words)) < 0.3


def test_completion_answers_at_once(custody: CommandLine) -> None:
    completing = {"_CUSTODY_COMPLETE": "complete_bash", "COMP_WORDS": "custody ba", "COMP_CWORD": "1"}

    assert "batch" in custody.anew(**completing).out
    assert 0 < cpu_seconds(lambda: custody.anew(**completing)) < 0.3


def test_no_heavy_library_is_imported_for_help() -> None:
    code = f"import sys, custody.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.strip() == "[]"


def test_no_line_of_help_is_wider_than_80_columns(custody: CommandLine) -> None:
    from tests.docs.command_line import command_line

    pages = [custody(*command.words[1:], "--help", COLUMNS="80").out for command in command_line().walk()]

    wide = [line for page in pages for line in page.splitlines() if len(line) > 80]
    assert wide == []


def test_every_page_of_help_says_how_the_command_ends_and_gives_an_example(custody: CommandLine) -> None:
    from tests.docs.command_line import command_line

    commands = [command for command in command_line().walk() if not command.children]
    pages = {command.line: custody(*command.words[1:], "--help").out for command in commands}

    assert pages
    assert [line for line, page in pages.items() if "  Exit codes:\n    0    " not in page] == []
    assert [line for line, page in pages.items() if f"  Examples:\n    {line}" not in page] == []


def test_no_command_at_all_shows_the_help(custody: CommandLine) -> None:
    ended = custody()

    assert ended.code == 0
    assert "Commands:" in ended.out


def test_what_the_command_makes_is_for_its_owner_only(case: CommandLine) -> None:
    environment = case.environment()
    before = os.umask(0)
    try:
        words = [*COMMAND, "log", "export", "--out", "log.jsonl"]
        subprocess.run(words, cwd=case.home, env=environment, check=True)
    finally:
        os.umask(before)

    assert (case.home / "log.jsonl").stat().st_mode & 0o077 == 0
