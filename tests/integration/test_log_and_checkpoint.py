import base64
import hashlib
import json
import subprocess

from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import COMMAND, CommandLine, is_three_line_error


def test_the_export_has_one_envelope_a_line_chained_by_the_leaf_hash(case: CommandLine) -> None:
    lines = case("log", "export").out.encode().splitlines()

    previous = "0" * 64
    for position, line in enumerate(lines):
        body = json.loads(base64.b64decode(json.loads(line)["payload"]))
        assert (body["position"], body["previous"]) == (position, previous)
        previous = hashlib.sha256(b"\0" + line).hexdigest()
    assert len(lines) == 4


def test_the_export_into_a_file_has_the_same_bytes(case: CommandLine) -> None:
    out = case.home / "log.jsonl"

    ended = case("log", "export", "--out", str(out))

    assert ended.code == 0
    assert out.read_text() == case("log", "export").out


def test_the_export_never_replaces_a_file(case: CommandLine) -> None:
    out = case.home / "log.jsonl"
    out.write_text("precious")

    ended = case("log", "export", "--out", str(out))

    assert ended.code == 6
    assert out.read_text() == "precious"


def test_a_reader_that_leaves_early_gets_no_traceback(case: CommandLine) -> None:
    process = subprocess.Popen(
        [*COMMAND, "log", "tail"], env=case.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    err = process.stderr.read()

    assert process.wait() in {0, 3}
    assert err == b""


def test_the_size_of_the_checkpoint_is_the_number_of_exported_lines(case: CommandLine) -> None:
    note = case("checkpoint", "show").out

    assert int(note.splitlines()[1]) == case.ledger_size()


def test_the_checkpoint_is_printed_as_it_was_signed(case: CommandLine) -> None:
    (file,) = case.workspace.glob("checkpoints/4.note")

    assert case("checkpoint", "show").out.encode() == file.read_bytes()


def test_making_a_checkpoint_again_changes_nothing(case: CommandLine) -> None:
    before = case("checkpoint", "show").out

    made = case("checkpoint", "make")

    assert made.code == 0
    assert case("checkpoint", "show").out == before
    assert case.ledger_size() == 4


def test_an_entry_is_shown_with_what_it_says(case: CommandLine) -> None:
    out = case("log", "show", "2").out

    assert "SessionOpened" in out
    assert "examiner: J. Ortiz" in out


def test_the_tail_has_one_line_an_entry(case: CommandLine) -> None:
    out = case("log", "tail", "-n", "2").out

    assert [line.split()[0] for line in out.splitlines()] == ["2", "3"]


def test_a_position_beyond_the_end_is_not_found(case: CommandLine) -> None:
    ended = case("log", "show", "99")

    assert ended.code == 4
    assert is_three_line_error(ended, "not-found")


def test_queries_and_the_audit_write_no_entry(case: CommandLine) -> None:
    for words in (
        ("log", "tail"), ("checkpoint", "show"), ("batch", "list"), ("audit",), ("verify", "--no-record"),
        ("checkpoint", "make"), ("rebuild",),
    ):  # fmt: skip
        case(*words)

    assert case.ledger_size() == 4


def test_every_entry_about_a_file_names_it_escaped_and_whole(case: CommandLine) -> None:
    name = "a long name with blanks " * 5 + "two\nlines\x1b[2J"
    (case.home / name).write_bytes(b"x")
    assert case("copy", name, "--to", "out", "--case", "1").code == 0

    lines = [line for line in case("log", "tail").out.splitlines() if "  File" in line]

    assert [line.split()[2] for line in lines] == ["FileQueued", "FileCopying", "FileFsynced", "FileVerified"]
    shown = "a long name with blanks " * 5 + "two\\x0alines\\x1b[2J"
    assert all(line.endswith(f"  {shown}") for line in lines)


def test_a_shown_entry_says_what_it_is_about_when_it_does_not_name_it(case: CommandLine) -> None:
    (case.home / "clip.mov").write_bytes(b"x")
    case("copy", "clip.mov", "--to", "out", "--case", "1")
    entries = case("log", "tail", "--json").result["entries"]
    (position,) = [one["position"] for one in entries if one["body"]["type"] == "FileCopying"]

    assert "  about     clip.mov" in case("log", "show", str(position)).out.splitlines()


def test_the_tiles_hold_the_entries_the_hashes_and_the_checkpoint(case: CommandLine) -> None:
    out = case.home / "tiles"

    ended = case("log", "tiles", "--out", str(out))

    assert ended.code == 0, ended.err
    assert {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()} == {
        "checkpoint", "tile/0/000.p/4", "tile/entries/000.p/4",
    }  # fmt: skip
    assert (out / "checkpoint").read_text() == case("checkpoint", "show").out
    lines = case("log", "export").out.encode().splitlines()
    bundle = b"".join(len(line).to_bytes(2, "big") + line for line in lines)
    assert (out / "tile/entries/000.p/4").read_bytes() == bundle
    hashes = b"".join(hashlib.sha256(b"\0" + line).digest() for line in lines)
    assert (out / "tile/0/000.p/4").read_bytes() == hashes
    assert case.ledger_size() == 4


def test_the_tiles_replace_nothing_and_are_whole_or_not_there(case: CommandLine) -> None:
    taken = case.home / "taken"
    taken.mkdir()
    assert case("log", "tiles", "--out", str(taken)).code == 6
    assert case("log", "tiles", "--out", str(case.home / "none"), "--size", "3").code == 4
    ledger = LedgerFile(case.workspace)
    ledger.replace(2, ledger.rows[2][1].replace(b"payload", b"Payload", 1))
    ledger.save()
    ended = case("log", "tiles", "--out", str(case.home / "none"))
    assert ended.code == 1
    assert is_three_line_error(ended, "ledger-refuted")
    assert list(taken.iterdir()) == []
    assert not any(path.name.startswith((".custody", "none")) for path in case.home.iterdir())
