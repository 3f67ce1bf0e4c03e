"""An offer file, judged by the one it is for: before anything is read, written or signed.

Knows the order of the checks. Trusts only the keys that are handed in.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from custody.domain.audit.custody import CustodyCheck
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import RawRecord, open_record
from custody.domain.audit.signatures import VerifyMany
from custody.domain.errors import CannotTell, MalformedData, Tampered
from custody.domain.events import ExhibitRegistered, KeyEnrolled, KeyRotated
from custody.domain.exhibits.exhibit import Description
from custody.domain.exhibits.manifest import ManifestHead, sum_up
from custody.domain.exhibits.offer import Offer, OfferFile, offer_of
from custody.domain.identifiers import KeyId
from custody.domain.proofs.proof import Proof
from custody.domain.use_cases.check_proof import TrustedKey, check_proof

_UNKNOWN: Final = frozenset({"unknown-key", "checkpoint-signature", "checkpoint-origin"})
"""Findings that another key may settle."""

_NOT_BELIEVED: Final = "Nothing was accepted and nothing was recorded."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedOffer:
    """An offer whose signatures hold: its entry, what the exhibit is, and the list of its files."""

    offer: Offer
    entry: bytes
    giver_key: bytes  # 32 raw bytes
    what: Description
    manifest: bytes


def received_offer(
    data: bytes, trusted: Mapping[KeyId, TrustedKey], verify_many: VerifyMany
) -> ReceivedOffer:
    """Return the offer that a file holds. Raises CannotTell without a key, Tampered, MalformedData."""
    # 1. the proof: signatures, inclusion, checkpoint  2. the exhibit's history as its entries make it
    # 3. the offer, which is the last of them  4. the list of files, by the SHA-256 in the offer
    file = OfferFile.parse(data)
    _require_proved(file.proof, trusted, verify_many)
    proved = Proof.parse(file.proof).entries
    history, what = _require_sound_history(file.proof, trusted, verify_many)
    offer = offer_of(proved[-1].entry)
    _require_manifest(file.manifest, offer, history.offered[-1].accepted)
    return ReceivedOffer(
        offer=offer, entry=proved[-1].entry, giver_key=trusted[offer.giver].raw, what=what,
        manifest=file.manifest,
    )  # fmt: skip


def _require_proved(proof: bytes, trusted: Mapping[KeyId, TrustedKey], verify_many: VerifyMany) -> None:
    result = check_proof(proof, trusted, verify_many)
    unknown = [one.message for one in result.findings if one.code == "unknown-key"]
    others = [one.message for one in result.findings if one.code not in _UNKNOWN]
    if result.verdict == "failed" and (others or not unknown):
        raise _refuted((*others, *(one.message for one in result.findings))[0])
    if result.verdict != "passed":
        reasons = (*unknown, *result.notes, "a key is missing")
        raise CannotTell(
            f"the offer cannot be judged: {reasons[0]}",
            done=_NOT_BELIEVED,
            hint="get the giver's verifier key from them in person and name it with --key",
        )


def _require_sound_history(
    proof: bytes, trusted: Mapping[KeyId, TrustedKey], verify_many: VerifyMany
) -> tuple[CustodyCheck, Description]:
    """Apply the auditor's rules to the exhibit's entries; returns what the exhibit is said to be, too."""
    findings = Findings()
    check = CustodyCheck(findings, {key: one.raw for key, one in trusted.items()}, verify_many)
    what = Description()
    exhibits = set()
    raw = (RawRecord(position=one.position, entry=one.entry) for one in Proof.parse(proof).entries)
    opened_one_by_one = (open_record(one, cast("int", one.position), findings) for one in raw)
    for opened in filter(None, opened_one_by_one):  # of one that does not open there is a finding
        if isinstance(opened.event, KeyRotated):
            _require_own(opened.entry.actor, opened.event)
        elif not isinstance(opened.event, KeyEnrolled):
            exhibits.add(opened.entry.stream)
        check.admit(opened, opened.recorded())
        if isinstance(opened.event, ExhibitRegistered):
            what = _described(opened.event)
    if len(exhibits) > 1:
        raise _refuted("it holds entries of several exhibits")
    for finding in findings.listed():
        raise _refuted(finding.message)
    return check, what


def _require_own(actor: KeyId, rotated: KeyRotated) -> None:
    """Require that a key gave its place away itself: only so is the successor known to be the same person."""
    if actor != rotated.key:
        raise _refuted(f"key {rotated.key} did not itself name the successor it is said to have")


def _described(event: ExhibitRegistered) -> Description:
    return Description(
        description=event.description, make=event.make, model=event.model, serial=event.serial,
        seal=event.seal, condition=event.condition,
    )  # fmt: skip


def _require_manifest(manifest: bytes, offer: Offer, accepted: str | None) -> None:
    """Require the list of the exhibit's files: the giver's own, or the one it came with when accepted."""
    event = offer.event
    if hashlib.sha256(manifest).hexdigest() != event.manifest_sha256:
        raise _refuted("the list of files is not the one that the giver signed for")
    try:
        sums = sum_up(manifest)
    except MalformedData as error:
        raise _refuted(f"the list of files cannot be read: {error.what}") from error
    ledger = sums.head.ledger if event.manifest_sha256 == accepted else offer.ledger
    head = ManifestHead(ledger=ledger, case_number=event.case_number, exhibit=event.exhibit)
    if (sums.head, sums.files, sums.bytes) != (head, event.files, event.bytes):
        raise _refuted("the list of files is of another exhibit, or of another number of files or bytes")


def _refuted(what: str) -> Tampered:
    return Tampered(
        f"the offer does not hold: {what}",
        done=_NOT_BELIEVED,
        hint="keep the file as it is, and ask the giver for it again",
    )
