"""Changing the keys of a ledger from the command line: made, replaced, revoked (others': ``key_requests``).

Knows the order of files and entries: a private key lies safely in its place before the ledger says that it is
enrolled. Decides nothing; see ``domain.keys.changes``.
"""

from dataclasses import dataclass
from typing import Final

from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.passphrase import new_key_passphrase
from custody.cli.session import Session, in_session
from custody.cli.settings_file import rename_signing_key
from custody.cli.signing import (
    Signer,
    holder_of,
    named_key,
    token_keys,
)
from custody.domain.errors import UsageError
from custody.domain.events import KeyEnrolled
from custody.domain.identifiers import FIRST_REVISION, KeyId, key_stream
from custody.domain.keys.changes import Person, revocation, rotation, succession
from custody.domain.keys.holders import Holder
from custody.domain.keys.roles import ROLES
from custody.domain.keys.statement import KeyStatement
from custody.domain.paths import escape_text
from custody.domain.ports import Recording
from custody.domain.proofs.checkpoint import origin_of
from custody.infrastructure.crypto.ed25519 import Ed25519Signer, load_public_pem
from custody.infrastructure.crypto.key_files import (
    new_private_key,
    write_key_files,
    write_token_key_files,
)

_UNPROTECTED: Final = "the key is stored without a passphrase: whoever reads its file can sign with it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How a new private key is to be kept."""

    protected: bool
    passphrase_file: str | None
    token: str | None = None  # the label of the token that makes and keeps it

    def __post_init__(self) -> None:
        """Raise UsageError for a token's key without a PIN."""
        if self.token is not None and not self.protected:
            raise UsageError("a key in a token has a PIN: --no-passphrase does not fit --token")

    def passphrase(self, run: Invocation) -> bytes | None:
        """Return the passphrase for the new key; None, with a warning, for a key without one."""
        if self.protected:
            return new_key_passphrase(run, self.passphrase_file, token=self.token is not None)
        run.output.warn(_UNPROTECTED)
        return None


def made_key(run: Invocation, person: Person, guard: Guard) -> Answer:
    """Make a key for a person in this workspace and enrol it. Raises UsageError, NotAllowed."""
    person.enrolment(KeyId(""), "")  # a mistake in a value is told before anything is asked or opened

    def make(session: Session) -> Answer:
        signer = _new_signer(session, guard)
        asked = person.enrolment(KeyId(signer.key_id), signer.public_pem.decode())
        return enrolled_answer(session, _statement(session, asked).proved(signer.sign), "made and enrolled")

    return in_session(run, make, records=KeyEnrolled.__name__)


def rotated_key(run: Invocation, guard: Guard) -> Answer:
    """Put a new key in the place of the one that signs; the old one signs nothing any more."""

    def rotate(session: Session) -> Answer:
        holder = session.ledger.holder
        signer = _new_signer(session, guard)
        asked = succession(
            holder, KeyId(signer.key_id), signer.public_pem.decode(), protected=guard.protected
        )
        enrolled = _statement(session, asked).proved(signer.sign)
        _record_rotation(session, holder, enrolled, signer)
        if not rename_signing_key(session.workspace.folder, holder.key, enrolled.key):
            run.output.warn(f'custody.toml did not name the old key; set key = "{enrolled.key}" where you do')
        return key_answer(enrolled, "signs from now on", more={"replaces": holder.key})

    return in_session(run, rotate, records="KeyRotated")


def revoked_key(run: Invocation, key: str, reason: str) -> Answer:
    """Revoke a key from here on. Raises Refused, NotAllowed, and NotFound or UsageError for its name."""

    def revoke(session: Session) -> Answer:
        reader, ledger = session.store.reader, session.ledger.ledger
        wanted = named_key(key, (KeyId(file.stem) for file in session.workspace.keys.glob("*.pem")))
        holder = holder_of(reader, wanted)
        event = revocation(holder, session.ledger.holder, reason)
        stream = key_stream(ledger, wanted)
        at = session.ledger.append([Recording(stream, reader.revision(stream) + 1, event)])
        return Answer(
            verdict=f"OK  key {wanted} revoked at position {at}",
            lines=("  what it signed before stays good; what it signs from here on is a finding",),
            fields={"key": wanted, "position": at, "reason": event.reason},
        )

    return in_session(run, revoke, records="KeyRevoked")


def _record_rotation(session: Session, holder: Holder, enrolled: KeyEnrolled, signer: Signer) -> None:
    """Record it, and let the successor sign the end of the session; the old key must not, from here on."""
    reader, ledger = session.store.reader, session.ledger.ledger
    old, new = key_stream(ledger, holder.key), key_stream(ledger, enrolled.key)
    before = reader.revision(old)
    session.store.make_checkpoint()  # so that none falls due in the commit that ends the old key
    entered, rotated = rotation(holder, enrolled)
    try:
        session.ledger.append([Recording(new, FIRST_REVISION, entered), Recording(old, before + 1, rotated)])
    finally:  # an interruption may come between the commit and its answer
        if reader.revision(old) > before:
            session.store.hand_over(signer)


def _new_signer(session: Session, guard: Guard) -> Signer:
    """Make a key, in a file or in a token that stays open until the end of the session."""
    keys, name = session.workspace.keys, origin(session)
    if guard.token is None:
        private = new_private_key()
        write_key_files(keys, private, guard.passphrase(session.run), name)
        return Ed25519Signer(private)
    tokens = token_keys()  # before a person is asked for a PIN in vain
    pin = guard.passphrase(session.run) or b""
    made = tokens.new_token_key(session.workspace.token_library, guard.token, pin)
    signer: Signer
    signer, place = session.open_until_end.enter_context(made)
    write_token_key_files(keys, load_public_pem(signer.public_pem), place.to_toml(), name)
    return signer


def _statement(session: Session, asked: KeyEnrolled) -> KeyStatement:
    return KeyStatement(
        ledger=session.ledger.ledger, enrolling_key=session.ledger.holder.key, enrolment=asked
    )


def enrolled_answer(session: Session, enrolment: KeyEnrolled, done: str) -> Answer:
    """Record an enrolment and say so."""
    stream = key_stream(session.ledger.ledger, enrolment.key)
    at = session.ledger.append([Recording(stream, FIRST_REVISION, enrolment)])
    return key_answer(enrolment, done, more={"position": at})


def key_answer(enrolment: KeyEnrolled, done: str, more: dict[str, object] | None = None) -> Answer:
    """Return the answer about a key that was made, asked for or enrolled."""
    roles = [role for role in ROLES if role in (enrolment.roles or ROLES)]
    return Answer(
        verdict=f"OK  key of {escape_text(enrolment.examiner)} {done}",
        lines=(f"  key    {enrolment.key}", f"  roles  {', '.join(roles)}"),
        fields={"key": enrolment.key, "examiner": enrolment.examiner, "roles": roles, **(more or {})},
    )


def origin(session: Session) -> str:
    """Return the name that the ledger's verifier keys bear."""
    return origin_of(session.ledger.ledger)
