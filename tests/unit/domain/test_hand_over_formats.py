"""The documents of a hand-over: each has one form, and everything else is refused."""

import base64
import hashlib
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain import canonical
from custody.domain.errors import MalformedData, UsageError
from custody.domain.exhibits import manifest, offer
from custody.domain.exhibits.answer import Answer, answer_envelope, open_answer
from custody.domain.exhibits.manifest import (
    ManifestFile,
    ManifestHead,
    manifest_files,
    sum_up,
    write_manifest,
)
from custody.domain.exhibits.offer import OfferFile, offer_of
from custody.domain.exhibits.texts import MAX_LINE_BYTES, form_text, number_text
from custody.domain.identifiers import KeyId, LedgerId, Position
from custody.domain.paths import RawPath
from tests.unit.hand_overs import HandOverLedger

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
HEAD = ManifestHead(ledger=LEDGER, case_number="26-1", exhibit="A-001")
SHA = hashlib.sha256(b"").hexdigest()
FILES = [
    ManifestFile(path=RawPath(path), size=size, digests={"sha256": SHA}, entry=Position(4))
    for path, size in ((b"b", 2), (b"a/\xff", 1), (b"a", 0))
]
FILE_LINE = b'{"digests":{"sha256":"%b"},"entry":4,"path":"a","size":1}' % SHA.encode()


def head_line(**changed: object) -> bytes:
    value = {"case_number": "26-1", "exhibit": "A", "format": manifest.FORMAT, "ledger": str(LEDGER)}
    return canonical.encode({**value, **changed}) + b"\n"  # type: ignore[arg-type]


def test_a_manifest_comes_back_in_the_order_of_paths() -> None:
    data = write_manifest(HEAD, FILES)
    assert [bytes(file.path) for file in manifest_files(data)] == [b"a", b"a/\xff", b"b"]
    assert sum_up(data) == manifest.ManifestSums(head=HEAD, files=3, bytes=3)


def test_a_manifest_of_nothing_is_its_first_line() -> None:
    assert sum_up(write_manifest(HEAD, ())).files == 0


def test_a_manifest_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_MANIFEST_BYTES", 200)
    with pytest.raises(MalformedData, match="more files"):
        write_manifest(HEAD, FILES)
    with pytest.raises(MalformedData, match="at most 200"):
        sum_up(head_line() + FILE_LINE * 2 + b"\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        head_line()[:-1],
        head_line(format="custody.manifest/2"),
        head_line(exhibit=1),
        head_line(ledger="x"),
        head_line(ledger=1),
        head_line(ledger=str(LEDGER).upper()),
        head_line(more=1),
        head_line() + b"[]\n",
        head_line() + b"\n",
        head_line() + FILE_LINE + b"\n" + FILE_LINE + b"\n",
        head_line() + FILE_LINE.replace(b'"a"', b'"../a"') + b"\n",
        head_line() + FILE_LINE.replace(b'"a"', b'"/a"') + b"\n",
        head_line() + FILE_LINE.replace(b"sha256", b"sha999") + b"\n",
        head_line() + FILE_LINE.replace(b"sha256", b"md5") + b"\n",
        head_line() + FILE_LINE.replace(SHA.encode(), SHA.upper().encode()) + b"\n",
        head_line() + FILE_LINE.replace(b'"size":1', b'"size":-1') + b"\n",
        head_line() + FILE_LINE.replace(b'"size":1', b'"size":true') + b"\n",
        head_line() + FILE_LINE.replace(b'"entry":4', b'"entry":"4"') + b"\n",
        head_line() + FILE_LINE.replace(b'{"sha256":"%b"}' % SHA.encode(), b"[]") + b"\n",
    ],
)
def test_any_other_form_of_a_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        sum_up(data)


ANSWER = Answer(
    answer="accepted", offer=SHA, ledger=LEDGER, position=Position(9), case_number="26-1", exhibit="A",
    manifest_sha256=SHA, files=1, size=7, read_back={"direct": 1}, key=KeyId("ab" * 32), name="M. Berger",
    at="2026-03-01T21:10:00.123456Z", place="lab",
)  # fmt: skip
SIGNATURE = bytes(range(64))


def enveloped(**changed: object) -> bytes:
    body = canonical.decode(ANSWER.to_bytes())
    assert isinstance(body, dict)
    merged = {name: value for name, value in {**body, **changed}.items() if value is not None}
    return answer_envelope(canonical.encode(merged), ANSWER.key, SIGNATURE)  # type: ignore[arg-type]


@pytest.mark.parametrize("made", [ANSWER, replace(ANSWER, answer="declined", badge="1", place=None)])
def test_an_answer_comes_back(made: Answer) -> None:
    found = open_answer(answer_envelope(made.to_bytes(), made.key, SIGNATURE))
    assert (found.answer, found.signature) == (made, SIGNATURE)
    assert found.signed_bytes().endswith(made.to_bytes())


@pytest.mark.parametrize(
    "changed",
    [
        {"answer": "perhaps"}, {"format": "custody.answer/2"}, {"more": 1}, {"name": None}, {"name": 1},
        {"offer": "AB" * 32}, {"ledger": "x"}, {"ledger": str(LEDGER).upper()}, {"position": -1},
        {"position": True}, {"read_back": []}, {"read_back": {"direct": "1"}}, {"at": "yesterday"},
        {"key": "cd" * 32},
    ],
)  # fmt: skip
def test_any_other_answer_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedData):
        open_answer(enveloped(**changed))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b"\xff", enveloped() + b"\n", enveloped().replace(b"answer+json", b"other+json"),
        answer_envelope(ANSWER.to_bytes(), ANSWER.key, SIGNATURE[:63]),
        enveloped().replace(b'"sig":"', b'"sig":"!'),
        canonical.encode({
            "payload": base64.b64encode(b"[]").decode(), "payloadType": "application/vnd.custody.answer+json",
            "signatures": [{"keyid": "ab" * 32, "sig": base64.b64encode(SIGNATURE).decode()}],
        }),
    ],
)  # fmt: skip
def test_what_is_no_envelope_of_an_answer_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        open_answer(data)


@given(data=st.binary(max_size=60))
def test_no_bytes_make_a_reader_fail_otherwise(data: bytes) -> None:
    for read in (open_answer, sum_up, OfferFile.parse, offer_of):
        try:
            read(data)
        except MalformedData:
            continue


def test_an_offer_file_is_a_line_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    file = OfferFile.parse(b"proof\nmanifest\nline\n")
    assert (file.proof, file.manifest) == (b"proof\n", b"manifest\nline\n")
    assert file.to_bytes() == b"proof\nmanifest\nline\n"
    monkeypatch.setattr(offer, "MAX_OFFER_BYTES", 5)
    for wrong in (b"proof\nm\n", b"one", b"one\n"):
        with pytest.raises(MalformedData):
            OfferFile.parse(wrong)


def test_only_an_offer_is_an_offer() -> None:
    ledger = HandOverLedger()
    position = ledger.register()
    entry = ledger.ledger.rows[position].entry
    assert isinstance(entry, bytes)
    with pytest.raises(MalformedData, match="no offer"):
        offer_of(entry)


def test_texts_are_taken_without_the_blanks_around_them() -> None:
    assert number_text("NUMBER", " 26-1 ") == "26-1"
    assert form_text("--place", " two\nlines\t") == "two\nlines"
    assert form_text("--place", None) is None


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "a\x1b[31m", "\udcff", "x" * (MAX_LINE_BYTES + 1)])
def test_a_text_that_cannot_stand_in_a_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--place"):
        form_text("--place", text)


@pytest.mark.parametrize("text", ["a\nb", "\u202e1", "x" * 201])
def test_a_number_is_one_printable_line(text: str) -> None:
    with pytest.raises(UsageError, match="NUMBER"):
        number_text("NUMBER", text)
