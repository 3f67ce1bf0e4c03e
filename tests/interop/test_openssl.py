"""OpenSSL verifies entries and checkpoints, taken apart as the documents say."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import Handout
from tests.interop.tools import needed

TYPE = b"application/vnd.custody.entry+json"


def openssl_accepts(handout: Handout, message: bytes, signature: bytes, folder: Path) -> bool:
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    run = subprocess.run(
        [
            needed("openssl", "openssl"), "pkeyutl", "-verify", "-pubin", "-inkey", handout.pem,
            "-rawin", "-in", folder / "message", "-sigfile", folder / "signature",
        ],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return run.returncode == 0


def taken_apart(entry: bytes) -> tuple[bytes, bytes]:
    """The signed bytes of an entry and its signature."""
    envelope = json.loads(entry)
    body = base64.b64decode(envelope["payload"])
    return b"DSSEv1 %d %b %d %b" % (len(TYPE), TYPE, len(body), body), base64.b64decode(
        envelope["signatures"][0]["sig"]
    )


def note_apart(note: bytes) -> tuple[bytes, bytes]:
    text, _, lines = note.partition(b"\n\n")
    return text + b"\n", base64.b64decode(lines.split()[2])[4:]


@pytest.mark.parametrize("position", [0, 1, 20, -1])
def test_an_entry_is_verified(handout: Handout, position: int, tmp_path: Path) -> None:
    assert openssl_accepts(handout, *taken_apart(handout.entries[position]), tmp_path)


def test_a_changed_entry_is_refused(handout: Handout, tmp_path: Path) -> None:
    message, signature = taken_apart(handout.entries[20])
    assert not openssl_accepts(
        handout, message.replace(b'"position":20', b'"position":21'), signature, tmp_path
    )


def test_a_checkpoint_is_verified(handout: Handout, tmp_path: Path) -> None:
    for note in (handout.old_note, handout.new_note):
        assert openssl_accepts(handout, *note_apart(note.read_bytes()), tmp_path)


def test_a_changed_checkpoint_is_refused(handout: Handout, tmp_path: Path) -> None:
    message, signature = note_apart(handout.new_note.read_bytes())
    assert not openssl_accepts(handout, message.replace(b"\n", b"\n1", 1), signature, tmp_path)
