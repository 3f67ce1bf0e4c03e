"""Private keys at rest: PKCS#8, plain or encrypted under a passphrase with scrypt.

Knows one encrypted form (RFC 5958 EncryptedPrivateKeyInfo; PBES2, RFC 8018; scrypt, RFC 7914; AES-256-CBC)
and refuses every other, so that a weaker one cannot be slipped in. Deliberately touches no files and asks
nobody.
"""

import base64
import binascii
import os
import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from custody.domain.errors import KeyUnusable, WrongPassphrase

SCRYPT_N: Final = 16384
SCRYPT_R: Final = 8
SCRYPT_P: Final = 8
"""The library's own encryption is PBKDF2 with 2,048 rounds; OpenSSL 3.0's memory cap refuses a larger N."""

_SALT_BYTES: Final = 16
_AES_BLOCK_BYTES: Final = 16
_AES_KEY_BYTES: Final = 32

# An Ed25519 key is 48 bytes of PKCS#8 (RFC 8410 section 7), 64 with padding, so every length is fixed and the
# structure is constants around salt, initialisation vector and ciphertext. No DER writer is needed (the one
# of ``cryptography`` is declared unstable), and reading is comparing.
_CIPHERTEXT_BYTES: Final = 64
_DER_UNTIL_SALT: Final = bytes.fromhex(
    "30819b"  # EncryptedPrivateKeyInfo
    "305706092a864886f70d01050d"  # AlgorithmIdentifier: id-PBES2
    "304a"  # PBES2-params
    "302906092b06010401da47040b"  # keyDerivationFunc: id-scrypt
    "301c0410"  # scrypt-params, salt
)
_DER_UNTIL_IV: Final = bytes.fromhex(
    "02024000020108020108"  # N = 16384, r = 8, p = 8
    "301d060960864801650304012a0410"  # encryptionScheme: aes256-CBC-PAD, initialisation vector
)
_DER_UNTIL_CIPHERTEXT: Final = bytes.fromhex("0440")
_ENCRYPTED_DER: Final = re.compile(
    re.escape(_DER_UNTIL_SALT)
    + rb"(.{%d})" % _SALT_BYTES
    + re.escape(_DER_UNTIL_IV)
    + rb"(.{%d})" % _AES_BLOCK_BYTES
    + re.escape(_DER_UNTIL_CIPHERTEXT)
    + rb"(.{%d})" % _CIPHERTEXT_BYTES,
    re.DOTALL,
)

_LABEL: Final = b"ENCRYPTED PRIVATE KEY"
_ENCRYPTED_PEM: Final = re.compile(
    rb"\s*-----BEGIN %b-----\s([A-Za-z0-9+/=\s]+)-----END %b-----\s*" % (_LABEL, _LABEL)
)


def plain_pem(private: Ed25519PrivateKey) -> bytes:
    """Return the key as plain PKCS#8 in PEM: whoever reads the file has the key."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def encrypted_pem(private: Ed25519PrivateKey, passphrase: bytes) -> bytes:
    """Return the key as PKCS#8 in PEM under a passphrase. Raises KeyUnusable for an empty passphrase."""
    if not passphrase:
        message = "a private key cannot be protected by an empty passphrase"
        raise KeyUnusable(message)
    salt, vector = os.urandom(_SALT_BYTES), os.urandom(_AES_BLOCK_BYTES)
    padder = PKCS7(_AES_BLOCK_BYTES * 8).padder()
    pkcs8 = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    encryptor = _cipher(passphrase, salt, vector).encryptor()
    ciphertext = encryptor.update(padder.update(pkcs8) + padder.finalize()) + encryptor.finalize()
    der = _DER_UNTIL_SALT + salt + _DER_UNTIL_IV + vector + _DER_UNTIL_CIPHERTEXT + ciphertext
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (_LABEL, _pem_lines(der), _LABEL)


def is_encrypted(pem: bytes) -> bool:
    """Say whether a private key file's content says that it needs a passphrase."""
    return b"-----BEGIN %b-----" % _LABEL in pem


def open_plain(pem: bytes) -> Ed25519PrivateKey:
    """Read a plain PKCS#8 key. Raises KeyUnusable when it is damaged or of another kind than Ed25519."""
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "the file does not hold a private key in PEM, or is damaged"
        raise KeyUnusable(message) from None
    if not isinstance(private, Ed25519PrivateKey):
        message = "the file holds a private key of another kind than Ed25519"
        raise KeyUnusable(message)
    return private


def encrypted_parts(pem: bytes) -> tuple[bytes, bytes, bytes]:
    """Return salt, initialisation vector and ciphertext of an encrypted key.

    Needs no passphrase, so that nobody is asked for one in vain. Raises KeyUnusable for a damaged file and
    for any other scheme or cost than ours.
    """
    body = _ENCRYPTED_PEM.fullmatch(pem)
    try:
        der = binascii.a2b_base64(b"".join(body[1].split()), strict_mode=True) if body else b""
    except binascii.Error:
        der = b""
    parts = _ENCRYPTED_DER.fullmatch(der)
    if parts is None:
        scheme = f"scrypt with N={SCRYPT_N}, r={SCRYPT_R}, p={SCRYPT_P}"
        message = f"the encrypted private key is damaged, or protected otherwise than by {scheme}"
        raise KeyUnusable(message, hint="restore the key file from a copy")
    return parts[1], parts[2], parts[3]


def open_encrypted(parts: tuple[bytes, bytes, bytes], passphrase: bytes) -> Ed25519PrivateKey:
    """Decrypt what ``encrypted_parts`` returned. Raises WrongPassphrase when that gives no Ed25519 key.

    A damaged ciphertext mostly looks like a wrong passphrase, and some damage gives a different key: the
    caller compares the key with its known id.
    """
    salt, vector, ciphertext = parts
    decryptor = _cipher(passphrase, salt, vector).decryptor()
    unpadder = PKCS7(_AES_BLOCK_BYTES * 8).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        private = load_der_private_key(unpadder.update(padded) + unpadder.finalize(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        message = "the passphrase does not open the private key"
        raise WrongPassphrase(message, hint="try again; if it is surely right, the key file is damaged")
    return private


def _cipher(passphrase: bytes, salt: bytes, vector: bytes) -> Cipher[modes.CBC]:
    kdf = Scrypt(salt=salt, length=_AES_KEY_BYTES, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    return Cipher(algorithms.AES(kdf.derive(passphrase)), modes.CBC(vector))


def _pem_lines(der: bytes) -> bytes:
    """Return base64 in lines of 64 characters (RFC 7468 section 2)."""
    text = base64.b64encode(der)
    return b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
