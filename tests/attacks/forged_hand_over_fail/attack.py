"""The custodian signs an acceptance in the receiver's name: all fits, but for whose signature it is."""

import hashlib
from uuid import UUID

from custody.domain.entries.dsse import pae
from custody.domain.events import CustodyAccepted, CustodyOffered, ExhibitRegistered
from custody.domain.exhibits.answer import ANSWER_TYPE, Answer, answer_envelope
from custody.domain.exhibits.manifest import ManifestHead, write_manifest
from custody.domain.exhibits.offer import offer_of
from custody.domain.identifiers import KeyId, LedgerId, exhibit_stream
from tests.attacks.ledger_file import LedgerFile

CASE, EXHIBIT = "2026-0147", "A-001"


def attack(ledger: LedgerFile) -> None:
    ledger_id, receiver = LedgerId(UUID(str(ledger.body(0)["ledger"]))), KeyId(ledger.stranger.key_id)
    stream = exhibit_stream(ledger_id, CASE, EXHIBIT)
    manifest = write_manifest(ManifestHead(ledger=ledger_id, case_number=CASE, exhibit=EXHIBIT), ())
    ledger.keep_document(manifest)
    ledger.append(stream, ExhibitRegistered(case_number=CASE, exhibit=EXHIBIT), revision=1)
    offered = CustodyOffered(
        case_number=CASE, exhibit=EXHIBIT, receiver=receiver,
        receiver_key=ledger.stranger.public_pem.decode(), giver_name="J. Ortiz",
        manifest_sha256=hashlib.sha256(manifest).hexdigest(), files=0, bytes=0,
    )  # fmt: skip
    offer = offer_of(ledger.append(stream, offered, revision=2))
    answer = Answer(
        answer="accepted", offer=offer.leaf, ledger=ledger_id, position=offer.position, case_number=CASE,
        exhibit=EXHIBIT, manifest_sha256=offered.manifest_sha256, files=0, size=0, read_back={}, key=receiver,
        name="M. Berger", at=offer.at,
    ).to_bytes()  # fmt: skip
    envelope = answer_envelope(answer, receiver, ledger.signer.sign(pae(ANSWER_TYPE, answer)))
    accepted = CustodyAccepted(
        case_number=CASE, exhibit=EXHIBIT, by=receiver, offer=offer.leaf, answer=envelope.decode(),
        position=offer.position,
    )  # fmt: skip
    ledger.append(stream, accepted, revision=3)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
