"""Answers on a terminal of eighty columns, and in files, where lines stay whole."""

import io

import pytest

from custody.cli.options import Choices
from custody.cli.output import Answer, Output
from custody.cli.wording import columns

PATH = "/mnt/evidence/" + "x" * 100
LONG = "the sources were listed and found to be " * 4 + PATH
ERROR = ("refused", LONG, LONG, LONG)
NARROW = 80


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def answered(monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], **choices: bool) -> tuple[str, str]:
    out, err = stream(), stream()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.delenv("COLUMNS", raising=False)
    output = Output(Choices(**choices), {"NO_COLOR": "1"})  # type: ignore[arg-type]  # flags only
    output.note(LONG)
    output.warn(LONG)
    output.finish("audit", Answer(verdict=f"OK  {LONG}", lines=[f"  at 1  {LONG}"] * 9, error=ERROR))
    return out.getvalue(), err.getvalue()


def test_on_a_terminal_only_words_that_cannot_be_broken_are_wider_than_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = "".join(answered(monkeypatch, Terminal)).splitlines()

    assert {line.strip() for line in shown if columns(line) > NARROW} == {PATH}


def test_nothing_is_cut_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    told, whole = answered(monkeypatch, Terminal), answered(monkeypatch, io.StringIO)

    assert [text.split() for text in told] == [text.split() for text in whole]


def test_in_a_file_every_line_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = answered(monkeypatch, io.StringIO)

    assert out.splitlines()[1] == f"  at 1  {LONG}"
    assert err.splitlines()[2] == f"error[refused]: {LONG}"


def test_json_is_one_line_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = answered(monkeypatch, Terminal, json=True)

    assert len(out.splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "width"), [({"COLUMNS": "100"}, 100), ({}, 80), ({"COLUMNS": "9"}, 40)]
)
def test_the_width_is_that_of_the_terminal_or_the_usual_one(environment: dict[str, str], width: int) -> None:
    assert Output(Choices(), environment).width(Terminal()) == width


def test_last_words_are_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(Choices(json=True), {})

    assert output.last_words("copy", Answer())
    assert capsys.readouterr().out.count("\n") == 1


def test_there_are_no_last_words_beside_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(Choices(json=True), {})
    output.finish("copy", Answer())

    assert not output.last_words("copy", Answer())
    assert capsys.readouterr().out.count("\n") == 1
