"""Public keys in PEM (RFC 7468), as entries carry them.

Knows the one form of an Ed25519 key (RFC 8410). Deliberately does not judge whether a key is fit for use: who
verifies a signature does that.
"""

import base64
import binascii
import hashlib
from typing import Final

from custody.domain.identifiers import KeyId

_BEGIN: Final = "-----BEGIN PUBLIC KEY-----"
_END: Final = "-----END PUBLIC KEY-----"
# SubjectPublicKeyInfo of Ed25519 up to the key's 32 bytes (RFC 8410 section 4 and its example).
_ED25519: Final = bytes.fromhex("302a300506032b6570032100")
_RAW_BYTES: Final = 32


def key_id_of(pem: str) -> KeyId | None:
    """Return the key id of a public key, or None when it is no PEM."""
    spki = _spki(pem)
    return None if spki is None else KeyId(hashlib.sha256(spki).hexdigest())


def raw_of(pem: str) -> bytes | None:
    """Return the 32 bytes of an Ed25519 key, or None when it is none."""
    spki = _spki(pem) or b""
    raw = spki.removeprefix(_ED25519)
    return raw if spki.startswith(_ED25519) and len(raw) == _RAW_BYTES else None


def pem_of(raw: bytes) -> str:
    """Return the PEM of an Ed25519 key of 32 raw bytes."""
    return f"{_BEGIN}\n{base64.b64encode(_ED25519 + raw).decode()}\n{_END}\n"


def _spki(pem: str) -> bytes | None:
    text = " ".join(pem.split())
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        return None
    try:
        return base64.b64decode(text[len(_BEGIN) : -len(_END)].replace(" ", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
