"""The envelopes are DSSE as its reference library reads it."""

import json

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from tests.interop.conftest import Handout


def key_of(handout: Handout) -> SSlibKey:
    return SSlibKey(handout.pem.stem, "ed25519", "ed25519", {"public": raw_key(handout)})


def raw_key(handout: Handout) -> str:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    raw: bytes = load_pem_public_key(handout.pem.read_bytes()).public_bytes_raw()  # type: ignore[union-attr]
    return raw.hex()


def test_every_envelope_is_verified(handout: Handout) -> None:
    key = key_of(handout)
    for entry in handout.entries:
        verified = Envelope.from_dict(json.loads(entry)).verify([key], 1)
        assert list(verified) == [key.keyid]


def test_an_envelope_with_another_payload_is_refused(handout: Handout) -> None:
    changed = json.loads(handout.entries[4]) | {"payload": json.loads(handout.entries[5])["payload"]}
    with pytest.raises(VerificationError):
        Envelope.from_dict(changed).verify([key_of(handout)], 1)
