"""Cosignatures have the form of C2SP tlog-cosignature, and only a trusted witness's own ones count."""

import hashlib
from dataclasses import replace

import pytest

from custody.domain.errors import MalformedData
from custody.domain.proofs.checkpoint import (
    ED25519_TYPE,
    Note,
    key_hash,
    parse_note,
    parse_signature_line,
    parse_vkey,
    vkey,
)
from custody.domain.proofs.cosignature import (
    COSIGNATURE_TYPE,
    MAX_TIME,
    NOBODY,
    as_cosignature,
    cosigned_message,
    moment,
    parse_witness_vkey,
    witness_vkey,
    witnessed_by,
)
from custody.infrastructure.crypto.ed25519 import verify
from tests.unit.signed_ledger import new_ledger
from tests.unit.witnessing import NAME, OTHER_WITNESS, TIME, WITNESS, WITNESSES, cosigned, line_over, trusted

# The example of the specification.
TEXT = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LINE = (
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
)
MESSAGE = b"cosignature/v1\ntime 1679315147\n" + TEXT

NOTE = new_ledger(1).note()


def test_the_message_is_the_one_of_the_specification() -> None:
    assert cosigned_message(1_679_315_147, TEXT) == MESSAGE


def test_the_line_of_the_specification_is_read() -> None:
    read = as_cosignature(parse_signature_line(LINE))
    assert (read.name, read.key_hash.hex(), read.time) == (
        "witness.example.com/w1",
        "8d66cf3f",
        1_679_315_147,
    )
    assert parse_signature_line(LINE).line() == LINE


def test_the_key_hash_is_of_the_type_of_cosignatures() -> None:
    preimage = NAME.encode() + b"\n\x04" + WITNESS.public_raw
    assert (
        parse_witness_vkey(witness_vkey(NAME, WITNESS.public_raw)).key_hash
        == hashlib.sha256(preimage).digest()[:4]
    )
    assert key_hash(NAME, WITNESS.public_raw, COSIGNATURE_TYPE) != key_hash(NAME, WITNESS.public_raw)


def test_the_key_of_a_ledger_is_none_of_a_witness_nor_the_reverse() -> None:
    with pytest.raises(MalformedData, match="0x04"):
        parse_witness_vkey(vkey(NAME, WITNESS.public_raw))
    with pytest.raises(MalformedData, match=f"0x0{ED25519_TYPE}"):
        parse_vkey(witness_vkey(NAME, WITNESS.public_raw))


def test_a_trusted_witness_is_recognised() -> None:
    found = witnessed_by(parse_note(cosigned(NOTE)), WITNESSES, verify)
    [(key, line, cosignature)] = found.good
    assert (key.public_raw, line.line()) == (WITNESS.public_raw, line_over(parse_note(NOTE).text))
    assert (cosignature.time, found.forged) == (TIME, ())


@pytest.mark.parametrize("witnesses", [NOBODY, trusted(OTHER_WITNESS), trusted(WITNESS, name="another.name")])
def test_the_line_of_anyone_else_is_ignored(witnesses: object) -> None:
    found = witnessed_by(parse_note(cosigned(NOTE)), witnesses, verify)  # type: ignore[arg-type]
    assert (found.good, found.forged) == ((), ())


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"\n5\n", b"\n4\n"), (TIME.to_bytes(8, "big"), (TIME + 1).to_bytes(8, "big"))],
    ids=["another size", "another time"],
)
def test_a_line_that_was_not_made_over_this_text_at_this_time_is_forged(old: bytes, new: bytes) -> None:
    note = parse_note(cosigned(NOTE))
    ours = note.signatures[-1]
    changed = Note(note.text.replace(old, new), (replace(ours, signature=ours.signature.replace(old, new)),))
    assert changed != note
    found = witnessed_by(changed, WITNESSES, verify)
    assert (found.good, [key.name for key in found.forged]) == ((), [NAME])


def test_the_signature_of_a_checkpoint_is_none_of_a_witness() -> None:
    text = parse_note(NOTE).text
    plain = line_over(text, time=TIME)
    blob = parse_signature_line(plain)
    forged = type(blob)(
        name=NAME, key_hash=blob.key_hash, signature=TIME.to_bytes(8, "big") + WITNESS.sign(text)
    )
    found = witnessed_by(parse_note(NOTE + f"{forged.line()}\n".encode()), WITNESSES, verify)
    assert (found.good, len(found.forged)) == ((), 1)


@pytest.mark.parametrize("length", [1, 64, 71, 73])
def test_a_line_of_another_length_is_no_cosignature(length: int) -> None:
    line = parse_signature_line(line_over(TEXT))
    other = type(line)(name=NAME, key_hash=line.key_hash, signature=bytes(length))
    with pytest.raises(MalformedData, match="8 bytes of time"):
        as_cosignature(other)
    found = witnessed_by(parse_note(NOTE + f"{other.line()}\n".encode()), WITNESSES, verify)
    assert len(found.forged) == 1


@pytest.mark.parametrize("time", [MAX_TIME + 1, 2**63 - 1, 2**64 - 1])
def test_a_time_that_no_calendar_has_is_refused(time: int) -> None:
    with pytest.raises(MalformedData, match="no year"):
        as_cosignature(parse_signature_line(line_over(TEXT, time=time)))


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_679_315_147, "2023-03-20T12:25:47Z"),
        (MAX_TIME, "9999-12-31T23:59:59Z"),
        (MAX_TIME + 1, f"second {MAX_TIME + 1}"),
        (-1, "second -1"),
    ],
)
def test_a_time_is_shown_where_the_calendar_has_it(time: int, shown: str) -> None:
    assert moment(time) == shown


def test_a_note_is_written_as_it_was_read() -> None:
    assert parse_note(cosigned(NOTE)).to_bytes() == cosigned(NOTE)
