"""Checkpoints of a ledger, signed notes, and verifier keys, as texts.

Knows the formats C2SP tlog-checkpoint v1.0.0 and signed-note v1.0.0 with Ed25519 signatures (type 0x01); of
cosignatures see ``cosignature``. Deliberately does not sign or verify: a verifying function is passed in. No
key is trusted for being named.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from custody.domain.errors import MalformedData
from custody.domain.identifiers import LedgerId
from custody.domain.proofs.merkle import HASH_BYTES
from custody.domain.public_keys import PUBLIC_KEY_BYTES, fault_of

ORIGIN_PREFIX: Final = "custody.invalid/"
"""Origins are this and the ledger's UUID; ``.invalid`` never resolves (RFC 2606 section 2)."""

ED25519_TYPE: Final = 0x01
"""Signature type of plain Ed25519 over the note's text (signed-note, "Signature types")."""

MAX_SIGNATURES: Final = 16
"""signed-note obliges verifiers to accept this many; we accept no more."""

MAX_NOTE_BYTES: Final = 256 * 1024
"""Room for 16 post-quantum signatures of about 5 kB each and a text."""

_MAX_SIZE: Final = 2**63 - 1
_KEY_HASH_BYTES: Final = 4
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
# A plus separates the parts of a verifier key; surrogates have no UTF-8.
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x1f+\ud800-\udfff]")
_SIGNATURE_LINE: Final = re.compile(r"— (?P<name>[^ ]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")
_CHECKPOINT: Final = re.compile(r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[^\n]+)\n")
_VKEY: Final = re.compile(r"(?P<name>[^+]+)\+(?P<hash>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/]+={0,2})")

VerifySignature = Callable[[bytes, bytes, bytes], bool]
"""Called with public key (32 raw bytes), signature and message; says whether the signature is good."""


def origin_of(ledger: LedgerId) -> str:
    """Return the name under which a ledger's checkpoints are signed."""
    return f"{ORIGIN_PREFIX}{ledger}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint says: the ledger ``origin`` has ``size`` entries under the 32-byte ``root``."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Raise MalformedData for a value that has no text."""
        _require_name(self.origin)
        if not 0 <= self.size <= _MAX_SIZE or len(self.root) != HASH_BYTES:
            message = "a checkpoint needs a size from 0 to 2^63-1 and a root of 32 bytes"
            raise MalformedData(message)

    def text(self) -> bytes:
        """Return the note text (tlog-checkpoint, "Note text"), without extension lines."""
        return f"{self.origin}\n{self.size}\n{_to_base64(self.root)}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a note text of exactly three lines. Raises MalformedData, also for extension lines."""
        lines = _CHECKPOINT.fullmatch(_decode_text(text))
        if lines is None:
            message = "a checkpoint is not the three lines origin, size and root"
            raise MalformedData(message)
        return cls(origin=lines["origin"], size=int(lines["size"]), root=_from_base64(lines["root"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The parts of a C2SP verifier key for Ed25519."""

    name: str
    key_hash: bytes
    public_raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: the signer's name, its 4-byte key hash, and the signature."""

    name: str
    key_hash: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line as it stands in a note, without its newline."""
        return f"— {self.name} {_to_base64(self.key_hash + self.signature)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note as read; nothing in it is to be believed before ``verified_by`` says so."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def verified_by(self, name: str, public_raw: bytes, verify: VerifySignature) -> bool:
        """Say whether the key of this name signed the text.

        Signatures of other keys are ignored; one of this key that fails refutes the whole note
        (signed-note, "Signatures").
        """
        ours = self.signatures_by(name, key_hash(name, public_raw))
        return bool(ours) and all(verify(public_raw, one.signature, self.text) for one in ours)

    def signatures_by(self, name: str, hashed: bytes) -> tuple[NoteSignature, ...]:
        """Return the signature lines of the key of this name and key hash."""
        return tuple(one for one in self.signatures if (one.name, one.key_hash) == (name, hashed))

    def to_bytes(self) -> bytes:
        """Return the note as it is written."""
        lines = "".join(f"{one.line()}\n" for one in self.signatures)
        return self.text + b"\n" + lines.encode()


def key_hash(name: str, public_raw: bytes, signature_type: int = ED25519_TYPE) -> bytes:
    """Return the 4-byte key id: SHA-256(name || LF || type || key)[:4] (signed-note, "Signatures")."""
    preimage = name.encode("utf-8") + b"\n" + bytes([signature_type]) + public_raw
    return hashlib.sha256(preimage).digest()[:_KEY_HASH_BYTES]


def vkey(name: str, public_raw: bytes, signature_type: int = ED25519_TYPE) -> str:
    """Return the verifier key of a 32-byte Ed25519 key: name+hash+key.

    The hash is in hexadecimal; the key is base64 of the type byte and the key (signed-note, verifier keys).

    Raises MalformedData for a name that a note cannot carry or a key of another length.
    """
    _require_name(name)
    if len(public_raw) != PUBLIC_KEY_BYTES:
        message = f"an Ed25519 public key has 32 bytes, not {len(public_raw)}"
        raise MalformedData(message)
    hashed = key_hash(name, public_raw, signature_type)
    return f"{name}+{hashed.hex()}+{_to_base64(bytes([signature_type]) + public_raw)}"


def parse_vkey(text: str, signature_type: int = ED25519_TYPE) -> VerifierKey:
    """Read a verifier key; one final newline is allowed.

    Raises MalformedData, also for other key types and for a low-order or non-canonical key.
    """
    parts = _VKEY.fullmatch(text.removesuffix("\n"))
    if parts is None:
        message = "a verifier key is not of the form name+hash+key"
        raise MalformedData(message)
    name, typed_key = parts["name"], _from_base64(parts["key"])
    public_raw = typed_key[1:]
    typed = bytes([signature_type])
    if typed_key[:1] != typed or vkey(name, public_raw, signature_type) != parts.group():
        message = f"a verifier key is not an Ed25519 key of type 0x{signature_type:02x} under its own hash"
        raise MalformedData(message)
    if (fault := fault_of(public_raw)) is not None:
        raise MalformedData(fault)
    return VerifierKey(name=name, key_hash=key_hash(name, public_raw, signature_type), public_raw=public_raw)


def signed_note(text: bytes, name: str, public_raw: bytes, signature: bytes) -> bytes:
    """Return the note of a text and one Ed25519 signature over it.

    Raises MalformedData for a text or name that a note cannot carry.
    """
    _require_name(name)
    if not _decode_text(text).endswith("\n"):
        message = "a note's text does not end in a newline"
        raise MalformedData(message)
    return Note(
        text, (NoteSignature(name=name, key_hash=key_hash(name, public_raw), signature=signature),)
    ).to_bytes()


def parse_note(data: bytes) -> Note:
    """Read a signed note strictly (signed-note, "Format"). Raises MalformedData; verifies nothing."""
    if len(data) > MAX_NOTE_BYTES:
        message = f"a note of {len(data)} bytes is over the limit of {MAX_NOTE_BYTES}"
        raise MalformedData(message)
    text, blank_line, signatures = _decode_text(data).rpartition("\n\n")
    if not blank_line or not signatures.endswith("\n"):
        message = "a note is not a text, a blank line and signature lines, each ended by a newline"
        raise MalformedData(message)
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        message = f"a note has {len(lines)} signatures, over the limit of {MAX_SIGNATURES}"
        raise MalformedData(message)
    return Note((text + "\n").encode(), tuple(map(parse_signature_line, lines)))


def parse_signature_line(line: str) -> NoteSignature:
    """Read one signature line without its newline. Raises MalformedData; verifies nothing."""
    parts = _SIGNATURE_LINE.fullmatch(line)
    blob = _from_base64(parts["blob"]) if parts else b""
    if parts is None or len(blob) <= _KEY_HASH_BYTES:
        message = "a note's signature line is not a dash, a name and base64 of key hash and signature"
        raise MalformedData(message)
    _require_name(parts["name"])
    return NoteSignature(
        name=parts["name"], key_hash=blob[:_KEY_HASH_BYTES], signature=blob[_KEY_HASH_BYTES:]
    )


def _decode_text(data: bytes) -> str:
    """Return UTF-8 text; refuses ASCII control characters but newline (signed-note, "Format")."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        message = "a note is not UTF-8 text"
        raise MalformedData(message) from None
    if _CONTROL.search(text):
        message = "a note holds a control character"
        raise MalformedData(message)
    return text


def _require_name(name: str) -> None:
    """Raise MalformedData unless a key may be called so: not empty, no Unicode space, no plus, no control."""
    if not name or _NOT_IN_NAMES.search(name) or any(character.isspace() for character in name):
        message = f"{name!a} cannot name a key: it is empty or holds a space, a plus or a control character"
        raise MalformedData(message)


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: str) -> bytes:
    """Return the bytes of padded base64 (RFC 4648 section 4), refusing any other spelling of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or _to_base64(data) != text:
        message = "base64 is not in its canonical form"
        raise MalformedData(message)
    return data
