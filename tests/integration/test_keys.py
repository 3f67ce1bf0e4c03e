"""Keys through the real command: who may do what, and that the audit agrees."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from custody.domain.canonical import encode
from custody.domain.entries.dsse import envelope as dsse_envelope
from custody.domain.entries.dsse import open_envelope
from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import CommandLine, Ended, is_three_line_error


@pytest.fixture
def custody(case_and_card: CommandLine) -> CommandLine:
    return case_and_card


@pytest.fixture
def other(tmp_path: Path) -> CommandLine:
    """Another person's workspace."""
    (tmp_path / "other").mkdir()
    command = CommandLine(tmp_path / "other")
    assert command("init", "--examiner", "B. Lee", "--no-passphrase").code == 0
    return command


def copy(custody: CommandLine, **variables: str) -> Ended:
    home = custody.home
    return custody("copy", str(home / "card"), "--to", str(home / "copies"), "--case", "1", **variables)


def audit(custody: CommandLine, *words: str) -> tuple[int, list[object]]:
    ended = custody("audit", "--json", *words)
    return ended.code, [finding["code"] for finding in ended.result["findings"]]


def listed(custody: CommandLine) -> dict[str, dict[str, object]]:
    keys = custody("keys", "list", "--json").result["keys"]
    assert isinstance(keys, list)
    return {str(key["examiner"]): key for key in keys}


def own_key(custody: CommandLine) -> str:
    match = re.search(r'^key = "([0-9a-f]{64})"', settings(custody).read_text(), re.MULTILINE)
    assert match is not None
    return match[1]


def settings(custody: CommandLine) -> Path:
    return custody.workspace / "custody.toml"


def new_key(custody: CommandLine, name: str, *roles: str) -> str:
    words = [word for role in roles for word in ("--role", role)]
    made = custody("keys", "new", "--examiner", name, *words, "--no-passphrase", "--json")
    assert made.code == 0, made.err
    return str(made.result["key"])


def key_file(custody: CommandLine, key: str, ending: str = "pem") -> str:
    return str(custody.workspace / "keys" / f"{key}.{ending}")


def test_the_first_key_has_every_role_and_signs(custody: CommandLine) -> None:
    [key] = listed(custody).values()
    assert key["roles"] == ["examiner", "reviewer", "custodian", "administrator"]
    assert (key["state"], key["signs"], key["private_key"], key["enrolled_at"]) == ("active", True, True, 1)


def test_a_new_persons_key_does_what_its_roles_allow_and_no_more(custody: CommandLine) -> None:
    novak = new_key(custody, "A. Novak", "reviewer")
    assert copy(custody).code == 0
    size = custody.ledger_size()

    refused = copy(custody, CUSTODY_KEY=novak)
    assert refused.code == 7
    assert is_three_line_error(refused, "not-allowed")
    assert custody("keys", "revoke", own_key(custody), "--reason", "x", CUSTODY_KEY=novak).code == 7
    assert custody.ledger_size() == size

    assert custody("verify", CUSTODY_KEY=novak[:8]).code == 0
    assert f"signed by {novak}" in custody("log", "show", str(size + 1)).out
    assert audit(custody) == (0, [])
    # Whoever has only the first key follows the enrolments from it.
    assert audit(custody, "--key", key_file(custody, own_key(custody))) == (0, [])
    code, codes = audit(custody, "--key", key_file(custody, novak))
    assert (code, "unknown-key" in codes) == (1, True)


def test_a_rotated_key_signs_nothing_more_and_its_successor_goes_on(custody: CommandLine) -> None:
    before = own_key(custody)
    text = settings(custody).read_text()
    rotated = custody("keys", "rotate", "--no-passphrase", "--json")
    after = str(rotated.result["key"])
    assert (rotated.code, own_key(custody)) == (0, after)
    assert settings(custody).read_text() == text.replace(before, after)
    assert copy(custody).code == 0
    assert audit(custody) == (0, [])
    assert audit(custody, "--key", key_file(custody, before)) == (0, [])

    refused = copy(custody, CUSTODY_KEY=before)
    assert (refused.code, f'set key = "{after}"' in refused.err) == (7, True)
    shown = custody("keys", "show", before[:10], "--json").result
    assert (shown["state"], shown["successor"]) == ("rotated", after)


def test_a_rotation_says_where_the_settings_do_not_name_the_old_key(custody: CommandLine) -> None:
    before = own_key(custody)
    settings(custody).write_text("format = 1\n")  # then the only private key signs
    rotated = custody("keys", "rotate", "--no-passphrase")
    assert (rotated.code, "set key = " in rotated.err) == (0, True)
    # Two private keys lie there now, and the ledger says which one still counts.
    assert copy(custody).code == 0
    assert listed(custody)["J. Ortiz"]["key"] != before


def test_a_revoked_key_opens_no_session_and_what_it_signed_stays_good(custody: CommandLine) -> None:
    novak = new_key(custody, "A. Novak", "examiner")
    assert copy(custody, CUSTODY_KEY=novak).code == 0
    revoked = custody("keys", "revoke", novak[:8], "--reason", "laptop stolen", "--json")
    assert revoked.code == 0, revoked.err
    size = custody.ledger_size()

    for words in (("verify",), ("checkpoint", "make"), ("rebuild",)):
        assert custody(*words, CUSTODY_KEY=novak).code == 7
    assert (custody.ledger_size(), audit(custody)) == (size, (0, []))
    assert custody("keys", "revoke", novak, "--reason", "again").code == 6
    assert custody("keys", "show", novak, "--json").result["reason"] == "laptop stolen"


def test_a_key_does_not_revoke_itself(custody: CommandLine) -> None:
    refused = custody("keys", "revoke", own_key(custody), "--reason", "x")
    assert (refused.code, "keys rotate" in refused.err, custody.ledger_size()) == (6, True, 4)


def request(custody: CommandLine, other: CommandLine, *words: str) -> str:
    out = str(other.home / "lee.request")
    vkey = key_file(custody, own_key(custody), "vkey")
    asked = other("keys", "export", "--request", "--for", vkey, "--out", out, *words)
    assert asked.code == 0, asked.err
    return out


def test_another_persons_key_is_enrolled_by_their_request(custody: CommandLine, other: CommandLine) -> None:
    asked = request(custody, other, "--role", "reviewer")
    assert custody("keys", "trust", asked).code == 0
    lee = listed(custody)["B. Lee"]
    assert (lee["key"], lee["roles"], lee["private_key"]) == (own_key(other), ["reviewer"], False)
    assert Path(key_file(custody, own_key(other))).exists()
    assert audit(custody) == (0, [])

    size = custody.ledger_size()
    Path(key_file(custody, own_key(other))).unlink()  # as a crash would leave it
    assert custody("keys", "trust", asked).code == 0
    assert Path(key_file(custody, own_key(other))).exists()
    assert custody.ledger_size() == size


def test_a_request_is_good_for_one_ledger_and_one_key(
    custody: CommandLine, other: CommandLine, tmp_path: Path
) -> None:
    asked = request(custody, other)
    assert other("keys", "trust", asked).code == 6
    new_key(custody, "A. Novak", "administrator")
    assert custody("keys", "trust", asked, CUSTODY_KEY=str(listed(custody)["A. Novak"]["key"])).code == 6
    forged = json.loads(Path(asked).read_text())
    forged["signatures"][0]["sig"] = "A" * 86 + "=="
    (tmp_path / "forged").write_text(json.dumps(forged, separators=(",", ":"), sort_keys=True))
    (tmp_path / "nothing").write_text("nothing")
    for file in (tmp_path / "forged", tmp_path / "nothing", Path(key_file(other, own_key(other)))):
        size = custody.ledger_size()
        refused = custody("keys", "trust", str(file))
        assert (refused.code, is_three_line_error(refused, "refused")) == (6, True)
        assert custody.ledger_size() == size
    assert custody("keys", "trust", str(tmp_path / "missing")).code == 4


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--request"),
        ("export", "--request", "--for", "x"),
        ("export", "--request", "--for", "lab+1+x", "--out", "f"),
        ("export", "--request", "--for", "PEM", "--out", "f"),
        ("export", "--request", "--for", "VKEY", "--out", "f", "--role", "king"),
        ("new", "--examiner", " ", "--no-passphrase"),
        ("new", "--examiner", "A", "--role", "king", "--no-passphrase"),
        ("show", "abc"),
        ("show", "nothing hexadecimal"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_and_nothing_written(custody: CommandLine, words: tuple[str, ...]) -> None:
    named = {
        "PEM": key_file(custody, own_key(custody)), "VKEY": key_file(custody, own_key(custody), "vkey"),
        "lab+1+x": str(custody.home / "card" / "clip.mov"),
    }  # fmt: skip
    ended = custody("keys", *(named.get(word, word) for word in words))
    assert (ended.code, custody.ledger_size(), (custody.home / "f").exists()) == (2, 4, False), ended.err


def test_a_verifier_key_of_no_ledger_asks_nobody(custody: CommandLine) -> None:
    text = "example.com/foo+530d903e+AekyaeRqvFTUfFbZTmNi+t1AxIqe5PJ5U8rAoYsQTGjO"  # no ledger's name
    for value in (text, "custody.invalid/x+00000000+AA=="):
        ended = custody("keys", "export", "--request", "--for", value, "--out", "f")
        assert ended.code in {2, 4}


def test_a_key_that_is_not_there_is_not_found(custody: CommandLine) -> None:
    assert custody("keys", "show", "0" * 64).code == 4
    assert custody("keys", "show", "0" * 12).code == 4
    assert custody("keys", "revoke", "0" * 64, "--reason", "x").code == 6
    assert copy(custody, CUSTODY_KEY="0" * 64).code == 4


def test_an_exported_key_is_what_others_check_with(custody: CommandLine, tmp_path: Path) -> None:
    copy(custody)
    printed = custody("keys", "export").out
    assert "BEGIN PUBLIC KEY" in printed
    (tmp_path / "out").mkdir()
    assert custody("keys", "export", own_key(custody)[:6], "--out", str(tmp_path / "out")).code == 0
    for ending in ("pem", "vkey"):
        file = tmp_path / "out" / f"{own_key(custody)}.{ending}"
        assert file.read_text().strip() in printed
        assert audit(custody, "--key", str(file)) == (0, [])
    assert custody("keys", "export", "--out", str(tmp_path / "out")).code == 6


def test_without_a_named_key_the_only_active_one_signs(custody: CommandLine) -> None:
    settings(custody).write_text("format = 1\n")
    assert copy(custody).code == 0
    novak = new_key(custody, "A. Novak", "examiner")
    several = copy(custody)
    assert (several.code, "CUSTODY_KEY" in several.err) == (4, True)
    assert custody("keys", "list").code == 0
    assert copy(custody, CUSTODY_KEY=novak).code == 0


def test_a_key_in_the_folder_that_was_never_enrolled_is_named(
    custody: CommandLine, other: CommandLine
) -> None:
    shutil.copy(key_file(other, own_key(other)), custody.workspace / "keys")
    ended = custody("keys", "list")
    assert "NOT ENROLLED" in ended.out
    shutil.copy(key_file(other, own_key(other), "key"), custody.workspace / "keys")
    assert copy(custody, CUSTODY_KEY=own_key(other)).code == 7


def test_a_new_key_has_a_passphrase_of_its_own(custody: CommandLine, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the new key\n")
    secret.chmod(0o600)
    made = custody("keys", "new", "--examiner", "A", "--new-passphrase-file", str(secret), "--json")
    assert made.code == 0, made.err
    key = str(made.result["key"])
    assert "ENCRYPTED" in Path(key_file(custody, key, "key")).read_text()
    assert copy(custody, CUSTODY_KEY=key).code == 4  # nobody to ask
    assert copy(custody, CUSTODY_KEY=key, CUSTODY_PASSPHRASE_FILE=str(secret)).code == 0
    rotated = custody(
        "keys", "rotate", CUSTODY_KEY=key, CUSTODY_PASSPHRASE_FILE=str(secret),
        CUSTODY_NEW_PASSPHRASE_FILE=str(secret),
    )  # fmt: skip
    assert rotated.code == 0, rotated.err
    size = custody.ledger_size()
    assert custody("keys", "new", "--examiner", "A").code == 4
    assert (custody.ledger_size(), audit(custody)) == (size, (0, []))


def test_a_session_key_signs_the_work_and_everything_still_holds(custody: CommandLine) -> None:
    settings(custody).write_text(
        settings(custody).read_text().replace("# session_keys = false", "session_keys = true")
    )
    assert copy(custody).code == 0
    entries = custody("log", "show", "4", "99", "--json").result["entries"]
    assert isinstance(entries, list)
    actors = {entry["body"]["type"]: entry["body"]["actor"] for entry in entries}
    person = own_key(custody)
    assert actors["SessionOpened"] == actors["SessionClosed"] == person
    assert actors["FileVerified"] == actors["CaseOpened"] != person
    assert audit(custody) == (0, [])

    copied = str(custody.home / "copies" / "card" / "clip.mov")
    proof = str(custody.home / "clip.proof")
    assert custody("prove", copied, "--out", proof).code == 0
    assert custody("check-proof", proof, "--key", key_file(custody, person)).code == 0
    note = custody.home / "note"
    note.write_text(custody("checkpoint", "show").out)
    assert custody("verify").code == 0
    assert custody("checkpoint", "check", str(note)).code == 0
    assert "verified as" in custody("explain", copied).out
    assert "J. Ortiz" in custody("explain", "7").out
    report = custody("report", "custody", "--out", str(custody.home / "report.pdf"))
    assert (report.code, audit(custody)) == (0, (0, [])), report.err


def test_roles_that_somebody_wrote_into_the_database_are_not_believed(custody: CommandLine) -> None:
    novak = new_key(custody, "A. Novak", "reviewer")
    copy(custody)  # the enrolment lies before the last checkpoint, where the writer does not look
    ledger = LedgerFile(custody.workspace)
    at = next(position for position, _ in ledger.rows if ledger.body(position)["data"].get("key") == novak)
    body = ledger.body(at)
    roles = {**body, "data": {**body["data"], "roles": ["examiner"]}}
    envelope = open_envelope(ledger.rows[at][1])
    with closing(sqlite3.connect(ledger.database)) as database, database:
        forged = dsse_envelope(encode(roles), envelope.key_id, envelope.signature)
        database.execute("UPDATE entries SET entry = ? WHERE position = ?", (forged, at))

    refused = copy(custody, CUSTODY_KEY=novak)

    assert (refused.code, "ledger-refuted" in refused.err) == (1, True)
