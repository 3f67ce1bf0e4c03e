"""Decisions about the keys of a ledger: what enrolling, rotating and revoking records, and what is refused.

Knows the rules before anything is written; the auditor's are in ``keyring``. Makes no key and signs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from custody.domain.errors import Refused, UsageError
from custody.domain.events import Event, KeyEnrolled, KeyRevoked, KeyRotated
from custody.domain.form import BadValue, text_value
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.keys.holders import Holder, sound_key
from custody.domain.keys.roles import ROLES, known_roles
from custody.domain.keys.statement import KeyStatement
from custody.domain.proofs.checkpoint import VerifySignature

_NOTHING: Final = "Nothing was written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose key is to be enrolled, and for what."""

    examiner: str
    badge: str | None
    agency: str | None
    roles: tuple[str, ...]
    protected: bool

    def enrolment(self, key: KeyId, public_pem: str) -> KeyEnrolled:
        """Return the enrolment of a key of this person, without its proof. Raises UsageError."""
        roles = known_roles(self.roles)
        if len(roles) != len(set(self.roles)) or not roles:
            raise UsageError("a role is not one of " + ", ".join(ROLES), done=_NOTHING)
        return KeyEnrolled(
            key=key, public_key=public_pem, examiner=named(self.examiner, "examiner"),
            badge=None if self.badge is None else named(self.badge, "badge"),
            agency=None if self.agency is None else named(self.agency, "agency"),
            protected=self.protected, roles=tuple(role for role in ROLES if role in roles),
        )  # fmt: skip


def named(value: str, option: str) -> str:
    """Return a text that a person gave. Raises UsageError for an empty or unusable one."""
    try:
        text = text_value(value)
    except BadValue as bad:
        raise UsageError(f"the value of --{option} {bad.reason}", done=_NOTHING) from bad
    if not text:
        raise UsageError(f"the value of --{option} is empty", done=_NOTHING)
    return text


def requested(
    statement: KeyStatement, ledger: LedgerId, enroller: KeyId, verify: VerifySignature
) -> KeyEnrolled:
    """Return the enrolment that another person's request asks for.

    Raises Refused unless it asks this ledger and this key for it, for known roles, and proves that the person
    has the key.
    """
    enrolment = statement.enrolment
    _, fault = sound_key(enrolment.public_key, enrolment.key)
    roles = known_roles(enrolment.roles or ())
    hint = "ask for a new request, made with the verifier key of the key that enrols"
    if statement.ledger != ledger:
        raise Refused(f"the request is for another ledger: {statement.ledger}", done=_NOTHING, hint=hint)
    if statement.enrolling_key != enroller:
        raise Refused(f"the request asks another key: {statement.enrolling_key}", done=_NOTHING, hint=hint)
    if fault is not None:
        raise Refused(f"the requested key is not fit for use: {fault}", done=_NOTHING, hint=hint)
    if not statement.is_proved(verify):
        raise Refused("nothing proves that the person has the key", done=_NOTHING, hint=hint)
    if not roles or len(roles) != len(enrolment.roles or ()) or enrolment.replaces is not None:
        raise Refused("the request asks for what it cannot have", done=_NOTHING, hint=hint)
    for option in ("examiner", "badge", "agency"):
        if (value := getattr(enrolment, option)) is not None:
            named(value, option)
    return enrolment


def succession(holder: Holder, key: KeyId, public_pem: str, *, protected: bool) -> KeyEnrolled:
    """Return the enrolment, without its proof, of a holder's next key: the same person, the same roles."""
    return replace(
        holder.enrolment, key=key, public_key=public_pem, protected=protected, proof=None,
        roles=tuple(role for role in ROLES if role in holder.roles), replaces=holder.key,
    )  # fmt: skip


def rotation(holder: Holder, enrolled: KeyEnrolled) -> Sequence[Event]:
    """Return what a rotation records, in this order and in one commit."""
    return (enrolled, KeyRotated(key=holder.key, successor=enrolled.key))


def revocation(holder: Holder | None, by: Holder, reason: str) -> KeyRevoked:
    """Return the revocation of a key. Raises Refused for a key that cannot be revoked, UsageError."""
    text = named(reason, "reason")
    if holder is None:
        raise Refused("the ledger never enrolled that key", done=_NOTHING, hint="see 'custody keys list'")
    if holder.ended == "revoked":
        raise Refused(f"the key was revoked before, at {holder.ended_at}", done=_NOTHING, hint="it stays so")
    if holder.key == by.key:
        raise Refused(
            "a key does not revoke itself: it could not close the session that says so",
            done=_NOTHING,
            hint="replace it with 'custody keys rotate', then revoke it with its successor",
        )
    return KeyRevoked(key=holder.key, reason=text)
