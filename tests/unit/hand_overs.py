"""Hand-overs in ledgers of memory: a giver, a receiver, and what one may forge."""

import hashlib
from dataclasses import dataclass, field, replace

from custody.domain.entries import dsse
from custody.domain.events import (
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    Event,
    ExhibitRegistered,
    FileVerified,
    JobQueued,
)
from custody.domain.exhibits.answer import ANSWER_TYPE, Answer, answer_envelope
from custody.domain.exhibits.manifest import ManifestFile, ManifestHead, write_manifest
from custody.domain.exhibits.offer import Offer, offer_of
from custody.domain.identifiers import (
    BatchId,
    JobId,
    KeyId,
    Position,
    Stream,
    exhibit_stream,
    job_id,
    transfer_id,
)
from custody.domain.paths import RawPath
from custody.domain.use_cases.audit_ledger import AuditResult
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from tests.unit.one_file_ledger import judged_by_both
from tests.unit.signed_ledger import AT, KEY, LEDGER, OTHER_KEY, PLAN_SHA256, SignedLedger, new_ledger

CASE, EXHIBIT = "26-1", "A-001"
STREAM = exhibit_stream(LEDGER, CASE, EXHIBIT)
JOB = JobId(job_id(LEDGER, BatchId(PLAN_SHA256), 0))
GIVER, RECEIVER = KeyId(KEY.key_id), KeyId(OTHER_KEY.key_id)
TRUSTED = {GIVER: KEY.public_raw, RECEIVER: OTHER_KEY.public_raw}
FILES = (b"card/a.mov", b"card/b.mov")
SHA = hashlib.sha256(b"content").hexdigest()


def registered(**changed: object) -> ExhibitRegistered:
    return replace(ExhibitRegistered(case_number=CASE, exhibit=EXHIBIT), **changed)  # type: ignore[arg-type]


@dataclass
class HandOverLedger:
    """A sound ledger with one exhibit of two files; ``offer`` and ``accept`` go on from there."""

    ledger: SignedLedger = field(default_factory=lambda: new_ledger(1, closed=False))
    entries: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        queued = JobQueued(
            batch=BatchId(PLAN_SHA256), index=0, name="copy", case_number=CASE, exhibit=EXHIBIT,
            destination=RawPath(b"/mnt/evidence"), sources=(), source_count=0, algorithms=("sha256",),
            form={},
        )  # fmt: skip
        self.add(Stream("job", JOB), queued)
        for path in FILES:
            self.entries.append(len(self.ledger.rows))
            self.add(
                Stream("file", transfer_id(JOB, path)),
                FileVerified(path=RawPath(path), size=7, digests={"sha256": SHA}, read_back="direct"),
            )

    def add(self, stream: Stream, event: Event, signer: Ed25519Signer = KEY) -> int:
        self.ledger.add(stream, event, signer=signer)
        return len(self.ledger.rows) - 1

    def register(self, event: ExhibitRegistered | None = None, signer: Ed25519Signer = KEY) -> int:
        return self.add(STREAM, event or registered(), signer)

    def manifest(self, *files: ManifestFile, head: ManifestHead | None = None) -> bytes:
        listed = files or tuple(
            ManifestFile(path=RawPath(path), size=7, digests={"sha256": SHA}, entry=Position(entry))
            for path, entry in zip(FILES, self.entries, strict=True)
        )
        return write_manifest(head or ManifestHead(ledger=LEDGER, case_number=CASE, exhibit=EXHIBIT), listed)

    def offered(self, manifest: bytes | None = None, **changed: object) -> CustodyOffered:
        content = manifest or self.manifest()
        sha256 = hashlib.sha256(content).hexdigest()
        self.ledger.documents[sha256] = content
        event = CustodyOffered(
            case_number=CASE, exhibit=EXHIBIT, receiver=RECEIVER, receiver_key=OTHER_KEY.public_pem.decode(),
            giver_name="J. Ortiz", receiver_name="M. Berger", manifest_sha256=sha256, files=2, bytes=14,
        )  # fmt: skip
        return replace(event, **changed)  # type: ignore[arg-type]

    def offer(
        self, event: CustodyOffered | None = None, signer: Ed25519Signer = KEY, stream: Stream = STREAM
    ) -> Offer:
        position = self.add(stream, event or self.offered(), signer)
        entry = self.ledger.rows[position].entry
        assert isinstance(entry, bytes)
        return offer_of(entry)

    def accept(self, event: CustodyAccepted | CustodyDeclined, signer: Ed25519Signer = KEY) -> int:
        return self.add(STREAM, event, signer)

    def audit(self) -> AuditResult:
        return judged_by_both(self.ledger, TRUSTED)

    def codes(self) -> list[tuple[int | None, str]]:
        """The findings, but for the enrolment of the second key, which these ledgers do without."""
        return [
            (finding.position, finding.code)
            for finding in self.audit().findings
            if finding.code not in {"key-not-enrolled", "claim-unfounded"}
        ]


def answer(offer: Offer, **changed: object) -> Answer:
    event = offer.event
    made = Answer(
        answer="accepted", offer=offer.leaf, ledger=offer.ledger, position=offer.position,
        case_number=event.case_number, exhibit=event.exhibit, manifest_sha256=event.manifest_sha256,
        files=event.files, size=event.bytes, read_back={"direct": event.files}, key=RECEIVER,
        name="M. Berger", at=AT,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def signed(made: Answer, signer: Ed25519Signer = OTHER_KEY) -> str:
    body = made.to_bytes()
    return answer_envelope(body, made.key, signer.sign(dsse.pae(ANSWER_TYPE, body))).decode()


def accepted(offer: Offer, **changed: object) -> CustodyAccepted:
    event = CustodyAccepted(
        case_number=CASE, exhibit=EXHIBIT, by=RECEIVER, offer=offer.leaf, answer=signed(answer(offer)),
        position=offer.position,
    )  # fmt: skip
    return replace(event, **changed)  # type: ignore[arg-type]


def declined(offer: Offer, *, signer: Ed25519Signer = OTHER_KEY, **changed: object) -> CustodyDeclined:
    key = KeyId(signer.key_id)
    event = CustodyDeclined(
        case_number=CASE, exhibit=EXHIBIT, by=key, offer=offer.leaf, position=offer.position,
        answer=signed(answer(offer, answer="declined", key=key, read_back={}), signer),
    )  # fmt: skip
    return replace(event, **changed)  # type: ignore[arg-type]
