"""``custody audit --files`` and ``--policy``: what is asked for beyond the ledger itself."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, is_three_line_error

ALWAYS = {
    "structure",
    "signatures",
    "authorisation",
    "chain",
    "tree",
    "checkpoints",
    "completeness",
    "projections",
}


@pytest.fixture
def acquired(case: CommandLine) -> CommandLine:
    source = case.home / "card"
    source.mkdir()
    for name in ("a", "b"):
        (source / name).write_bytes(name.encode())
    assert case("copy", str(source), "--to", str(copies(case)), "--case", "1").code == 0
    return case


def copies(case: CommandLine) -> Path:
    return case.home / "copies"


def policy(case: CommandLine, text: str) -> str:
    file = case.home / "policy.toml"
    file.write_text(text)
    return str(file)


def test_without_a_policy_two_checks_are_not_required(acquired: CommandLine) -> None:
    ended = acquired("audit", "--json")
    assert ended.code == 0
    assert ended.result["verdicts"] == dict.fromkeys(ALWAYS, "passed")
    assert ended.result["not_required"] == ["anchors", "evidence"]
    assert ended.result["unanchored_entries"] == ended.result["entries"]


def test_every_check_has_its_line(acquired: CommandLine) -> None:
    lines = [line.split() for line in acquired("audit").out.splitlines()]
    for check in ALWAYS:
        assert [check, "passed"] in lines
    for check in ("anchors", "evidence"):
        assert [check, "not", "required"] in lines


def test_copies_as_recorded_pass_and_nothing_is_recorded_of_it(acquired: CommandLine) -> None:
    size = acquired.ledger_size()
    ended = acquired("audit", "--files", "--json")
    assert (ended.code, ended.result["verdicts"]["evidence"]) == (0, "passed")
    assert acquired.ledger_size() == size


def test_a_changed_a_missing_and_a_strange_copy_are_findings(acquired: CommandLine) -> None:
    (copies(acquired) / "card" / "a").write_bytes(b"z")
    (copies(acquired) / "card" / "b").unlink()
    (copies(acquired) / "card" / "c").write_bytes(b"c")
    ended = acquired("audit", "--files", "--json")
    assert (ended.code, ended.result["verdicts"]["evidence"]) == (1, "failed")
    found = {finding["code"]: finding["message"].split(":")[0] for finding in ended.result["findings"]}
    card = copies(acquired) / "card"
    assert found == {
        "copy-changed": str(card / "a"), "copy-missing": str(card / "b"), "copy-extra": str(card / "c"),
    }  # fmt: skip
    assert acquired("audit").code == 0


def test_a_copy_that_is_no_file_any_more_does_not_pass(acquired: CommandLine) -> None:
    (copies(acquired) / "card" / "a").unlink()
    (copies(acquired) / "card" / "a").symlink_to("b")
    ended = acquired("audit", "--files", "--json")
    assert ended.code in {1, 4}
    assert ended.result["verdicts"]["evidence"] != "passed"


def test_where_nothing_was_copied_the_evidence_cannot_be_told(case: CommandLine) -> None:
    ended = case("audit", "--files", "--json")
    assert (ended.code, ended.result["verdicts"]["evidence"]) == (4, "indeterminate")
    assert ended.result["undecided"] == [{"check": "evidence", "message": "there is no proved copy to read"}]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("min_stamps = 1", "anchors"),
        ("min_cosignatures = 2", "anchors"),
        ('required_checks = ["anchors"]', "anchors"),
        ('required_checks = ["evidence"]', "evidence"),
        ("max_unanchored_entries = 10", "completeness"),
    ],
)
def test_what_a_policy_requires_and_is_missing_is_never_ok(
    acquired: CommandLine, text: str, check: str
) -> None:
    ended = acquired("audit", "--policy", policy(acquired, text), "--json")
    assert (ended.code, ended.result["verdicts"][check]) == (4, "indeterminate")
    assert {reason["check"] for reason in ended.result["undecided"]} == {check}
    shown = acquired("audit", "--policy", policy(acquired, text))
    assert shown.code == 4
    assert f"  {check}: " in shown.out


def test_a_policy_that_is_met_is_ok(acquired: CommandLine) -> None:
    text = 'required_checks = ["evidence"]\nopen_session_allowed = false\nmax_unanchored_entries = 1000\n'
    assert acquired("audit", "--files", "--policy", policy(acquired, text)).code == 0


@pytest.mark.parametrize("text", ["min_stamp = 1", "min_stamps = yes", "min_stamps = -1"])
def test_a_mistake_in_the_policy_is_a_usage_mistake(acquired: CommandLine, text: str) -> None:
    ended = acquired("audit", "--policy", policy(acquired, text))
    assert ended.code == 2
    assert is_three_line_error(ended, "usage")


def test_a_policy_that_is_not_there_cannot_tell(acquired: CommandLine) -> None:
    ended = acquired("audit", "--policy", str(acquired.home / "none.toml"))
    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")


def test_a_policy_in_the_workspace_is_not_looked_for(acquired: CommandLine) -> None:
    (acquired.workspace / "policy.toml").write_text("min_stamps = 9")
    assert acquired("audit").code == 0
