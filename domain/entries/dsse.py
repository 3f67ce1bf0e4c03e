"""The DSSE v1 envelope that carries one signed ledger entry.

Knows the envelope's one canonical byte form and the bytes that are signed. Deliberately does not verify
signatures (a verifier is handed ``pae``'s bytes) and does not read the body.
Standard: github.com/secure-systems-lab/dsse, protocol.md and envelope.md, version 1.0.
"""

import binascii
import re
from dataclasses import dataclass
from typing import Final

from custody.domain.errors import MalformedData

PAYLOAD_TYPE: Final = "application/vnd.custody.entry+json"

MAX_ENTRY_BYTES: Final = 60 * 1024
"""Largest entry; C2SP tlog-tiles counts an entry's length in 16 bits, and some room is kept."""

_TYPE_BYTES: Final = PAYLOAD_TYPE.encode("ascii")
_AFTER_PAYLOAD: Final = b'","payloadType":"' + _TYPE_BYTES + b'","signatures":[{"keyid":"'
_PAE_PREFIX: Final = b"DSSEv1 %d %b " % (len(_TYPE_BYTES), _TYPE_BYTES)

_BEFORE_PAYLOAD: Final = b'{"payload":"'
_BEFORE_SIGNATURE: Final = b'","sig":"'
_END: Final = b'"}]}'

# All that follows the payload has a fixed length: a key id of 64 digits, a signature of 64 bytes in base64.
_KEY_ID: Final = re.compile(rb"[0-9a-f]{64}")
_SIGNATURE_BYTES: Final = 64
_SIGNATURE_AT: Final = -len(_END) - 88
_KEY_ID_END: Final = _SIGNATURE_AT - len(_BEFORE_SIGNATURE)
_KEY_ID_AT: Final = _KEY_ID_END - 64
_PAYLOAD_END: Final = _KEY_ID_AT - len(_AFTER_PAYLOAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An opened entry: the body as signed, and who is said to have signed it. Nothing is verified yet."""

    body: bytes
    key_id: str
    signature: bytes

    def signed_bytes(self) -> bytes:
        """Return the bytes that the signature covers."""
        return pae(PAYLOAD_TYPE, self.body)


def pae(payload_type: str | bytes, body: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: the bytes that are signed.

    "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in decimal (DSSE protocol, PAE definition).
    """
    if payload_type == PAYLOAD_TYPE:
        return b"%b%d %b" % (_PAE_PREFIX, len(body), body)
    kind = payload_type.encode("utf-8") if isinstance(payload_type, str) else payload_type
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def envelope(body: bytes, key_id: str, signature: bytes) -> bytes:
    """Return the entry: the envelope of a body in canonical JSON.

    ``key_id`` is 64 lower-case hexadecimal digits, ``signature`` the 64 bytes of Ed25519 over
    ``pae(PAYLOAD_TYPE, body)``.
    Raises MalformedData when the result is over MAX_ENTRY_BYTES.
    """
    # Joined by hand because it runs for each event; a test holds it equal to canonical.encode.
    entry = b"".join(
        (
            _BEFORE_PAYLOAD,
            binascii.b2a_base64(body, newline=False),
            _AFTER_PAYLOAD,
            key_id.encode("ascii"),
            _BEFORE_SIGNATURE,
            binascii.b2a_base64(signature, newline=False),
            _END,
        )
    )
    if len(entry) > MAX_ENTRY_BYTES:
        message = f"an entry of {len(entry)} bytes is over the limit of {MAX_ENTRY_BYTES}"
        raise MalformedData(message, hint="shorten the texts recorded with this event")
    return entry


def open_envelope(entry: bytes) -> Envelope:
    """Return what an entry carries, accepting only bytes that ``envelope`` would write again.

    Raises MalformedData for anything else: another type, other than one signature, blanks, unpadded or
    URL-safe base64, base64 with unused bits set, more than MAX_ENTRY_BYTES.
    """
    if len(entry) > MAX_ENTRY_BYTES:
        message = f"an entry of {len(entry)} bytes is over the limit of {MAX_ENTRY_BYTES}"
        raise MalformedData(message)
    key_id = entry[_KEY_ID_AT:_KEY_ID_END]
    body = _lenient_base64(entry[len(_BEFORE_PAYLOAD) : _PAYLOAD_END])
    signature = _lenient_base64(entry[_SIGNATURE_AT : -len(_END)])
    if (
        len(signature) != _SIGNATURE_BYTES
        or _KEY_ID.fullmatch(key_id) is None
        # Whatever was read leniently above, only the one canonical form comes out the same again.
        or envelope(body, key_id.decode("ascii"), signature) != entry
    ):
        message = f"an entry is not a DSSE envelope of type {PAYLOAD_TYPE} in canonical form"
        raise MalformedData(message)
    return Envelope(body=body, key_id=key_id.decode("ascii"), signature=signature)


def _lenient_base64(text: bytes) -> bytes:
    """Return what a base64 text decodes to, or nothing."""
    try:
        return binascii.a2b_base64(text)
    except binascii.Error:
        return b""
