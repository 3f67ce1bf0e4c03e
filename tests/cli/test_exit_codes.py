import random

import pytest

from custody.cli.exit_codes import MEANING, SEVERITY, ExitCode, code_of, code_of_signal, worst
from custody.domain import errors


def test_every_code_has_its_place_in_the_order_of_severity() -> None:
    assert sorted(SEVERITY) == sorted(ExitCode)


def test_every_code_has_its_meaning_for_the_pages_of_help() -> None:
    assert sorted(MEANING) == sorted(ExitCode)
    assert all(MEANING.values())


@pytest.mark.parametrize(
    ("graver", "lighter"),
    [(70, 20), (20, 130), (130, 1), (143, 1), (1, 7), (7, 6), (6, 5), (5, 4), (4, 3), (3, 2), (2, 0)],
)
def test_the_graver_of_two_codes_wins(graver: int, lighter: int) -> None:
    assert worst(ExitCode(lighter), ExitCode(graver)) is ExitCode(graver)
    assert worst(ExitCode(graver), ExitCode(lighter)) is ExitCode(graver)


def test_no_code_at_all_is_ok() -> None:
    assert worst() is ExitCode.OK


def test_the_order_in_which_codes_are_given_does_not_matter() -> None:
    codes = list(ExitCode)
    random.Random(1).shuffle(codes)

    assert worst(*codes) is ExitCode.BUG


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError, 2),
        (errors.Refused, 6),
        (errors.DestinationMissing, 6),
        (errors.NotAllowed, 7),
        (errors.WrongPassphrase, 7),
        (errors.KeyUnusable, 7),
        (errors.CannotTell, 4),
        (errors.WorkspaceMissing, 4),
        (errors.PassphraseMissing, 4),
        (errors.LedgerUnreadable, 4),
        (errors.MalformedData, 4),
        (errors.NotFound, 4),
        (errors.Busy, 5),
        (errors.Tampered, 1),
        (errors.Halted, 20),
        (errors.DestinationFailed, 20),
        (errors.LedgerFailed, 20),
    ],
)
def test_a_class_of_error_has_its_code(error: type[errors.CustodyError], code: int) -> None:
    assert code_of(error("what")) == code


def test_every_class_of_the_error_tree_has_a_code_of_its_own_kind() -> None:
    def below(kind: type[errors.CustodyError]) -> list[type[errors.CustodyError]]:
        return [kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))]

    unknown = [
        kind.__name__
        for kind in below(errors.CustodyError)[1:]
        if kind.__module__ == errors.__name__ and code_of(kind("what")) is ExitCode.BUG
    ]
    assert unknown == []


def test_an_error_that_the_table_does_not_know_is_a_bug() -> None:
    assert code_of(errors.CustodyError("what")) is ExitCode.BUG


@pytest.mark.parametrize(("signal", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_pause_has_the_code_of_its_signal(signal: str, code: int) -> None:
    assert code_of_signal(signal) == code


@pytest.mark.parametrize(
    ("code", "word"),
    [(ExitCode.CANNOT_TELL, "cannot-tell"), (ExitCode.INTERRUPTED, "paused"), (ExitCode.OK, "ok")],
)
def test_a_code_has_a_status_word(code: ExitCode, word: str) -> None:
    assert code.word == word
