"""What a holder of the key may forge: cosignatures, stamps, answers, entries of a revoked key, bundles.

Knows the deeds and the finding that each must come to. What a forger can do at all is in ``forging``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.cli.demo.forging import Forger, change_bundle_file
from custody.cli.demo.strange_stamp import AUTHORITY_PEM, STAMPED, TOKEN
from custody.cli.demo.tampering import with_another_digest
from custody.domain.entries.dsse import open_envelope, pae
from custody.domain.events import CheckpointCosigned, CheckpointStamped, CustodyAccepted, NoteAdded
from custody.domain.exhibits.answer import ANSWER_TYPE, Answer, answer_envelope
from custody.domain.exhibits.offer import offer_of
from custody.domain.identifiers import KeyId, case_stream, checkpoint_stream, exhibit_stream
from custody.domain.proofs.checkpoint import Checkpoint, parse_note, parse_signature_line
from custody.domain.proofs.cosignature import as_cosignature, cosignature_line, parse_witness_vkey
from custody.domain.proofs.time_stamp import StampEvidence, time_text, token_text
from custody.infrastructure.crypto.authorities import Authorities
from custody.infrastructure.crypto.time_stamps import TokenReader

CASE: Final = "DEMO-0001"
WITNESS_FILE: Final = "laboratory.vkey"

_MOMENT: Final = 1_772_399_400  # seconds since 1970: some time that a witness could have claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """One deed on a copy of the workspace, or of the bundle, and the finding that it must come to."""

    name: str
    sentence: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerForgery(Forgery):
    """Something put into a ledger with a key that signs."""

    deed: Callable[[Forger], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleForgery(Forgery):
    """Something changed in a bundle by whoever passes it on."""

    deed: Callable[[Path], None]


def _cosign(forger: Forger) -> None:
    """Record a cosignature of the laboratory that the examiner made."""
    note = forger.latest_note()
    checkpoint = Checkpoint.parse(parse_note(note).text)
    witness = parse_witness_vkey((forger.workspace / "witnesses" / WITNESS_FILE).read_text("ascii"))
    line = cosignature_line(witness.name, witness.public_raw, _MOMENT, forger.owner.sign(checkpoint.text()))
    forged = as_cosignature(parse_signature_line(line))
    event = CheckpointCosigned(
        size=checkpoint.size, root=checkpoint.root.hex(), note_sha256=hashlib.sha256(note).hexdigest(),
        witness=forged.name, key_hash=forged.key_hash.hex(), time=forged.time, cosignature=line,
    )  # fmt: skip
    forger.append(checkpoint_stream(forger.ledger, checkpoint.size), event)


def _stamp(forger: Forger, token: bytes) -> None:
    """Record a token as a stamp of the latest checkpoint, by an authority that is trusted here."""
    authorities = forger.workspace / "authorities"
    authorities.mkdir(exist_ok=True)
    (authorities / "demo.pem").write_text(AUTHORITY_PEM, encoding="ascii")
    note = forger.latest_note()
    said = TokenReader(Authorities())(StampEvidence(token=token))
    size = Checkpoint.parse(parse_note(note).text).size
    event = CheckpointStamped(
        size=size, note_sha256=hashlib.sha256(note).hexdigest(), generated_at=time_text(said.generated_at),
        accuracy_microseconds=said.accuracy_microseconds, authority=said.authority, serial=said.serial,
        policy=said.policy, token=token_text(token),
    )  # fmt: skip
    forger.append(checkpoint_stream(forger.ledger, size), event)


def _stamp_of_something_else(forger: Forger) -> None:
    _stamp(forger, TOKEN)


def _stamp_made_to_fit(forger: Forger) -> None:
    """Put the digest of this ledger's checkpoint in the place of the one that was stamped."""
    _stamp(forger, TOKEN.replace(STAMPED, hashlib.sha256(forger.latest_note()).digest()))


def _accept(forger: Forger) -> None:
    """Answer the open offer in the receiver's name, with the giver's signature."""
    offer = offer_of(forger.last_entry("CustodyOffered"))
    event, receiver = offer.event, offer.event.receiver
    answer = Answer(
        answer="accepted", offer=offer.leaf, ledger=forger.ledger, position=offer.position,
        case_number=event.case_number, exhibit=event.exhibit, manifest_sha256=event.manifest_sha256,
        files=event.files, size=event.bytes, read_back={"direct": event.files}, key=receiver,
        name=event.receiver_name or "nobody", at=offer.at,
    ).to_bytes()  # fmt: skip
    envelope = answer_envelope(answer, receiver, forger.owner.sign(pae(ANSWER_TYPE, answer)))
    accepted = CustodyAccepted(
        case_number=event.case_number, exhibit=event.exhibit, by=receiver, offer=offer.leaf,
        answer=envelope.decode(), position=offer.position,
    )  # fmt: skip
    forger.append(exhibit_stream(forger.ledger, event.case_number, event.exhibit), accepted)


def _sign_with_the_revoked_key(forger: Forger) -> None:
    owner = forger.owner.key_id
    [revoked] = {file.stem for file in forger.keys.glob("*.key")} - {owner}
    note = NoteAdded(case_number=CASE, text="All of it was checked by two people.")
    forger.append(case_stream(forger.ledger, CASE), note, forger.signer(KeyId(revoked)))


def _exchange_the_verifier(bundle: Path) -> None:
    change_bundle_file(
        bundle, "verify_custody.py", lambda _: b'print("OK  everything holds")\n', fit_sums=False
    )


def _change_a_digest(bundle: Path) -> None:
    change_bundle_file(bundle, "entries.ndjson", _with_another_digest, fit_sums=True)


def _with_another_digest(entries: bytes) -> bytes:
    """Change the first digest that was verified."""
    lines = entries.splitlines(keepends=True)
    at = next(
        number for number, line in enumerate(lines) if b'"FileVerified"' in open_envelope(line[:-1]).body
    )
    lines[at] = with_another_digest(lines[at][:-1]) + b"\n"
    return b"".join(lines)


LEDGER_FORGERIES: Final = (
    LedgerForgery(
        name="forged-cosignature",
        sentence="The holder of the key makes up a cosignature of the laboratory.",
        deed=_cosign, code="cosignature-forged",
    ),
    LedgerForgery(
        name="foreign-stamp",
        sentence="The holder of the key records a good time stamp, but of something else.",
        deed=_stamp_of_something_else, code="stamp-of-another-checkpoint",
    ),
    LedgerForgery(
        name="forged-stamp",
        sentence="The holder of the key makes that time stamp say what it should have said.",
        deed=_stamp_made_to_fit, code="stamp-signature",
    ),
    LedgerForgery(
        name="forged-hand-over",
        sentence="The holder of the key accepts the exhibit in the laboratory's name.",
        deed=_accept, code="forged-hand-over",
    ),
    LedgerForgery(
        name="revoked-key-used-later",
        sentence="The thief of the revoked key adds a note to the case.",
        deed=_sign_with_the_revoked_key, code="revoked-key",
    ),
)  # fmt: skip
BUNDLE_FORGERIES: Final = (
    BundleForgery(
        name="exchanged-verifier",
        sentence="Somebody puts another verifier into the bundle, one that is always content.",
        deed=_exchange_the_verifier, code="bundle-file-differs",
    ),
    BundleForgery(
        name="changed-bundle",
        sentence="Somebody changes an entry in the bundle, and its line in SHA256SUMS with it.",
        deed=_change_a_digest, code="bad-signature",
    ),
)  # fmt: skip
