"""Taking in what a witness gave back: its cosignature, verified, becomes an entry of this ledger.

Knows that an anchor is only worth something on a checkpoint that today's ledger extends, and that nothing is
trusted because the file names it. A claim is recorded only after all of it was verified.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CannotTell, Tampered
from custody.domain.events import CheckpointCosigned
from custody.domain.identifiers import Position, Stream, checkpoint_stream
from custody.domain.paths import escape_text
from custody.domain.ports import LedgerWriter, Recording
from custody.domain.proofs.checkpoint import Note, NoteSignature, parse_note
from custody.domain.proofs.cosignature import Cosignature, TrustedWitnesses, WitnessedBy, witnessed_by
from custody.domain.use_cases.check_checkpoint import ConsistencyResult, check_checkpoint
from custody.domain.use_cases.signed_tree import TreeReader, ledger_lines, one_at_a_time, signed_checkpoints


class AnchoredLedger(TreeReader, Protocol):
    """A ledger that is read by position and by stream."""

    def revision(self, stream: Stream) -> int:
        """Return the last revision of a stream; 0 when there is none."""

    def history(self, stream: Stream) -> Iterable[Recorded]:
        """Return the events of one stream in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What became of a cosigned note.

    ``check`` says whether the ledger extends it; only then something is recorded. ``recorded`` and ``known``
    have what is new and what was recorded before, with their positions; ``ignored`` counts lines of others.
    """

    check: ConsistencyResult
    recorded: tuple[tuple[Position, CheckpointCosigned], ...] = ()
    known: tuple[tuple[Position, CheckpointCosigned], ...] = ()
    ignored: int = 0


def import_cosignatures(
    ledger: LedgerWriter, reader: AnchoredLedger, raw: bytes, *, trusted: TrustedKeys,
    witnesses: TrustedWitnesses, verify_many: VerifyMany,
) -> ImportResult:  # fmt: skip
    """Verify a cosigned note and record each cosignature of a trusted witness that is new.

    Raises MalformedData for what is no checkpoint, CannotTell when no trusted witness signed it, Tampered for
    a line that is not what a trusted witness signs.
    """
    # 1. Today's ledger must extend it, and it must have been signed here.
    check = check_checkpoint(reader, raw, trusted, verify_many)
    if check.verdict != "passed":
        return ImportResult(check=check)
    # 2. The lines of trusted witnesses must be good; there must be one.
    note = parse_note(raw)
    own = ledger_lines(note, check.given.origin, trusted.values())
    found = witnessed_by(note, witnesses, one_at_a_time(verify_many))
    _require_good(found)
    # 3. What is known already is not recorded twice.
    digest = hashlib.sha256(_kept_note(reader, note, trusted, verify_many)).hexdigest()
    events = {line.line(): _event(check, digest, line, cosignature) for _, line, cosignature in found.good}
    known = _known(reader, check.given.size, events)
    new = [event for line, event in events.items() if line not in known]
    return ImportResult(
        check=check,
        recorded=_record(ledger, reader, check.given.size, new),
        known=tuple(known.values()),
        ignored=len(note.signatures) - len(own.signatures) - len(found.good),
    )


def _require_good(found: WitnessedBy) -> None:
    if found.forged:
        raise Tampered(
            f"the cosignature of witness {escape_text(found.forged[0].name)} does not fit this checkpoint",
            done="Nothing was recorded.",
            hint="ask the witness for the file again",
        )
    if not found.good:
        raise CannotTell(
            "no witness that is trusted here cosigned the checkpoint",
            done="Nothing was recorded.",
            hint="get the witness's verifier key from the witness, and give it with --witness or put it into "
            "the workspace's 'witnesses'",
        )


def _kept_note(reader: AnchoredLedger, note: Note, trusted: TrustedKeys, verify_many: VerifyMany) -> bytes:
    """Return the note of this checkpoint exactly as it is kept: that is what an anchor is recorded of."""
    for kept in signed_checkpoints(reader, trusted, one_at_a_time(verify_many)):
        if parse_note(kept.note).text == note.text:
            return kept.note
    raise CannotTell(
        "this checkpoint, which the ledger extends, is not kept here any more",
        done="Nothing was recorded.",
        hint="restore the workspace's checkpoints folder, or have a newer checkpoint cosigned",
    )


def _event(
    check: ConsistencyResult, note_sha256: str, line: NoteSignature, cosignature: Cosignature
) -> CheckpointCosigned:
    return CheckpointCosigned(
        size=check.given.size,
        root=check.given.root.hex(),
        note_sha256=note_sha256,
        witness=line.name,
        key_hash=line.key_hash.hex(),
        time=cosignature.time,
        cosignature=line.line(),
    )


def _known(
    reader: AnchoredLedger, size: int, lines: Collection[str]
) -> dict[str, tuple[Position, CheckpointCosigned]]:
    return {
        recorded.event.cosignature: (recorded.position, recorded.event)
        for recorded in reader.history(checkpoint_stream(reader.ledger, size))
        if isinstance(recorded.event, CheckpointCosigned) and recorded.event.cosignature in lines
    }


def _record(
    ledger: LedgerWriter, reader: AnchoredLedger, size: int, events: Sequence[CheckpointCosigned]
) -> tuple[tuple[Position, CheckpointCosigned], ...]:
    if not events:
        return ()
    stream = checkpoint_stream(reader.ledger, size)
    revision = reader.revision(stream) + 1
    last = ledger.append([Recording(stream, revision + at, event) for at, event in enumerate(events)])
    first = last - len(events) + 1
    return tuple((Position(first + at), event) for at, event in enumerate(events))
