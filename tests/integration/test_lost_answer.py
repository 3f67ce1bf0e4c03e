import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import COMMAND, CommandLine
from tests.integration.acquiring import make_source, tree


def with_full_stdout(case: CommandLine, *words: str) -> subprocess.CompletedProcess[bytes]:
    with Path("/dev/full").open("wb") as full:
        return subprocess.run(
            [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, env=case.environment(), check=False
        )


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_behind_stdout_does_not_stop_an_acquisition(
    case: CommandLine, options: tuple[str, ...]
) -> None:
    source = make_source(case.home / "source")
    to = case.home / "to"

    ended = with_full_stdout(case, "copy", str(source), "--to", str(to), "--case", "1", *options)

    assert ended.returncode == 3
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-3].startswith(b"error[output-failed]: ")
    assert tree(to / "source") == tree(source)
    assert case("audit").code == 0
    assert case("batch", "status", "--json").result["exit"] == 0


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("log", "export"), ("log", "tail")])
def test_no_command_answers_a_full_disk_with_a_traceback(case: CommandLine, words: tuple[str, ...]) -> None:
    ended = with_full_stdout(case, *words)

    assert ended.returncode == 3
    assert b"Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 3
