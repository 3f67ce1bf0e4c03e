"""Reports are made of the ledger that was signed, or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.cli.command_line import CommandLine
from tests.integration.witness_pair import new_pair


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


def test_a_report_that_leaves_out_a_cosignature_says_how_to_make_one_that_tells_of_it(tmp_path: Path) -> None:
    pair = new_pair(tmp_path)
    pair.work()
    before = pair.keeper("report", "custody", "--out", pair.file("1.pdf"), "--json").result
    pair.trust_the_witness()
    [recorded] = pair.keeper(
        "checkpoint", "import", pair.cosign(pair.export("request"), "cosigned.note"), "--json"
    ).result["recorded"]
    position = recorded["position"]

    again = pair.keeper("report", "custody", "--out", pair.file("2.pdf"))
    told = pair.keeper(
        "report", "custody", "--at", str(position), "--out", pair.file("3.pdf"), "--json"
    ).result

    assert before["anchors_left_out"] == told["anchors_left_out"] == []
    assert (
        f"leaves out 1 time stamp or cosignature recorded behind that; to tell of it all: --at {position}"
        in (again.out)
    )
    assert Path(pair.file("1.pdf")).read_bytes() == Path(pair.file("2.pdf")).read_bytes()
    text = "".join(page.extract_text() for page in PdfReader(pair.file("3.pdf")).pages)
    assert recorded["witness"] in "".join(text.split())
