"""Cosignatures: what a witness signs to say that it saw a ledger only grow.

Knows C2SP tlog-cosignature v1.0.0, signature type 0x04: Ed25519 over a header, a time and the checkpoint's
text, in a line of the signed note. Deliberately signs and verifies nothing by itself, and trusts no witness
for being named: verifier keys are handed in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from custody.domain.errors import MalformedData
from custody.domain.proofs.checkpoint import (
    Note,
    NoteSignature,
    VerifierKey,
    VerifySignature,
    key_hash,
    parse_vkey,
    vkey,
)

COSIGNATURE_TYPE: Final = 0x04
"""Signature type of timestamped Ed25519 cosignatures (signed-note, "Signature types")."""

MAX_TIME: Final = 253_402_300_799
"""The last second of the year 9999: the form allows times of 63 bits, but no calendar has them."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER: Final = b"cosignature/v1\n"
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64

TrustedWitnesses: TypeAlias = Mapping[tuple[str, bytes], VerifierKey]
"""Name and key hash → witness's key; from the workspace or the auditor, never from what is judged."""


NOBODY: Final[TrustedWitnesses] = MappingProxyType({})
"""No witness is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A line of a note as a cosignature; ``time`` is in seconds since 1970 UTC, by the witness's clock."""

    name: str
    key_hash: bytes
    time: int
    signature: bytes

    def verified_by(self, key: VerifierKey, text: bytes, verify: VerifySignature) -> bool:
        """Say whether the key of this line's name and hash made it over a checkpoint's text."""
        identity = (key.name, key.key_hash)
        return (self.name, self.key_hash) == identity and verify(
            key.public_raw, self.signature, cosigned_message(self.time, text)
        )


def cosigned_message(time: int, text: bytes) -> bytes:
    """Return what is signed: header, time and the checkpoint's text (tlog-cosignature, "signed message").

    It can be taken for nothing else that the same key signs: what is signed of an entry begins with
    ``DSSEv1``, a checkpoint with the origin of a ledger.
    """
    return _HEADER + b"time %d\n" % time + text


def cosignature_line(name: str, public_raw: bytes, time: int, signature: bytes) -> str:
    """Return the line of a note, without newline: name, then key hash, time (big-endian) and signature."""
    hashed = key_hash(name, public_raw, COSIGNATURE_TYPE)
    stamped = time.to_bytes(_TIME_BYTES, "big") + signature
    return NoteSignature(name=name, key_hash=hashed, signature=stamped).line()


def as_cosignature(line: NoteSignature) -> Cosignature:
    """Read a line of a note as a cosignature. Raises MalformedData for a wrong length or time."""
    if len(line.signature) != _TIME_BYTES + _SIGNATURE_BYTES:
        message = "a cosignature does not have 8 bytes of time and 64 of signature"
        raise MalformedData(message)
    time = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if time > MAX_TIME:
        message = f"a cosignature of second {time} is of no year that a calendar has"
        raise MalformedData(message)
    signature = line.signature[_TIME_BYTES:]
    return Cosignature(name=line.name, key_hash=line.key_hash, time=time, signature=signature)


def witness_vkey(name: str, public_raw: bytes) -> str:
    """Return the verifier key of a witness: name+hash+key, of type 0x04."""
    return vkey(name, public_raw, COSIGNATURE_TYPE)


def parse_witness_vkey(text: str) -> VerifierKey:
    """Read a witness's verifier key. Raises MalformedData, also for the key of a ledger (type 0x01)."""
    return parse_vkey(text, COSIGNATURE_TYPE)


def time_of(seconds: int) -> datetime:
    """Return the time of a cosignature, which ``as_cosignature`` saw to be of a year that a calendar has."""
    return _EPOCH + timedelta(seconds=seconds)


def moment(time: int) -> str:
    """Return a time for people: ``2026-03-01T21:10:00Z``; of one outside of the calendar its number."""
    if not 0 <= time <= MAX_TIME:
        return f"second {time}"
    return f"{time_of(time):%Y-%m-%dT%H:%M:%SZ}"


def trusting(keys: Iterable[VerifierKey]) -> TrustedWitnesses:
    """Return witnesses by what their lines bear."""
    return {(key.name, key.key_hash): key for key in keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedBy:
    """What a note's lines say to one who trusts some witnesses."""

    good: tuple[tuple[VerifierKey, NoteSignature, Cosignature], ...]
    forged: tuple[VerifierKey, ...]


def witnessed_by(note: Note, witnesses: TrustedWitnesses, verify: VerifySignature) -> WitnessedBy:
    """Verify the lines of trusted witnesses; the lines of others are ignored (signed-note, "Signatures")."""
    good, forged = [], []
    for line in note.signatures:
        key = witnesses.get((line.name, line.key_hash))
        if key is None:
            continue
        cosignature = _verified(line, key, note.text, verify)
        if cosignature is None:
            forged.append(key)
        else:
            good.append((key, line, cosignature))
    return WitnessedBy(good=tuple(good), forged=tuple(forged))


def _verified(
    line: NoteSignature, key: VerifierKey, text: bytes, verify: VerifySignature
) -> Cosignature | None:
    try:
        cosignature = as_cosignature(line)
    except MalformedData:
        return None
    return cosignature if cosignature.verified_by(key, text, verify) else None
