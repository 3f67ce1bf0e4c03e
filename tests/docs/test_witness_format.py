"""The published cosignature, which strangers will try first."""

import hashlib
import re
import subprocess
from pathlib import Path

from custody.domain.proofs.checkpoint import parse_note
from custody.domain.proofs.cosignature import cosigned_message, parse_witness_vkey, trusting, witnessed_by
from custody.infrastructure.crypto.ed25519 import verify
from tests.docs.markdown import ROOT
from tests.interop.tools import needed

EXAMPLE = ROOT / "docs" / "reference" / "example"
PAGE = (ROOT / "docs" / "reference" / "witness-format.md").read_text("utf-8")
NOTE = (EXAMPLE / "cosigned.note").read_bytes()
KEY = parse_witness_vkey((EXAMPLE / "witness.vkey").read_text())


def test_the_published_cosignature_is_good() -> None:
    found = witnessed_by(parse_note(NOTE), trusting([KEY]), verify)
    assert (len(found.good), found.forged) == (1, ())


def test_the_published_cosignature_is_of_the_published_checkpoint() -> None:
    assert NOTE.startswith((EXAMPLE / "4.note").read_bytes())


def test_the_page_shows_the_bytes_of_the_example() -> None:
    [(_, _, cosignature)] = witnessed_by(parse_note(NOTE), trusting([KEY]), verify).good
    message = cosigned_message(cosignature.time, parse_note(NOTE).text)
    for shown in (
        NOTE.decode(), message.decode(), (EXAMPLE / "witness.vkey").read_text(), KEY.public_raw.hex(),
        KEY.key_hash.hex(), str(cosignature.time), hashlib.sha256(message).hexdigest(),
        f"has {len(message)} bytes",
    ):  # fmt: skip
        assert shown in PAGE


def test_the_commands_of_the_page_verify_the_example(tmp_path: Path) -> None:
    needed("openssl", "openssl")
    [commands] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "witness.vkey").write_bytes((EXAMPLE / "witness.vkey").read_bytes())
    for note, code in ((NOTE, 0), (NOTE.replace(b"\n4\n", b"\n5\n"), 1)):
        (tmp_path / "cosigned.note").write_bytes(note)
        run = subprocess.run(["sh", "-c", commands], cwd=tmp_path, capture_output=True, check=False)
        assert run.returncode == code
