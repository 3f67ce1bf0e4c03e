"""Ed25519 public keys (RFC 8032) as bytes and in PEM (RFC 8410), and which of them are fit for use.

Knows encodings. Deliberately does no arithmetic on the curve: that a key is a point of the prime-order group
is for the cryptographic library to say.
"""

import base64
import binascii
import hashlib
from typing import Final

from custody.domain.errors import MalformedData
from custody.domain.identifiers import KeyId

PUBLIC_KEY_BYTES: Final = 32
MAX_PEM_BYTES: Final = 4096

_FIELD_PRIME: Final = 2**255 - 19
_SIGN_BIT: Final = 1 << 255
_PEM_BEGIN: Final = "-----BEGIN PUBLIC KEY-----"
_PEM_END: Final = "-----END PUBLIC KEY-----"

# SubjectPublicKeyInfo of Ed25519 up to the key's 32 bytes (RFC 8410 section 4 and its example).
_SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")

LOW_ORDER_KEYS: Final = frozenset(
    bytes.fromhex(encoding)
    for encoding in (
        # Order 1, then 2, then the two points of order 4.
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        # Order 8.
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        # Order 1 and 2 with a sign for an x of zero.
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        # Order 4 and 1 with y written as p and p+1.
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
)
"""The eight points of small order in all their fourteen encodings.

Under such a key one signature fits many messages; libraries accept them (C2SP CCTV, ed25519 vectors).
"""


def fault_of(raw: bytes) -> str | None:
    """Return why 32 raw bytes are no key to trust (RFC 8032 section 5.1.3); None when nothing speaks so."""
    if len(raw) != PUBLIC_KEY_BYTES:
        return f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes, not {len(raw)}"
    if raw in LOW_ORDER_KEYS:
        return "the public key is a point of low order, under which signatures prove nothing"
    if int.from_bytes(raw, "little") % _SIGN_BIT >= _FIELD_PRIME:
        return "the public key is not in its canonical encoding"
    return None


def key_id_of(raw: bytes) -> KeyId:
    """Return the id of a raw key: hexadecimal SHA-256 of its SubjectPublicKeyInfo (DER)."""
    return KeyId(hashlib.sha256(_SPKI_PREFIX + raw).hexdigest())


def raw_of_pem(pem: str) -> bytes:
    """Return the 32 raw bytes of an Ed25519 key in PEM (RFC 7468). Raises MalformedData for anything else.

    Whether the key is fit for use is another question; see ``fault_of``.
    """
    text = " ".join(pem[: MAX_PEM_BYTES + 1].split())
    spki = b""
    if len(pem) <= MAX_PEM_BYTES and text.startswith(_PEM_BEGIN) and text.endswith(_PEM_END):
        spki = _decoded(text[len(_PEM_BEGIN) : -len(_PEM_END)].replace(" ", ""))
    if len(spki) != len(_SPKI_PREFIX) + PUBLIC_KEY_BYTES or not spki.startswith(_SPKI_PREFIX):
        message = "a text is not an Ed25519 public key in PEM"
        raise MalformedData(message)
    return spki[len(_SPKI_PREFIX) :]


def pem_of(raw: bytes) -> str:
    """Return a raw key as SubjectPublicKeyInfo in PEM (RFC 7468); it fits on one line of base64."""
    return f"{_PEM_BEGIN}\n{base64.b64encode(_SPKI_PREFIX + raw).decode('ascii')}\n{_PEM_END}\n"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
