"""The published verifier and its example, which strangers will try first."""

import subprocess
import sys
from pathlib import Path

import pytest

from custody.domain.entries import dsse, entry
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.merkle import leaf_hash, root_of
from tests.docs.markdown import ROOT

EXAMPLE = ROOT / "docs" / "reference" / "example"
VERIFIER = ROOT / "reports" / "bundle_files" / "verify_custody.py"
LINES = (EXAMPLE / "log.jsonl").read_bytes().splitlines(keepends=True)


def verified(log: Path) -> subprocess.CompletedProcess[str]:
    words = ["--checkpoint", EXAMPLE / "4.note", "--key", EXAMPLE / "key.pem"]
    command = [sys.executable, "-I", VERIFIER, log, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_published_verifier_accepts_the_example() -> None:
    run = verified(EXAMPLE / "log.jsonl")

    assert (run.returncode, run.stdout[:14]) == (0, "OK  4 entries,")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([LINES[0].replace(b"keyid", b"keyId"), *LINES[1:]], "position 0  malformed-entry"),
        ([LINES[0], LINES[1].replace(b'"sig":"Y', b'"sig":"Z'), *LINES[2:]], "position 1  bad-signature"),
        (LINES[:-1], "position 3  cut"),
        ([LINES[0], LINES[2], LINES[1], LINES[3]], "position 1  misplaced-entry"),
        (LINES[1:], "position 0  misplaced-entry"),
    ],
    ids=["renamed", "changed", "cut", "swapped", "headless"],
)
def test_the_published_verifier_refutes_what_was_altered(
    tmp_path: Path, lines: list[bytes], reason: str
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(lines))
    run = verified(log)

    assert run.returncode == 1
    assert reason in run.stdout


def test_the_published_example_is_a_ledger_of_ours() -> None:
    entries = [line.removesuffix(b"\n") for line in LINES]
    events = [entry.parse(dsse.open_envelope(raw).body).event() for raw in entries]
    checkpoint = Checkpoint.parse(parse_note((EXAMPLE / "4.note").read_bytes()).text)

    assert [type(event).__name__ for event in events] == [
        "LedgerOpened", "KeyEnrolled", "SessionOpened", "SessionClosed",
    ]  # fmt: skip
    assert (checkpoint.size, checkpoint.root) == (4, root_of(map(leaf_hash, entries)))


def test_the_page_of_the_entry_format_shows_the_bytes_of_the_example() -> None:
    page = (ROOT / "docs" / "reference" / "entry-format.md").read_text("utf-8")

    assert dsse.open_envelope(LINES[0].removesuffix(b"\n")).body.decode() in page
    assert (EXAMPLE / "4.note").read_text("utf-8") in page
    assert all(leaf_hash(line.removesuffix(b"\n")).hex() in page for line in LINES)
