"""A ledger in memory, signed with a real key: records, checkpoints, head, and a source to audit them from."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from custody.domain.audit.checkpoints import RawNote
from custody.domain.audit.evidence import CopiesRead
from custody.domain.audit.head import RawHead
from custody.domain.audit.policy import DEFAULT_POLICY, AuditPolicy
from custody.domain.audit.record import RawColumns, RawRecord
from custody.domain.audit.revisions import RawRevision
from custody.domain.audit.signatures import Answers, Triple
from custody.domain.audit.terms import AuditTerms
from custody.domain.entries import dsse, entry
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CustodyError
from custody.domain.events import (
    BatchQueued,
    Event,
    KeyEnrolled,
    LedgerOpened,
    SessionClosed,
    SessionOpened,
    type_name,
)
from custody.domain.identifiers import BatchId, KeyId, LedgerId, Stream, batch_stream, key_stream
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, Checkpoint, signed_note
from custody.domain.proofs.cosignature import NOBODY, TrustedWitnesses
from custody.domain.proofs.merkle import Frontier, leaf_hash
from custody.domain.proofs.time_stamp import ReadToken
from custody.domain.use_cases.audit_ledger import AuditResult, ProjectionDifference, audit
from custody.infrastructure.crypto.ed25519 import Ed25519Signer, verify
from custody.infrastructure.crypto.key_files import new_private_key

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
KEY = Ed25519Signer(new_private_key())
OTHER_KEY = Ed25519Signer(new_private_key())
TRUSTED = {KeyId(KEY.key_id): KEY.public_raw}
PLAN = b'{"jobs":[]}'
PLAN_SHA256 = hashlib.sha256(PLAN).hexdigest()
AT = "2026-03-01T21:10:00.123456Z"
ZEROS = bytes(32)


def session_stream(number: int) -> Stream:
    return Stream("session", uuid5(LEDGER, f"session/{number}"))


def ledger_opened(ledger: LedgerId = LEDGER) -> LedgerOpened:
    return LedgerOpened(ledger=ledger, format="custody.ledger/1", tool="custody", version="0.1.0")


def key_enrolled(signer: Ed25519Signer = KEY, examiner: str = "J. Ortiz") -> KeyEnrolled:
    pem = signer.public_pem.decode()
    return KeyEnrolled(key=KeyId(signer.key_id), public_key=pem, examiner=examiner, protected=True)


def session_opened(*, synchronised: bool | None = True) -> SessionOpened:
    return SessionOpened(
        command="copy", examiner="J. Ortiz", host="lab-3", system="Linux", tool="custody", version="0.1.0",
        zone="UTC", utc_offset_seconds=0, clock_synchronised=synchronised,
    )  # fmt: skip


def batch_queued() -> BatchQueued:
    return BatchQueued(batch=BatchId(PLAN_SHA256), name="copy", jobs=1)


def signed_body(body: bytes, signer: Ed25519Signer = KEY, key_id: str | None = None) -> bytes:
    signature = signer.sign(dsse.pae(dsse.PAYLOAD_TYPE, body))
    return dsse.envelope(body, key_id or signer.key_id, signature)


@dataclass
class SignedLedger:
    """Appends as the writer does; tests then change the rows, notes, head or documents."""

    rows: list[RawRecord] = field(default_factory=list)
    notes: list[RawNote] = field(default_factory=list)
    documents: dict[str, object] = field(default_factory=lambda: {PLAN_SHA256: PLAN})
    head: RawHead | None = None
    damage: list[str] = field(default_factory=list)
    differences: list[ProjectionDifference] = field(default_factory=list)
    replay_error: CustodyError | None = None
    frontier: Frontier = field(default_factory=Frontier)
    previous: bytes = ZEROS
    revisions: Counter[UUID] = field(default_factory=Counter)
    at: str = AT

    def body(
        self, stream: Stream, event: Event, *, ledger: LedgerId = LEDGER, signer: Ed25519Signer = KEY
    ) -> bytes:
        return entry.body(
            entry.state_of(event, self.at),
            actor=KeyId(signer.key_id),
            ledger=str(ledger),
            place=(self.frontier.size, self.previous.hex()),
            stream=str(stream),
            revision=self.revisions[stream.id] + 1,
            name=type_name(event),
            salt="00" * 16,
        )

    def add(
        self, stream: Stream, event: Event, *, ledger: LedgerId = LEDGER, signer: Ed25519Signer = KEY
    ) -> None:
        self.add_entry(
            stream, event, signed_body(self.body(stream, event, ledger=ledger, signer=signer), signer)
        )

    def add_entry(self, stream: Stream, event: Event, raw: bytes) -> None:
        self.revisions[stream.id] += 1
        columns = RawColumns(stream.id.bytes, self.revisions[stream.id], type_name(event))
        self.rows.append(RawRecord(position=self.frontier.size, entry=raw, columns=columns))
        self.previous = leaf_hash(raw)
        self.frontier.append(self.previous)
        self.head = RawHead(
            size=self.frontier.size,
            frontier=self.frontier.to_bytes(),
            previous=self.previous,
            ledger=str(LEDGER),
        )

    def note(self, signer: Ed25519Signer = KEY, origin: str = f"{ORIGIN_PREFIX}{LEDGER}") -> bytes:
        text = Checkpoint(origin=origin, size=self.frontier.size, root=self.frontier.root()).text()
        return signed_note(text, origin, signer.public_raw, signer.sign(text))

    def sign_checkpoint(self) -> None:
        size = self.frontier.size
        row = RawNote(where=f"row {size}", note=self.note(), size=size, frontier=self.frontier.to_bytes())
        self.notes += [row, RawNote(where=f"file {size}", note=self.note(), size=size)]

    def withhold(self, *positions: int) -> None:
        """Give of these entries only the leaf hashes, as a bundle does."""
        for position in positions:
            row = self.rows[position]
            assert isinstance(row.entry, bytes)
            self.rows[position] = RawRecord(position=position, entry=None, withheld=leaf_hash(row.entry))

    def source(self) -> "MemorySource":
        return MemorySource(self)

    def audit(
        self,
        trusted: dict[KeyId, bytes] | None = None,
        extra: Sequence[bytes] = (),
        witnesses: TrustedWitnesses = NOBODY,
        read_token: ReadToken | None = None,
        *,
        policy: AuditPolicy = DEFAULT_POLICY,
        now: datetime | None = None,
        read_copies: Callable[[], CopiesRead] | None = None,
    ) -> AuditResult:
        keys = TRUSTED if trusted is None else trusted
        return audit(
            self.source(), keys, verify_each, extra_checkpoints=extra, read_copies=read_copies,
            terms=AuditTerms(witnesses=witnesses, read_token=read_token, policy=policy, now=now),
        )  # fmt: skip


@dataclass
class MemorySource:
    ledger: SignedLedger

    def damage(self) -> Iterable[str]:
        return self.ledger.damage

    def checkpoints(self) -> Iterable[RawNote]:
        return self.ledger.notes

    def records(self) -> Iterable[RawRecord]:
        return self.ledger.rows

    def records_at(self, positions: Sequence[int]) -> Iterable[RawRecord]:
        return [row for row in self.ledger.rows if row.position in positions]

    def records_before(self, stream: bytes, revision: int) -> Iterable[RawRecord]:
        return [
            row
            for row in reversed(self.ledger.rows)
            if row.columns is not None and row.columns.stream == stream and row.columns.revision < revision
        ]

    def head(self) -> RawHead | None:
        return self.ledger.head

    def revisions(self) -> Iterable[RawRevision]:
        rows = [
            RawRevision(row.columns.stream, row.columns.revision, row.position)
            for row in self.ledger.rows
            if row.columns is not None
        ]
        return sorted(rows, key=lambda row: (str(row.stream), str(row.revision).zfill(9)))

    def document(self, sha256: str) -> object:
        return self.ledger.documents.get(sha256)

    @contextmanager
    def replayed(self, events: Iterable[Recorded]) -> Iterator[Iterable[ProjectionDifference]]:
        if self.ledger.replay_error is not None:
            raise self.ledger.replay_error
        for _ in events:
            pass
        yield self.ledger.differences


def verify_each(triples: Sequence[Triple]) -> Answers:
    return lambda: [verify(*triple) for triple in triples]


def new_ledger(sessions: int = 1, *, closed: bool = True) -> SignedLedger:
    """A ledger of 2 + 3 entries a session, with a checkpoint after each session and after the beginning."""
    ledger = SignedLedger()
    ledger.add(Stream("ledger", LEDGER), ledger_opened())
    ledger.add(key_stream(LEDGER, KeyId(KEY.key_id)), key_enrolled())
    ledger.sign_checkpoint()
    for number in range(sessions):
        last = number == sessions - 1
        ledger.add(session_stream(number), session_opened())
        ledger.add(batch_stream(LEDGER, BatchId(PLAN_SHA256)), batch_queued())
        if closed or not last:
            ledger.add(session_stream(number), SessionClosed(exit=0))
            ledger.sign_checkpoint()
    return ledger
