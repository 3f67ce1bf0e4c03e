import pytest

from custody.domain.proofs import checkpoint
from custody.infrastructure.crypto.ed25519 import verify
from tests.vectors.shared_vectors import vector_folder

FOLDER = vector_folder("c2sp")
NOTE = (FOLDER / "signed-note-example.note").read_bytes()
KEY = checkpoint.parse_vkey((FOLDER / "signed-note-example.vkey").read_text())


def test_the_example_note_of_the_standard_verifies() -> None:
    assert checkpoint.parse_note(NOTE).verified_by(KEY.name, KEY.public_raw, verify)


def test_the_example_note_is_written_again_from_its_parts() -> None:
    note = checkpoint.parse_note(NOTE)
    (line,) = note.signatures
    assert checkpoint.signed_note(note.text, KEY.name, KEY.public_raw, line.signature) == NOTE


def test_the_example_verifier_key_is_written_again_from_its_parts() -> None:
    written = checkpoint.vkey(KEY.name, KEY.public_raw)
    assert written == (FOLDER / "signed-note-example.vkey").read_text().strip()


@pytest.mark.parametrize("at", range(len(b"This is an example message.")))
def test_no_byte_of_the_example_text_can_change(at: int) -> None:
    changed = NOTE[:at] + bytes([NOTE[at] ^ 1]) + NOTE[at + 1 :]
    assert not checkpoint.parse_note(changed).verified_by(KEY.name, KEY.public_raw, verify)
