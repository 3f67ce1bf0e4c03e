import base64
import hashlib

import pytest

from custody.domain.errors import MalformedData
from custody.domain.proofs import checkpoint

ORIGIN = checkpoint.ORIGIN_PREFIX + "6f1d2c34-0000-4000-8000-000000000000"
ROOT = hashlib.sha256(b"root").digest()
KEY = bytes(range(32))
TEXT = checkpoint.Checkpoint(origin=ORIGIN, size=42, root=ROOT).text()
NOTE = checkpoint.signed_note(TEXT, ORIGIN, KEY, b"good")


def good_signature(public_raw: bytes, signature: bytes, message: bytes) -> bool:
    return (public_raw, signature, message) == (KEY, b"good", TEXT)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def line(name: str, blob: bytes) -> bytes:
    return f"— {name} {b64(blob)}\n".encode()


def test_a_checkpoint_is_three_lines() -> None:
    assert f"{ORIGIN}\n42\n{b64(ROOT)}\n".encode() == TEXT


@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_a_checkpoint_is_read_back(size: int) -> None:
    written = checkpoint.Checkpoint(origin=ORIGIN, size=size, root=ROOT)
    assert checkpoint.Checkpoint.parse(written.text()) == written


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:-1],
        TEXT + b"extension\n",
        TEXT + b"\n",
        TEXT.replace(b"\n42\n", b"\n042\n"),
        TEXT.replace(b"\n42\n", b"\n+42\n"),
        TEXT.replace(b"\n42\n", b"\n-42\n"),
        TEXT.replace(b"\n42\n", b"\n 42\n"),
        TEXT.replace(b"\n42\n", "\n٤٢\n".encode()),
        TEXT.replace(b"\n42\n", b"\n9223372036854775808\n"),
        TEXT.replace(b"\n42\n", b"\n" + b"9" * 5000 + b"\n"),
        TEXT.replace(b"\n42\n", b"\n42\r\n"),
        TEXT.replace(b"\n42\n", b"\n\n"),
        f"\n42\n{b64(ROOT)}\n".encode(),
        f"a b\n42\n{b64(ROOT)}\n".encode(),
        f"a+b\n42\n{b64(ROOT)}\n".encode(),
        f"a\n42\n{b64(ROOT[:-1])}\n".encode(),
        f"a\n42\n{b64(ROOT + b'x')}\n".encode(),
        f"a\n42\n{b64(ROOT)[:-1]}\n".encode(),
        f"a\n42\n{b64(ROOT)[:-2]}{chr(ord(b64(ROOT)[-2]) + 1)}=\n".encode(),
        f"a\n42\n {b64(ROOT)}\n".encode(),
        b"\xff" + TEXT,
    ],
)
def test_a_checkpoint_in_any_other_form_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedData):
        checkpoint.Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, ROOT),
        ("a\nb", 1, ROOT),
        ("a\x00b", 1, ROOT),
        ("a\u00a0b", 1, ROOT),
        ("a\ud800", 1, ROOT),
        (ORIGIN, -1, ROOT),
        (ORIGIN, 2**63, ROOT),
        (ORIGIN, 1, ROOT[:-1]),
    ],
)
def test_a_checkpoint_without_a_text_cannot_be_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(MalformedData):
        checkpoint.Checkpoint(origin=origin, size=size, root=root)


def test_the_key_hash_is_that_of_the_standard() -> None:
    expected = hashlib.sha256(b"name\n\x01" + KEY).digest()[:4]
    assert checkpoint.key_hash("name", KEY) == expected


def test_the_key_hash_depends_on_the_signature_type() -> None:
    assert checkpoint.key_hash("name", KEY, 4) != checkpoint.key_hash("name", KEY)


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_verifier_key_is_read_back(ending: str) -> None:
    parsed = checkpoint.parse_vkey(checkpoint.vkey(ORIGIN, KEY) + ending)
    assert parsed == checkpoint.VerifierKey(
        name=ORIGIN, key_hash=checkpoint.key_hash(ORIGIN, KEY), public_raw=KEY
    )


def test_a_plus_in_the_base64_of_a_verifier_key_is_no_separator() -> None:
    key = b"\xfb" * 32
    text = checkpoint.vkey("n", key)
    assert "+" in text.split("+", 2)[2]
    assert checkpoint.parse_vkey(text).public_raw == key


HASH = checkpoint.key_hash("n", KEY).hex()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n",
        f"n+{HASH}",
        f"n+{HASH}+",
        f"+{HASH}+{b64(bytes([1]) + KEY)}",
        f"n+{HASH.upper()}+{b64(bytes([1]) + KEY)}",
        f"n+00000000+{b64(bytes([1]) + KEY)}",
        f"m+{HASH}+{b64(bytes([1]) + KEY)}",
        f"n+{checkpoint.key_hash('n', KEY, 4).hex()}+{b64(bytes([4]) + KEY)}",
        f"n+{HASH}+{b64(KEY)}",
        f"n+{HASH}+{b64(bytes([1]) + KEY + b'x')}",
        f"n+{HASH}+{b64(bytes([1]) + KEY).rstrip('=')}x",
        f"n+{HASH}+{b64(bytes([1]) + KEY)}\n\n",
        f"n n+{checkpoint.key_hash('n n', KEY).hex()}+{b64(bytes([1]) + KEY)}",
    ],
)
def test_a_verifier_key_in_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedData):
        checkpoint.parse_vkey(text)


def test_a_verifier_key_needs_a_name_that_a_note_can_carry() -> None:
    with pytest.raises(MalformedData):
        checkpoint.vkey("two words", KEY)


def test_a_note_is_read_back() -> None:
    signature = checkpoint.NoteSignature(
        name=ORIGIN, key_hash=checkpoint.key_hash(ORIGIN, KEY), signature=b"good"
    )
    assert checkpoint.parse_note(NOTE) == checkpoint.Note(TEXT, (signature,))


def test_a_text_may_hold_and_end_in_empty_lines() -> None:
    text = b"\none\n\n\ntwo\n\n"
    assert checkpoint.parse_note(checkpoint.signed_note(text, "n", KEY, b"s")).text == text


def test_a_note_may_have_as_many_signatures_as_the_standard_asks_for() -> None:
    note = checkpoint.parse_note(b"text\n\n" + line("n", b"hashsignature") * 16)
    assert len(note.signatures) == 16


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TEXT,
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"no signature\n",
        TEXT + b"\n",
        TEXT + b"\n\n",
        b"text\n" + line("n", b"hashsignature"),
        b"\n" + line("n", b"hashsignature"),
        b"text\n\n" + line("n", b"hashsignature") * 17,
        b"text\n\n" + line("n", b"hash"),
        b"text\n\n" + line("n", b"hash")[:-1] + b"=\n",
        b"text\n\n" + line("n", b"hashsig").replace(b"==", b""),
        b"text\n\n" + line("n+m", b"hashsignature"),
        b"text\n\n" + line("n\u2003m", b"hashsignature"),
        b"text\n\n" + line("", b"hashsignature"),
        b"text\n\n" + line("n", b"hashsignature").replace("—".encode(), b"-"),
        b"text\n\n" + line("n", b"hashsignature").replace(b"n ", b"n  "),
        b"text\n\n" + line("n", b"hashsignature").replace(b"\n", b"\r\n"),
        b"te\x00xt\n\n" + line("n", b"hashsignature"),
        b"te\txt\n\n" + line("n", b"hashsignature"),
        b"te\xffxt\n\n" + line("n", b"hashsignature"),
        b"x" * checkpoint.MAX_NOTE_BYTES + b"\n\n" + line("n", b"hashsignature"),
    ],
    ids=lambda data: repr(data[-40:]),
)
def test_a_note_in_any_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        checkpoint.parse_note(data)


@pytest.mark.parametrize("text", [b"", b"no newline", b"tab\t\n", b"\xff\n"])
def test_a_text_that_a_note_cannot_carry_is_not_signed(text: bytes) -> None:
    with pytest.raises(MalformedData):
        checkpoint.signed_note(text, "n", KEY, b"signature")


def test_a_name_that_a_note_cannot_carry_does_not_sign() -> None:
    with pytest.raises(MalformedData):
        checkpoint.signed_note(TEXT, "two words", KEY, b"signature")


def test_a_good_signature_verifies() -> None:
    assert checkpoint.parse_note(NOTE).verified_by(ORIGIN, KEY, good_signature)


def test_a_bad_signature_does_not_verify() -> None:
    note = checkpoint.parse_note(checkpoint.signed_note(TEXT, ORIGIN, KEY, b"evil"))
    assert not note.verified_by(ORIGIN, KEY, good_signature)


def test_a_note_without_the_keys_signature_does_not_verify() -> None:
    note = checkpoint.parse_note(checkpoint.signed_note(TEXT, "other", KEY, b"good"))
    assert not note.verified_by(ORIGIN, KEY, good_signature)


def test_signatures_of_unknown_keys_are_ignored() -> None:
    note = checkpoint.parse_note(NOTE + line("unknown", b"hashsignature") + line(ORIGIN, b"hashsignature"))
    assert note.verified_by(ORIGIN, KEY, good_signature)


def test_one_failing_signature_of_the_key_refutes_the_note() -> None:
    bad = line(ORIGIN, checkpoint.key_hash(ORIGIN, KEY) + b"evil")
    assert not checkpoint.parse_note(NOTE + bad).verified_by(ORIGIN, KEY, good_signature)


@pytest.mark.parametrize(
    "raw", [bytes(32), (2**255 - 17).to_bytes(32, "little")], ids=["low-order", "y-over-p"]
)
def test_a_verifier_key_that_is_not_fit_for_use_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedData, match=r"low order|canonical"):
        checkpoint.parse_vkey(checkpoint.vkey(ORIGIN, raw))
