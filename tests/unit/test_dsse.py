import base64
import json

import pytest
from securesystemslib.dsse import Envelope as ReferenceEnvelope

from custody.domain import canonical
from custody.domain.entries import dsse
from custody.domain.errors import MalformedData

BODY = '{"name":"Straße/+"}'.encode()
KEY_ID = "0123456789abcdef" * 4
SIGNATURE = bytes(range(64))
ENTRY = dsse.envelope(BODY, KEY_ID, SIGNATURE)


def test_the_signed_bytes_are_those_of_the_standards_example() -> None:
    example = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == example


@pytest.mark.parametrize("kind", [dsse.PAYLOAD_TYPE, "", "é/x"])
@pytest.mark.parametrize("body", [b"", BODY, b"x" * 12345])
def test_the_signed_bytes_equal_the_reference_implementation(kind: str, body: bytes) -> None:
    assert dsse.pae(kind, body) == ReferenceEnvelope(body, kind, {}).pae()


def test_a_type_given_as_bytes_signs_the_same() -> None:
    assert dsse.pae(dsse.PAYLOAD_TYPE.encode(), BODY) == dsse.pae(dsse.PAYLOAD_TYPE, BODY)


@pytest.mark.parametrize("body", [BODY, BODY + b"x", BODY + b"xy", b""])
def test_an_entry_is_canonical_json(body: bytes) -> None:
    value = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": dsse.PAYLOAD_TYPE,
        "signatures": [{"keyid": KEY_ID, "sig": base64.b64encode(SIGNATURE).decode()}],
    }
    assert dsse.envelope(body, KEY_ID, SIGNATURE) == canonical.encode(value)


def test_an_entry_is_read_by_the_reference_implementation() -> None:
    reference = ReferenceEnvelope.from_dict(json.loads(ENTRY))
    (signature,) = reference.signatures.values()
    assert (reference.payload, reference.payload_type) == (BODY, dsse.PAYLOAD_TYPE)
    assert (signature.keyid, signature.signature) == (KEY_ID, SIGNATURE.hex())


@pytest.mark.parametrize("body", [BODY, BODY + b"x", BODY + b"xy", b""])
def test_an_entry_opens_to_what_was_sealed(body: bytes) -> None:
    opened = dsse.open_envelope(dsse.envelope(body, KEY_ID, SIGNATURE))
    assert opened == dsse.Envelope(body=body, key_id=KEY_ID, signature=SIGNATURE)


def test_the_signature_covers_type_and_body() -> None:
    assert dsse.open_envelope(ENTRY).signed_bytes() == dsse.pae(dsse.PAYLOAD_TYPE, BODY)


SIG = base64.b64encode(SIGNATURE)
DAMAGE = {
    "nothing": b"",
    "final newline": ENTRY + b"\n",
    "leading blank": b" " + ENTRY,
    "blank inside": ENTRY.replace(b":", b": ", 1),
    "cut": ENTRY[:-1],
    "other type": ENTRY.replace(b"custody.entry", b"custody.other"),
    "no signature": ENTRY[: ENTRY.index(b"[") + 1] + b"]}",
    "two signatures": ENTRY.replace(b"}]}", b'},{"keyid":"%b","sig":"%b"}]}' % (KEY_ID.encode(), SIG)),
    "unknown member": ENTRY.replace(b'{"payload"', b'{"extra":1,"payload"'),
    "repeated member": ENTRY.replace(b'{"payload"', b'{"payload":"","payload"'),
    "upper-case key id": ENTRY.replace(KEY_ID.encode(), KEY_ID.upper().encode()),
    "short key id": ENTRY.replace(KEY_ID.encode(), KEY_ID[:-2].encode()),
    "unpadded base64": ENTRY.replace(b"==", b""),
    "URL-safe base64": ENTRY.replace(b"+", b"-", 1).replace(b"/", b"_", 1),
    "blank in base64": ENTRY.replace(b'"payload":"', b'"payload":"\\n'),
    "unused bits in the signature": ENTRY.replace(SIG, SIG[:-3] + b"x=="),
    "unused bits in the payload": dsse.envelope(b"a", KEY_ID, SIGNATURE).replace(b'"YQ=="', b'"YR=="'),
    "payload of one character": dsse.envelope(b"a", KEY_ID, SIGNATURE).replace(b'"YQ=="', b'"Y==="'),
    "payload of odd length": dsse.envelope(b"a", KEY_ID, SIGNATURE).replace(b'"YQ=="', b'"YQ="'),
    "garbage around a key id": b"x" * 100 + KEY_ID.encode() + b"x" * 101,
    "short signature": dsse.envelope(BODY, KEY_ID, SIGNATURE[:-1]),
    "escaped slash": dsse.envelope(b"\xff\xff\xff", KEY_ID, SIGNATURE).replace(b"////", b"\\/\\/\\/\\/"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_an_entry_in_any_other_form_is_refused(name: str) -> None:
    assert DAMAGE[name] != ENTRY
    with pytest.raises(MalformedData):
        dsse.open_envelope(DAMAGE[name])


def largest_body() -> bytes:
    overhead = len(dsse.envelope(b"", KEY_ID, SIGNATURE))
    return b"x" * ((dsse.MAX_ENTRY_BYTES - overhead) // 4 * 3)


def test_the_largest_entry_is_written_and_read() -> None:
    assert dsse.open_envelope(dsse.envelope(largest_body(), KEY_ID, SIGNATURE)).body == largest_body()


def test_a_larger_entry_is_not_written() -> None:
    with pytest.raises(MalformedData, match="over the limit"):
        dsse.envelope(largest_body() + b"x", KEY_ID, SIGNATURE)


def test_a_larger_entry_is_not_read() -> None:
    entry = dsse.envelope(largest_body(), KEY_ID, SIGNATURE).replace(b"eHh4", b"eHh4eHh4", 1)
    with pytest.raises(MalformedData, match="over the limit"):
        dsse.open_envelope(entry)
