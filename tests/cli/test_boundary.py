import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest
import typer

from custody.cli.boundary import answer
from custody.cli.exit_codes import ExitCode, Terminated
from custody.cli.options import SharedOptionsCommand, SharedOptionsGroup, invocation
from custody.cli.output import Answer, OutputClosed
from custody.domain.errors import CustodyError, DestinationFailed, Refused, UsageError


class Obstacles(Refused):
    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(problems[0])
        self.problems = problems


def run(outcome: Answer | BaseException | object, *words: str) -> tuple[ExitCode, list[str]]:
    """Run one made-up command ``thing do``; returns the code and what the command's options came to."""
    app = typer.Typer(cls=SharedOptionsGroup, rich_markup_mode=None)
    noun = typer.Typer(cls=SharedOptionsGroup, rich_markup_mode=None)
    seen: list[str] = []

    @app.callback()
    def root() -> None: ...

    @noun.command("do", cls=SharedOptionsCommand)
    def do(ctx: typer.Context, size: int = 0) -> object:
        choices = invocation(ctx).choices
        seen.append(f"{choices.workspace} {choices.quiet} {choices.verbose} {choices.json} {size}")
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    app.add_typer(noun, name="thing")
    code, _ = answer(typer.main.get_command(app), words or ("thing", "do"), {})
    return code, seen


def last_json(text: str) -> dict[str, object]:
    value = json.loads(text.splitlines()[-1])
    assert isinstance(value, dict)
    return value


def test_an_answer_ends_with_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = run(Answer(code=ExitCode.INCOMPLETE, verdict="INCOMPLETE  1 file", lines=["  a"]))

    assert code is ExitCode.INCOMPLETE
    assert capsys.readouterr() == ("INCOMPLETE  1 file\n  a\n", "")


def test_a_long_answer_has_its_verdict_first_and_last(capsys: pytest.CaptureFixture[str]) -> None:
    run(Answer(verdict="OK", lines=[f"  {n}" for n in range(20)]))

    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("OK", "OK", 22)


def test_quiet_prints_the_verdict_only(capsys: pytest.CaptureFixture[str]) -> None:
    run(Answer(verdict="OK", lines=["  a"]), "-q", "thing", "do")

    assert capsys.readouterr().out == "OK\n"


def test_what_people_read_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    run(Answer(verdict="OK \x1b[2J", lines=["  \u202eexe"]))

    assert capsys.readouterr().out == "OK \\x1b[2J\n  \\u202eexe\n"


def test_an_error_is_three_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = run(Refused("no room on /x\x1b", done="nothing was written", hint="make room"))

    assert code is ExitCode.REFUSED
    expected = "error[refused]: no room on /x\\x1b\n  Nothing was written.\n  hint: make room\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("error", [UsageError("w"), Refused("w"), DestinationFailed("w")])
def test_an_error_that_brings_no_sentences_still_has_three_lines(
    error: CustodyError, capsys: pytest.CaptureFixture[str]
) -> None:
    run(error)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(len(line.removeprefix("  hint:").strip()) > 5 for line in lines[1:])


def test_a_mistake_without_a_hint_names_the_help_of_its_own_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(UsageError("--size is empty"), "--color", "never", "thing", "do")

    assert capsys.readouterr().err.splitlines()[-1] == "  hint: see 'custody thing do --help'"


def test_every_problem_is_listed_before_the_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    run(Obstacles(("first", "second\n")))

    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["  - first", "  - second\\x0a", "error[refused]: first"]
    assert len(lines) == 5


def test_one_problem_alone_is_not_listed_twice(capsys: pytest.CaptureFixture[str]) -> None:
    run(Obstacles(("first",)))

    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_json_result_is_the_last_line_and_names_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    run(Answer(fields={"files": 3}), "thing", "do", "--json")

    out, err = capsys.readouterr()
    assert last_json(out) == {
        "type": "result", "schema": "custody.thing-do/1", "status": "ok", "exit": 0, "files": 3,
    }  # fmt: skip
    assert err == ""


def test_a_json_error_is_a_result_too(capsys: pytest.CaptureFixture[str]) -> None:
    run(Refused("no room", hint="make room"), "--json", "thing", "do")

    out, err = capsys.readouterr()
    result = last_json(out)
    assert (result["type"], result["exit"], result["status"]) == ("result", 6, "refused")
    assert result["schema"] == "custody.thing-do/1"
    assert result["error"] == {
        "code": "refused", "message": "no room", "done": "Nothing was written.", "hint": "make room",
    }  # fmt: skip
    assert len(err.splitlines()) == 3


@pytest.mark.parametrize(
    "words",
    [("thing", "do", "--nonsense"), ("thing", "undo"), ("thing",), ("thing", "do", "--size", "x"), ("-w",)],
)
def test_a_mistake_in_the_line_is_the_same_three_lines(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, seen = run(Answer(), *words)

    out, err = capsys.readouterr()
    assert (code, seen, out) == (ExitCode.USAGE, [], "")
    assert len(err.splitlines()) == 3
    assert err.startswith("error[usage]: ")
    assert "--help" in err.splitlines()[2]


def test_a_mistake_in_the_line_is_told_in_json_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    run(Answer(), "thing", "do", "--nonsense", "--json")

    result = last_json(capsys.readouterr().out)
    assert (result["schema"], result["exit"]) == ("custody.thing-do/1", 2)


@pytest.mark.parametrize(
    "words",
    [
        ("-w", "/ws", "-q", "-v", "--json", "thing", "do"),
        ("thing", "-w", "/ws", "-q", "-v", "--json", "do"),
        ("thing", "do", "-w", "/ws", "-q", "-v", "--json"),
    ],
)
def test_shared_options_stand_before_between_and_after(words: tuple[str, ...]) -> None:
    _, seen = run(Answer(), *words)

    assert seen == ["/ws True 1 True 0"]


def test_the_option_nearest_to_the_command_wins_and_v_adds_up() -> None:
    _, seen = run(Answer(), "-w", "/a", "-v", "thing", "do", "-w", "/b", "-vv")

    assert seen == ["/b False 3 False 0"]


def test_a_bug_ends_with_70_and_saves_its_traceback_privately(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _ = run(ZeroDivisionError("division"))

    err = capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    assert code is ExitCode.BUG
    assert err.startswith("error[bug]: an error inside custody itself: ZeroDivisionError\n")
    assert len(err.splitlines()) == 3
    assert str(file) in err
    assert "Traceback" not in err
    assert "ZeroDivisionError: division" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_bug_whose_traceback_cannot_be_saved_still_ends_with_70(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))

    assert run(ZeroDivisionError())[0] is ExitCode.BUG
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_command_without_an_answer_is_a_bug() -> None:
    assert run(None)[0] is ExitCode.BUG


@pytest.mark.parametrize(("interruption", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143)])
def test_an_interruption_has_the_code_of_its_signal(
    interruption: KeyboardInterrupt, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(interruption)[0] == code
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_reader_that_went_away_before_the_end_leaves_the_answer_incomplete() -> None:
    assert run(OutputClosed())[0] is ExitCode.INCOMPLETE


@contextmanager
def full_disk() -> Iterator[None]:
    with open("/dev/full", "w") as stream, redirect_stdout(stream):
        yield
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for what is still buffered


@pytest.mark.parametrize("words", [(), ("-q", "thing", "do"), ("--json", "thing", "do"), ("thing", "--help")])
def test_an_answer_that_the_disk_does_not_take_leaves_the_command_incomplete(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with full_disk():
        code, _ = run(Answer(verdict="OK", lines=["  a"]), *words)

    assert code is ExitCode.INCOMPLETE
    what, done, hint = capsys.readouterr().err.splitlines()
    assert what.startswith("error[output-failed]: ")
    assert "No space left on device" in what
    assert (done[:2], hint[:8]) == ("  ", "  hint: ")


def test_a_lost_answer_hides_no_graver_end(capsys: pytest.CaptureFixture[str]) -> None:
    with full_disk():
        refuted, _ = run(Answer(code=ExitCode.REFUTED, verdict="CHANGED"))
        halted, _ = run(DestinationFailed("gone"), "--json", "thing", "do")

    assert (refuted, halted) == (ExitCode.REFUTED, ExitCode.HALTED)


def test_a_bug_is_a_bug_also_when_the_answer_is_lost() -> None:
    with full_disk():
        code, _ = run(Answer(verdict=1))  # type: ignore[arg-type]

    assert code is ExitCode.BUG


def test_help_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Answer(), "thing", "do", "--help")[0] is ExitCode.OK
    assert re.search(r"--workspace DIR", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("environment", "words", "colored"),
    [
        ({}, ("--color", "always"), True),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"CUSTODY_COLOR": "always"}, (), True),
        ({"CUSTODY_COLOR": "always"}, ("--color", "never"), False),
        ({}, (), False),
    ],
)
def test_colour_is_chosen_by_option_then_variable_then_terminal(
    environment: dict[str, str], words: tuple[str, ...], colored: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer(cls=SharedOptionsCommand, rich_markup_mode=None)
    app.command(cls=SharedOptionsCommand)(lambda: Answer(verdict="OK"))

    answer(typer.main.get_command(app), words, environment)

    assert ("\x1b[" in capsys.readouterr().out) is colored
