import io
import os
from pathlib import Path

import pytest

from custody.cli.options import Choices, Invocation
from custody.cli.output import Output
from custody.cli.passphrase import MAX_PASSPHRASE_BYTES, passphrase_source
from custody.domain.errors import PassphraseMissing, UsageError


def run(environment: dict[str, str] | None = None, *, option: str | None = None) -> Invocation:
    choices = Choices(passphrase_file=option)
    variables = environment or {}
    return Invocation(choices=choices, output=Output(choices, variables), environment=variables)


def private_file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("content", [b"secret", b"secret\n", b"secret\r\n", b"secret\nsecond line\n"])
def test_the_first_line_of_the_file_is_the_passphrase(tmp_path: Path, content: bytes) -> None:
    file = private_file(tmp_path / "pass", content)

    assert passphrase_source(run(option=file))() == b"secret"


def test_blanks_and_bytes_of_any_encoding_belong_to_the_passphrase(tmp_path: Path) -> None:
    file = private_file(tmp_path / "pass", b" caf\xe9 \n")

    assert passphrase_source(run({"CUSTODY_PASSPHRASE_FILE": file}))() == b" caf\xe9 "


def test_the_option_wins_over_the_variable(tmp_path: Path) -> None:
    option = private_file(tmp_path / "option", b"option")
    variable = private_file(tmp_path / "variable", b"variable")

    assert passphrase_source(run({"CUSTODY_PASSPHRASE_FILE": variable}, option=option))() == b"option"


def test_a_descriptor_gives_the_passphrase_and_stays_open(tmp_path: Path) -> None:
    descriptor = os.open(private_file(tmp_path / "pass", b"secret\n"), os.O_RDONLY)
    try:
        assert passphrase_source(run({"CUSTODY_PASSPHRASE_FD": str(descriptor)}))() == b"secret"
        os.fstat(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("text", ["", "x", "-1", "987654", "9" * 30])
def test_a_descriptor_that_is_none_gives_no_passphrase(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(PassphraseMissing):
        passphrase_source(run({"CUSTODY_PASSPHRASE_FD": text}))()


def test_an_empty_passphrase_is_none(tmp_path: Path) -> None:
    with pytest.raises(PassphraseMissing, match="empty"):
        passphrase_source(run(option=private_file(tmp_path / "pass", b"\nsecond")))()


def test_a_missing_file_gives_no_passphrase(tmp_path: Path) -> None:
    with pytest.raises(PassphraseMissing, match="No such file"):
        passphrase_source(run(option=str(tmp_path / "missing")))()


def test_an_endless_passphrase_is_refused(tmp_path: Path) -> None:
    file = private_file(tmp_path / "pass", b"x" * (MAX_PASSPHRASE_BYTES + 1))

    with pytest.raises(UsageError):
        passphrase_source(run(option=file))()


def test_a_file_that_others_may_read_is_warned_about_and_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = private_file(tmp_path / "pass", b"secret")
    Path(file).chmod(0o644)

    assert passphrase_source(run(option=file))() == b"secret"
    err = capsys.readouterr().err
    assert "chmod 600" in err
    assert "secret" not in err


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: pytest.fail("asked"))

    with pytest.raises(PassphraseMissing):
        passphrase_source(run())()


class Terminal:
    def isatty(self) -> bool:
        return True


def test_a_person_types_a_new_passphrase_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["secret", "secret"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(typed))

    assert passphrase_source(run(), new=True)() == b"secret"
    assert list(typed) == []


def test_two_different_new_passphrases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["secret", "sceret"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(typed))

    with pytest.raises(UsageError, match="differ"):
        passphrase_source(run(), new=True)()
