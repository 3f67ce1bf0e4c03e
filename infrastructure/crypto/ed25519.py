"""Ed25519 signatures (RFC 8032): computed by libsodium, keys read and written by ``cryptography``.

Knows which public keys are fit for use and how a key gets its id. Deliberately does not know where keys
are kept, whose they are, or what is signed. libsodium verifies twice as fast, which is most of an audit's
time (ADR 0011); it releases the interpreter lock as well.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from nacl.bindings import crypto_sign, crypto_sign_open
from nacl.exceptions import BadSignatureError

from custody.domain.errors import KeyUnusable

PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_FIELD_PRIME: Final = 2**255 - 19
_SIGN_BIT: Final = 1 << 255
_MAX_PEM_BYTES: Final = 4096

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A usable Ed25519 public key: id (hexadecimal SHA-256 of the SPKI), 32 raw bytes, PEM."""

    key_id: str
    raw: bytes
    pem: bytes


class Ed25519Signer:
    """Signs messages with one private key, which it never shows."""

    __slots__ = ("_public", "_secret")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Take the private key. Raises KeyUnusable when its public key is not fit for use."""
        self._public = public_key_of(private)
        self._secret = private.private_bytes_raw() + self._public.raw  # as libsodium takes it: seed and key

    @property
    def key_id(self) -> str:
        """Hexadecimal SHA-256 of the public key's SubjectPublicKeyInfo (DER)."""
        return self._public.key_id

    @property
    def public_raw(self) -> bytes:
        """The public key as RFC 8032 encodes it, 32 bytes."""
        return self._public.raw

    @property
    def public_pem(self) -> bytes:
        """The public key's SubjectPublicKeyInfo in PEM."""
        return self._public.pem

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of a message (RFC 8032 section 5.1.6)."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]


def public_key_of(private: Ed25519PrivateKey) -> PublicKey:
    """Return the public half of a private key."""
    return public_key_from_raw(private.public_key().public_bytes_raw())


def public_key_from_raw(raw: bytes) -> PublicKey:
    """Return the public key of 32 raw bytes. Raises KeyUnusable for a low-order or non-canonical one."""
    _require_sound(raw)
    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(key_id=hashlib.sha256(_SPKI_PREFIX + raw).hexdigest(), raw=raw, pem=pem)


def load_public_pem(pem: bytes) -> PublicKey:
    """Read a public key file's content.

    Raises KeyUnusable for anything but one Ed25519 key in PEM, and for a low-order or non-canonical key.
    """
    if len(pem) > _MAX_PEM_BYTES:
        message = f"a public key file of {len(pem)} bytes is over the limit of {_MAX_PEM_BYTES}"
        raise KeyUnusable(message)
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        message = "the file does not hold a public key in PEM"
        raise KeyUnusable(message) from None
    if not isinstance(public, Ed25519PublicKey):
        message = "the file holds a public key of another kind than Ed25519"
        raise KeyUnusable(message)
    return public_key_from_raw(public.public_bytes_raw())


def key_id_of(public_pem: bytes) -> str:
    """Return the id of a public key in PEM. Raises KeyUnusable as ``load_public_pem`` does."""
    return load_public_pem(public_pem).key_id


def verify(public_raw: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether the signature is good under the key (RFC 8032 section 5.1.7).

    A key that is not fit for use verifies nothing.
    """
    if len(signature) != SIGNATURE_BYTES or not _is_sound(public_raw):
        return False
    try:
        crypto_sign_open(signature + message, public_raw)
    except BadSignatureError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_sound(raw: bytes) -> bool:
    """Tell whether a key is fit for use; asked anew for each entry of a ledger, answered once."""
    try:
        _require_sound(raw)
    except KeyUnusable:
        return False
    return True


def _require_sound(raw: bytes) -> None:
    """Raise KeyUnusable for a low-order point or a non-canonical encoding (RFC 8032 section 5.1.3)."""
    if len(raw) != PUBLIC_KEY_BYTES:
        message = f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes, not {len(raw)}"
        raise KeyUnusable(message)
    if raw in LOW_ORDER_KEYS:
        message = "the public key is a point of low order, under which signatures prove nothing"
        raise KeyUnusable(message)
    if int.from_bytes(raw, "little") % _SIGN_BIT >= _FIELD_PRIME:
        message = "the public key is not in its canonical encoding"
        raise KeyUnusable(message)
