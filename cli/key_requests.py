"""Enrolling a key of another workspace: the request that its holder writes, and what takes it in.

Knows the two files that people exchange. Decides nothing; see ``domain.keys.changes``.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import UUID

from custody.cli.adapters import ledger_paths, reading_ledger
from custody.cli.brought_files import file_content
from custody.cli.key_changes import enrolled_answer, key_answer, origin
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.cli.signing import active_holder, chosen_key, holder_of, named_key, opened_signer
from custody.domain.errors import MalformedData, Refused, UsageError
from custody.domain.events import KeyEnrolled
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.keys.changes import Person, requested
from custody.domain.keys.statement import MAX_REQUEST_BYTES, KeyStatement
from custody.domain.paths import escape_text, to_json
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, VerifierKey, origin_of, parse_vkey
from custody.domain.public_keys import key_id_of, pem_of
from custody.infrastructure.crypto.ed25519 import load_public_pem, verify
from custody.infrastructure.crypto.key_files import write_public_key_files
from custody.infrastructure.files.new_file import new_file

_PEM_BEGIN: Final = b"-----BEGIN"


def trusted_key(run: Invocation, file: str) -> Answer:
    """Enrol the key that another person's request asks for.

    Raises Refused for a file without proof that the person has the key, or one that asks another ledger or
    key; CannotTell when it cannot be read.
    """
    statement = _request_in(file)

    def trust(session: Session) -> Answer:
        enrolment = requested(statement, session.ledger.ledger, session.ledger.holder.key, verify)
        public = load_public_pem(enrolment.public_key.encode())
        known = holder_of(session.store.reader, enrolment.key)
        if known is not None:
            # Enrolled before; a crash may have kept its files from being written.
            write_public_key_files(session.workspace.keys, public, origin(session))
            return key_answer(known.enrolment, f"was enrolled before, at {known.enrolled_at}")
        answer = enrolled_answer(session, enrolment, "enrolled")
        write_public_key_files(session.workspace.keys, public, origin(session))
        return answer

    return in_session(run, trust, records=KeyEnrolled.__name__)


def key_request(run: Invocation, key: str | None, for_key: str, roles: tuple[str, ...], out: str) -> Answer:
    """Write the request to enrol a key of this workspace in somebody else's ledger, with its proof.

    ``for_key`` is the verifier key of the key that is to enrol it. Raises UsageError, Refused.
    """
    ledger, enroller = _asked(for_key)
    with reading_ledger(run) as view:
        own = chosen_key(run, view.workspace, ledger_paths(view.workspace))
        wanted = own if key is None else named_key(key, [own])
        holder = active_holder(view.reader, wanted)
    enrolled = holder.enrolment
    person = Person(
        examiner=enrolled.examiner, badge=enrolled.badge, agency=enrolled.agency,
        roles=roles, protected=enrolled.protected,
    )  # fmt: skip
    asked = person.enrolment(wanted, pem_of(holder.raw))
    statement = KeyStatement(ledger=ledger, enrolling_key=enroller, enrolment=asked)
    with opened_signer(run, view.workspace, wanted) as signer:
        proved = replace(statement, enrolment=statement.proved(signer.sign))
    with new_file(Path(out)) as stream:
        stream.write(proved.request())
    return key_answer(
        asked, "asks to be enrolled", more={**to_json("out", bytes(Path(out))), "ledger": str(ledger)}
    )


def _request_in(file: str) -> KeyStatement:
    content = file_content(file, MAX_REQUEST_BYTES + 1)
    if content.lstrip().startswith(_PEM_BEGIN):
        raise Refused(
            "the file holds a bare key: nothing proves that whoever sent it has the private one",
            done="Nothing was written.",
            hint="ask for what 'custody keys export --request' writes",
        )
    try:
        return KeyStatement.parse(content)
    except MalformedData as error:
        raise Refused(
            f"the file holds no key request: {escape_text(error.what)}",
            done="Nothing was written.",
            hint="ask for what 'custody keys export --request' writes",
        ) from error


def _asked(for_key: str) -> tuple[LedgerId, KeyId]:
    """Return the ledger and the key that a verifier key names, given as such or as a file that holds it."""
    try:
        key = _verifier_key(for_key)
        ledger = LedgerId(UUID(key.name.removeprefix(ORIGIN_PREFIX)))
    except (MalformedData, ValueError) as error:
        raise _no_verifier_key() from error
    if origin_of(ledger) != key.name:
        raise _no_verifier_key()
    return ledger, key_id_of(key.public_raw)


def _no_verifier_key() -> UsageError:
    return UsageError(
        "--for names no verifier key of a ledger",
        done="Nothing was written.",
        hint="give the .vkey file of the person who will enrol the key",
    )


def _verifier_key(text: str) -> VerifierKey:
    try:
        return parse_vkey(text)
    except MalformedData:
        return parse_vkey(file_content(text).decode("utf-8", "replace"))
