"""The window [not before, not after] that time stamps give one entry.

Knows which stamps bear on a position. Judges each stamp by itself and no signature of the ledger: the window
is as good as the ledger, which ``audit`` judges.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from custody.domain.audit.stamps import differences, evidence_of
from custody.domain.entries.entry import Recorded
from custody.domain.errors import MalformedData, NotFound, Tampered
from custody.domain.events import CheckpointStamped
from custody.domain.identifiers import LedgerId, Stream, checkpoint_stream
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.time_stamp import ReadToken, TokenFacts, judge_token, time_text
from custody.domain.use_cases.signed_tree import KeptNote


class StampReader(Protocol):
    """A ledger's checkpoints, and what is recorded of each."""

    @property
    def ledger(self) -> LedgerId:
        """Return the ledger's id."""

    def checkpoints(self) -> Iterable[KeptNote]:
        """Return every checkpoint kept, wherever."""

    def history(self, stream: Stream) -> Iterable[Recorded]:
        """Return the events of one stream in order."""

    def document(self, sha256: str) -> bytes:
        """Return kept bytes, checked against their hash; raises NotFound and Tampered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One end of a window: the time (RFC 3339 UTC), and the entry of the stamp that sets it."""

    at: str
    position: int
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When an entry was made, as far as stamps show; ``not_counted`` are those that do not hold here."""

    not_before: Bound | None
    not_after: Bound | None
    not_counted: int


def time_window(reader: StampReader, position: int, read_token: ReadToken) -> Window:
    """Return the window of the entry at a position, by the stamps that hold."""
    earliest: Bound | None = None
    latest: Bound | None = None
    not_counted = 0
    for recorded, event, bears_above in _stamps(reader, position):
        facts = _facts(reader, event, read_token)
        if facts is None:
            not_counted += 1
            continue
        if bears_above:
            bound = _bound(time_text(facts.latest), recorded, facts)
            latest = bound if latest is None else min(latest, bound, key=lambda one: one.at)
        else:
            bound = _bound(time_text(facts.earliest), recorded, facts)
            earliest = bound if earliest is None else max(earliest, bound, key=lambda one: one.at)
    return Window(not_before=earliest, not_after=latest, not_counted=not_counted)


def _stamps(reader: StampReader, position: int) -> Iterator[tuple[Recorded, CheckpointStamped, bool]]:
    """Yield the stamps that bear on a position, and whether from above; a checkpoint never covers its own."""
    notes = {hashlib.sha256(kept.note).hexdigest(): kept.note for kept in reader.checkpoints()}
    for size in sorted({size for note in notes.values() if (size := _size(note)) is not None}):
        for recorded in reader.history(checkpoint_stream(reader.ledger, size)):
            event = recorded.event
            if not isinstance(event, CheckpointStamped) or event.note_sha256 not in notes:
                continue
            if position < event.size == size:
                yield recorded, event, True
            elif position >= recorded.position:
                yield recorded, event, False


def _facts(reader: StampReader, event: CheckpointStamped, read_token: ReadToken) -> TokenFacts | None:
    """Return what a stamp's token says, if it holds; None otherwise."""

    def document(sha256: str) -> bytes | None:
        try:
            return reader.document(sha256)
        except (NotFound, Tampered):
            return None

    try:
        facts = read_token(evidence_of(event, document))
    except MalformedData:
        return None
    judged = judge_token(facts, bytes.fromhex(event.note_sha256))
    return facts if judged.verdict == "passed" and not differences(event, facts) else None


def _size(note: bytes) -> int | None:
    try:
        return Checkpoint.parse(parse_note(note).text).size
    except MalformedData:
        return None


def _bound(at: str, recorded: Recorded, facts: TokenFacts) -> Bound:
    return Bound(at=at, position=recorded.position, authority=facts.authority)
