"""OpenBSD's signify verifies entries and checkpoints: it signs with Ed25519, too, in files of its own."""

import base64
import subprocess
from pathlib import Path

from tests.interop.conftest import Handout
from tests.interop.test_openssl import note_apart, taken_apart
from tests.interop.tools import needed

ALGORITHM = b"Ed"
KEY_NUMBER = bytes(8)  # signify compares it, and nothing more: key and signature of one file pair must agree


def in_its_form(content: bytes) -> bytes:
    return b"untrusted comment: of Custody\n" + base64.b64encode(ALGORITHM + KEY_NUMBER + content) + b"\n"


def signify_accepts(handout: Handout, message: bytes, signature: bytes, folder: Path) -> bool:
    der = base64.b64decode("".join(handout.pem.read_text().splitlines()[1:-1]))
    (folder / "key.pub").write_bytes(in_its_form(der[-32:]))  # RFC 8410: the raw key stands at the end
    (folder / "signature").write_bytes(in_its_form(signature))
    (folder / "message").write_bytes(message)
    program = needed("signify-openbsd", "signify-openbsd")
    command = [program, "-V", "-q", "-p", "key.pub", "-x", "signature", "-m", "message"]
    return subprocess.run(command, cwd=folder, timeout=60, check=False, capture_output=True).returncode == 0


def test_an_entry_is_verified_and_a_changed_one_refused(handout: Handout, tmp_path: Path) -> None:
    message, signature = taken_apart(handout.entries[20])

    assert signify_accepts(handout, message, signature, tmp_path)
    assert not signify_accepts(handout, message[:-1] + b"]", signature, tmp_path)


def test_a_checkpoint_is_verified_and_a_changed_one_refused(handout: Handout, tmp_path: Path) -> None:
    message, signature = note_apart(handout.new_note.read_bytes())

    assert signify_accepts(handout, message, signature, tmp_path)
    assert not signify_accepts(handout, message.replace(b"\n", b"\n1", 1), signature, tmp_path)
