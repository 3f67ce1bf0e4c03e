"""Enrolments, rotations and session keys, made as the command line makes them."""

from dataclasses import replace

from custody.domain.events import KeyEnrolled, SessionOpened
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.keys.statement import KeyStatement
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from tests.unit.signed_ledger import KEY, LEDGER, key_enrolled, session_opened


def enrolment(
    signer: Ed25519Signer,
    *roles: str,
    by: Ed25519Signer = KEY,
    replaces: Ed25519Signer | None = None,
    ledger: LedgerId = LEDGER,
    proved_by: Ed25519Signer | None = None,
) -> KeyEnrolled:
    """The enrolment of a key with its proof of possession."""
    asked = replace(
        key_enrolled(signer),
        roles=roles or ("examiner",),
        replaces=None if replaces is None else KeyId(replaces.key_id),
    )
    statement = KeyStatement(ledger=ledger, enrolling_key=KeyId(by.key_id), enrolment=asked)
    return statement.proved((proved_by or signer).sign)


def delegating(session_signer: Ed25519Signer) -> SessionOpened:
    return replace(session_opened(), session_key=session_signer.public_pem.decode())
