import pytest

from tests.cli.command_line import CommandLine, is_three_line_error


def test_the_demonstration_plays_to_its_end(custody: CommandLine) -> None:
    folder = custody.home / "demo"

    ended = custody("demo", "--dir", str(folder))

    assert ended.code == 0, ended.err
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert str(folder / "report.pdf") in ended.out.splitlines()[-2]
    assert "$ custody batch resume" in ended.err
    assert "PAUSED  3 jobs" in ended.out
    audited = custody("audit", "-w", str(folder / "workspace"))
    assert audited.code == 0
    assert "BatchPaused" in custody("log", "tail", "-n", "2000", "-w", str(folder / "workspace")).out


def test_the_demonstration_touches_no_folder_with_something_in_it(custody: CommandLine) -> None:
    (custody.home / "demo").mkdir()
    (custody.home / "demo" / "precious").write_text("x")

    ended = custody("demo", "--dir", str(custody.home / "demo"))

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert [path.name for path in (custody.home / "demo").iterdir()] == ["precious"]


@pytest.mark.slow
def test_every_break_of_the_demonstration_is_caught(custody: CommandLine) -> None:
    folder = custody.home / "demo"

    ended = custody("demo", "--tamper", "--dir", str(folder))

    assert ended.code == 0, ended.out
    caught = [line for line in ended.out.splitlines() if line.startswith("  caught: ")]
    assert len(caught) == 15
    for code in (
        "changed", "bad-signature", "missing-entry", "misplaced-entry", "cut", "checkpoint-signature",
        "cosignature-forged", "stamp-of-another-checkpoint", "stamp-signature", "forged-hand-over",
        "revoked-key", "bundle-file-differs",
    ):  # fmt: skip
        assert any(f"{code}: " in line for line in caught), code
    assert "NOT CAUGHT" not in ended.out
    assert any("bad-signature: the signature does not fit the entry" in line for line in caught)
    audited = custody("audit", "-w", str(folder / "workspace"))
    assert audited.code == 0  # only copies were broken
