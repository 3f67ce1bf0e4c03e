"""What a new key signs before it is enrolled: the proof that its holder has it, and wants it enrolled so.

Knows the statement's canonical bytes and the request file that carries it from one workspace to another (a
DSSE envelope). Deliberately neither signs nor verifies: signing and verifying functions are passed in.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from custody.domain import canonical
from custody.domain.canonical import JsonValue
from custody.domain.entries.dsse import pae
from custody.domain.errors import MalformedData
from custody.domain.events import KeyEnrolled
from custody.domain.events.schema import from_data, to_data
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.proofs.checkpoint import VerifySignature
from custody.domain.public_keys import key_id_of, raw_of_pem

STATEMENT_TYPE: Final = "application/vnd.custody.key-statement+json"
"""The payload type keeps a statement's signature from ever being one of an entry."""

MAX_REQUEST_BYTES: Final = 128 * 1024

_SIGNATURE_BYTES: Final = 64

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatement:
    """That a key asks to be enrolled in this ledger by that key, with just these words about it."""

    ledger: LedgerId
    enrolling_key: KeyId
    enrolment: KeyEnrolled

    def body(self) -> bytes:
        """Return the canonical JSON: the enrolment's data without proof, the ledger and the enrolling key."""
        return canonical.encode({"enrolment": self._data(), "enrolled_by": self.enrolling_key,
                                 "ledger": str(self.ledger)})  # fmt: skip

    def proved(self, sign: Sign) -> KeyEnrolled:
        """Return the enrolment with the new key's proof, made by ``sign``."""
        signature = sign(pae(STATEMENT_TYPE, self.body()))
        return self.with_proof(base64.b64encode(signature).decode("ascii"))

    def with_proof(self, proof: str) -> KeyEnrolled:
        """Return the enrolment with a proof that was made elsewhere."""
        return from_data(KeyEnrolled, {**self._data(), "proof": proof})

    def is_proved(self, verify: VerifySignature) -> bool:
        """Say whether the enrolment's proof is the new key's signature over this statement."""
        try:
            raw = raw_of_pem(self.enrolment.public_key)
            signature = _signature(self.enrolment.proof)
        except MalformedData:
            return False
        return key_id_of(raw) == self.enrolment.key and verify(
            raw, signature, pae(STATEMENT_TYPE, self.body())
        )

    def request(self) -> bytes:
        """Return the request file: the DSSE envelope of the body with the proof, as canonical JSON."""
        signed: dict[str, JsonValue] = {"keyid": self.enrolment.key, "sig": self.enrolment.proof}
        payload = base64.b64encode(self.body()).decode("ascii")
        return canonical.encode({"payload": payload, "payloadType": STATEMENT_TYPE, "signatures": [signed]})

    @classmethod
    def parse(cls, request: bytes) -> Self:
        """Read a request file; nothing of it is verified. Raises MalformedData."""
        match canonical.decode(request, max_bytes=MAX_REQUEST_BYTES):
            case {"payload": str(payload), "signatures": [{"sig": str(proof)}]}:
                statement = cls._of_body(canonical.decode(_from_base64(payload)), proof)
            case _:
                message = "a key request is not a DSSE envelope"
                raise MalformedData(message)
        # Whatever was read leniently above, only the one canonical form comes out the same again.
        if statement.request() != request:
            message = f"a key request is not a DSSE envelope of type {STATEMENT_TYPE} in canonical form"
            raise MalformedData(message)
        return statement

    @classmethod
    def _of_body(cls, body: JsonValue, proof: str) -> Self:
        match body:
            case {"enrolled_by": str(enroller), "enrolment": dict(data), "ledger": str(ledger)}:
                enrolment = from_data(KeyEnrolled, {**data, "proof": proof})
                return cls(ledger=_ledger(ledger), enrolling_key=KeyId(enroller), enrolment=enrolment)
            case _:
                message = "a key statement does not have its three parts"
                raise MalformedData(message)

    def _data(self) -> dict[str, JsonValue]:
        return {name: value for name, value in to_data(self.enrolment).items() if name != "proof"}


def _ledger(text: str) -> LedgerId:
    try:
        return LedgerId(UUID(text))
    except ValueError as error:
        message = "a key statement names no ledger"
        raise MalformedData(message) from error


def _signature(text: str | None) -> bytes:
    signature = _from_base64(text or "")
    if len(signature) != _SIGNATURE_BYTES or base64.b64encode(signature).decode("ascii") != text:
        message = "a proof is not the base64 of a signature"
        raise MalformedData(message)
    return signature


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "a text is not base64"
        raise MalformedData(message) from error
