"""Reports are made of the ledger that was signed, or not at all."""

import sqlite3
from contextlib import closing

import pytest

from tests.cli.command_line import CommandLine


def tamper(case: CommandLine, statement: str, *values: object) -> int:
    with closing(sqlite3.connect(case.workspace / "ledger.db")) as database, database:
        return database.execute(statement, values).rowcount


@pytest.mark.parametrize("gone", ["FileVerified", "CopyReverified"])
def test_no_report_is_made_of_a_ledger_from_which_an_entry_was_removed(case: CommandLine, gone: str) -> None:
    (case.home / "source").write_bytes(b"evidence")
    assert case("copy", "source", "--to", "out", "--case", "1").code == 0
    assert case("checkpoint", "make").code == 0
    assert tamper(case, "DELETE FROM entries WHERE type = ?", gone) == 1

    result = case("report", "custody", "--out", "report.pdf")

    assert result.code == 1, result.out
    assert "the ledger has no entry at position" in result.err
    assert not (case.home / "report.pdf").exists()


def test_no_report_is_made_of_the_past_of_a_ledger_that_was_cut_behind_it(case: CommandLine) -> None:
    (case.home / "source").write_bytes(b"evidence")
    assert case("copy", "source", "--to", "out", "--case", "1").code == 0
    tamper(case, "DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)")

    result = case("report", "custody", "--at", "4", "--out", "report.pdf")

    assert result.code == 1, result.out
    assert not (case.home / "report.pdf").exists()
