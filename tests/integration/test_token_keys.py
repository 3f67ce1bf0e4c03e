"""Keys in a PKCS#11 token, played by SoftHSM; skipped, with the reason, where it or the extra is missing."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from custody.domain.errors import KeyUnusable, LedgerFailed, NotFound, WrongPassphrase
from tests.cli.command_line import CommandLine, Ended

LIBRARIES = [Path("/usr/lib/softhsm/libsofthsm2.so"), *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so")]
LIBRARY = next((library for library in LIBRARIES if library.exists()), None)
MISSING = [
    name
    for name, there in (
        ("softhsm2-util (Debian package softhsm2)", shutil.which("softhsm2-util") and LIBRARY),
        ("python-pkcs11 (the extra hsm)", importlib.util.find_spec("pkcs11")),
    )
    if not there
]
if MISSING and not os.environ.get("REQUIRE_HSM"):
    pytest.skip(f"there is no {' and no '.join(MISSING)}", allow_module_level=True)

PIN = "1234"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A new token called 'lab', and the variables by which commands find it."""
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n")
    for name, content in (("pin", PIN), ("wrong", "9999")):
        (tmp_path / name).write_text(content + "\n")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    words = ("--init-token", "--free", "--label", "lab", "--pin", PIN, "--so-pin", "5678")
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    return {"SOFTHSM2_CONF": str(configuration), "CUSTODY_PKCS11_MODULE": str(LIBRARY)}


@pytest.fixture
def custody(case_and_card: CommandLine) -> CommandLine:
    return case_and_card


def copy(custody: CommandLine, pin: str, **variables: str) -> Ended:
    home = custody.home
    words = ("--to", str(home / "copies"), "--case", "1", "--passphrase-file", str(home / pin))
    return custody("copy", str(home / "card"), *words, **variables)


def into_token(custody: CommandLine, **variables: str) -> Ended:
    pin = str(custody.home / "pin")
    words = ("--token", "lab", "--new-passphrase-file", pin, "--passphrase-file", pin)
    return custody("keys", "rotate", *words, **variables)


def test_a_key_in_a_token_signs_sessions_and_checkpoints(custody: CommandLine, token: dict[str, str]) -> None:
    rotated = into_token(custody, **token)
    assert rotated.code == 0, rotated.err
    key = re.search(r"[0-9a-f]{64}", rotated.out)
    assert key is not None
    folder = custody.workspace / "keys"
    assert not (folder / f"{key[0]}.key").exists()
    assert str(LIBRARY) not in (folder / f"{key[0]}.token").read_text()  # a workspace names no code

    copied = copy(custody, "pin", **token)
    assert copied.code == 0, copied.err
    audited = custody("audit", "--json")  # the token is not needed to judge
    assert (audited.code, audited.result["findings"]) == (0, [])
    # From token to token in one process, then out of it again.
    assert into_token(custody, **token).code == 0
    assert (
        custody(
            "keys", "rotate", "--no-passphrase", "--passphrase-file", str(custody.home / "pin"), **token
        ).code
        == 0
    )
    assert custody("audit").code == 0


def test_with_session_keys_the_token_signs_three_times_a_session(
    custody: CommandLine, token: dict[str, str]
) -> None:
    assert into_token(custody, **token).code == 0
    settings = custody.workspace / "custody.toml"
    settings.write_text(settings.read_text().replace("# session_keys = false", "session_keys = true"))
    before = custody.ledger_size()
    assert copy(custody, "pin", **token).code == 0
    assert custody("audit").code == 0
    entries = custody("log", "show", str(before), "99", "--json").result["entries"]
    assert isinstance(entries, list)
    own = re.search(r'^key = "([0-9a-f]{64})"', settings.read_text(), re.MULTILINE)
    assert own is not None
    signed = [entry["body"]["type"] for entry in entries if entry["body"]["actor"] == own[1]]
    assert signed == ["SessionOpened", "SessionClosed"]  # and the checkpoint


def test_a_request_is_signed_in_the_token(custody: CommandLine, token: dict[str, str]) -> None:
    assert into_token(custody, **token).code == 0
    own = next(file for file in (custody.workspace / "keys").glob("*.vkey"))
    asked = custody(
        "keys", "export", "--request", "--for", str(own), "--out", str(custody.home / "request"),
        "--passphrase-file", str(custody.home / "pin"), **token,
    )  # fmt: skip
    assert asked.code == 0, asked.err


def test_without_pin_token_or_library_nothing_is_written(custody: CommandLine, token: dict[str, str]) -> None:
    assert into_token(custody, **token).code == 0
    size = custody.ledger_size()
    library = {"SOFTHSM2_CONF": token["SOFTHSM2_CONF"]}
    for pin, variables, code in (
        ("wrong", token, 7),
        ("pin", library, 7),
        ("pin", {**library, "CUSTODY_PKCS11_MODULE": "/nowhere.so"}, 7),
    ):
        ended = copy(custody, pin, **variables)
        assert (ended.code, len(ended.error_lines) >= 3, "Traceback" in ended.err) == (code, True, False)
    (custody.home / "tokens").rename(custody.home / "elsewhere")
    (custody.home / "tokens").mkdir()
    assert copy(custody, "pin", **token).code == 4
    assert custody.ledger_size() == size


def test_a_key_in_a_token_has_a_pin(custody: CommandLine, token: dict[str, str]) -> None:
    ended = custody("keys", "new", "--examiner", "A", "--token", "lab", "--no-passphrase", **token)
    assert (ended.code, custody.ledger_size()) == (2, 4)


def test_the_library_may_stand_in_the_persons_own_configuration(
    custody: CommandLine, token: dict[str, str]
) -> None:
    folder = custody.home / "config" / "custody"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'pkcs11_module = "{token["CUSTODY_PKCS11_MODULE"]}"\n')
    assert into_token(custody, SOFTHSM2_CONF=token["SOFTHSM2_CONF"]).code == 0


def test_the_errors_of_a_token_are_ours(tmp_path: Path, token: dict[str, str]) -> None:
    from custody.infrastructure.crypto.ed25519 import verify
    from custody.infrastructure.crypto.token_keys import TokenPlace, new_token_key, open_token_key

    with new_token_key(LIBRARY, "lab", PIN.encode()) as (signer, place):
        assert verify(signer.public_raw, signer.sign(b"message"), b"message")
        pem = signer.public_pem
    with pytest.raises(LedgerFailed, match="did not sign"):
        signer.sign(b"after the session")
    with open_token_key(LIBRARY, place, pem, PIN.encode()) as again:
        assert (again.key_id, again.public_raw) == (signer.key_id, signer.public_raw)
        assert verify(signer.public_raw, again.sign(b"message"), b"message")
    with new_token_key(LIBRARY, "lab", PIN.encode()) as (other, _):
        strange = other.public_pem
    with (
        open_token_key(LIBRARY, place, strange, PIN.encode()) as swapped,
        pytest.raises(LedgerFailed, match="does not fit"),
    ):
        swapped.sign(b"message")
    missing = TokenPlace(label="lab", object_id="00" * 16)
    for error, where, pin in (
        (NotFound, missing, PIN.encode()),
        (WrongPassphrase, place, b"9999"),
        (WrongPassphrase, place, b"\xff"),
    ):
        with pytest.raises(error), open_token_key(LIBRARY, where, pem, pin):
            pass


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"token = ",
        b'token = "lab"\n',
        b'token = 1\nobject = "00000000000000000000000000000000"\n',
        b'token = "lab"\nobject = "../../x"\n',
        b'token = "%b"\nobject = "00000000000000000000000000000000"\n' % (b"x" * 33),
        b'token = "a\\u202eb"\nobject = "00000000000000000000000000000000"\n',
    ],
)
def test_a_token_file_that_names_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    from custody.infrastructure.crypto.token_keys import TokenPlace

    (tmp_path / "x.token").write_bytes(content)
    with pytest.raises(KeyUnusable):
        TokenPlace.read(tmp_path / "x.token")
    with pytest.raises(NotFound):
        TokenPlace.read(tmp_path / "missing.token")


def test_a_token_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    from custody.infrastructure.crypto.token_keys import TokenPlace

    place = TokenPlace(label="lab 3", object_id="0a" * 16)
    (tmp_path / "x.token").write_bytes(place.to_toml())
    assert TokenPlace.read(tmp_path / "x.token") == place
