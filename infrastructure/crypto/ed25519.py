"""Ed25519 signatures (RFC 8032): computed by libsodium, keys read and written by ``cryptography``.

Knows which public keys are fit for use and how a key gets its id. Deliberately does not know where keys
are kept, whose they are, or what is signed. libsodium verifies twice as fast, which is most of an audit's
time (ADR 0011); it releases the interpreter lock as well.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign, crypto_sign_open
from nacl.exceptions import BadSignatureError

from custody.domain.errors import KeyUnusable
from custody.domain.public_keys import MAX_PEM_BYTES, fault_of, key_id_of

SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A usable Ed25519 public key: id (hexadecimal SHA-256 of the SPKI), 32 raw bytes, PEM."""

    key_id: str
    raw: bytes
    pem: bytes


class KnownByItsPublicKey:
    """A private key as those see it who only name it: what every signer has besides ``sign``."""

    __slots__ = ("_public",)

    def __init__(self, public: PublicKey) -> None:
        """Take the public key."""
        self._public = public

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


class Ed25519Signer(KnownByItsPublicKey):
    """Signs messages with one private key, which it never shows."""

    __slots__ = ("_secret",)

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Take the private key. Raises KeyUnusable when its public key is not fit for use."""
        super().__init__(public_key_of(private))
        self._secret = private.private_bytes_raw() + self._public.raw  # as libsodium takes it: seed and key

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of a message (RFC 8032 section 5.1.6)."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]


def public_key_of(private: Ed25519PrivateKey) -> PublicKey:
    """Return the public half of a private key."""
    return public_key_from_raw(private.public_key().public_bytes_raw())


def public_key_from_raw(raw: bytes) -> PublicKey:
    """Return the public key of 32 raw bytes. Raises KeyUnusable for a low-order or non-canonical one."""
    require_sound(raw)
    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(key_id=key_id_of(raw), raw=raw, pem=pem)


def load_public_pem(pem: bytes) -> PublicKey:
    """Read a public key file's content.

    Raises KeyUnusable for anything but one Ed25519 key in PEM, and for a low-order or non-canonical key.
    """
    if len(pem) > MAX_PEM_BYTES:
        message = f"a public key file of {len(pem)} bytes is over the limit of {MAX_PEM_BYTES}"
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


def require_sound(raw: bytes) -> None:
    """Raise KeyUnusable unless 32 raw bytes are a point of the prime-order group, canonically encoded."""
    fault = fault_of(raw)
    if fault is None and not crypto_core_ed25519_is_valid_point(raw):
        fault = "the public key is no point of the group that Ed25519 signs in"
    if fault is not None:
        raise KeyUnusable(fault)


@lru_cache(maxsize=256)
def _is_sound(raw: bytes) -> bool:
    """Tell whether a key is fit for use; asked anew for each entry of a ledger, answered once."""
    try:
        require_sound(raw)
    except KeyUnusable:
        return False
    return True
