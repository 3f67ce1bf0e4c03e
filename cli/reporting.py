"""Making a report: the ledger up to a position, its head, the file, and the entry that cites the file.

Knows the order: the file stands before the ledger says so. What a report says is the business of ``reports``.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from custody.cli.adapters import trusted_keys
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.cli.wording import counted, size_text
from custody.domain.errors import NotFound, Tampered, UsageError
from custody.domain.events import KeyEnrolled, ReportIssued
from custody.domain.identifiers import FIRST_REVISION, BatchId, Position, Stream, key_stream
from custody.domain.paths import printable, to_json
from custody.domain.ports import ReadModel, Recording
from custody.domain.projections.rows import BatchRow, JobRow
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.merkle import Frontier, leaf_hash
from custody.domain.use_cases.batch_names import named_batch
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.files.new_file import new_file
from custody.infrastructure.system import new_stream_id
from custody.reports.content import KeyFingerprint, LedgerHead, Scope, build
from custody.reports.pdf import write_custody_pdf

KIND: Final = "custody"
# Entries about the ledger's own use: printing twice must give the same bytes.
_NOT_REPORTED: Final = frozenset(
    {
        "SessionOpened",
        "SessionClosed",
        "ReportIssued",
        "BundleExported",
        "CheckpointStamped",
        "CheckpointCosigned",
        "CosignatureGiven",
    }
)
_ANCHORS: Final = frozenset({"CheckpointStamped", "CheckpointCosigned"})
_NO_REPORT: Final = "No report was made."
_PAGE: Final = 1000


def report_custody(
    run: Invocation, out: str, *, batch: str | None, job: str | None, at: int | None
) -> Answer:
    """Write the custody report to a new file and record it.

    Raises Refused when the file is there, NotFound for an unknown batch, job or position, Tampered when the
    ledger contradicts its checkpoint.
    """
    return in_session(
        run, lambda session: _report(session, Path(out), batch, job, at), records="ReportIssued"
    )


def _report(session: Session, out: Path, batch: str | None, job: str | None, at: int | None) -> Answer:
    reader = session.store.reader
    scope = _scope(session.store.read_model, batch, job)
    head = _head(session, _position(reader, at))
    report = build(
        lambda: reader.recorded(0, head.position), ledger=session.ledger.ledger, scope=scope, head=head
    )
    with new_file(out) as stream:
        write_custody_pdf(report, stream)
    content = out.read_bytes()
    issued = ReportIssued(
        kind=KIND,
        at_position=head.position,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        batch=scope.batch,
    )
    position = session.ledger.append([Recording(Stream("report", new_stream_id()), FIRST_REVISION, issued)])
    return _answer(out, issued, position, behind=_anchors_behind(reader, head.position) if at is None else ())


def _anchors_behind(reader: SqlLedgerReader, position: Position) -> Sequence[Position]:
    """Return where stamps and cosignatures stand that the default position leaves out."""
    return [Position(one.position) for one in reader.entries(position + 1) if one.type in _ANCHORS]


def _answer(out: Path, issued: ReportIssued, position: Position, *, behind: Sequence[Position]) -> Answer:
    return Answer(
        verdict=f"OK  report written: {printable(bytes(out))}",
        lines=(
            f"  SHA-256   {issued.sha256}",
            f"  size      {size_text(issued.size)}",
            f"  covers    the ledger up to position {issued.at_position}; recorded at {position}",
            *_left_out(behind),
        ),
        fields={
            **to_json("out", bytes(out)),
            "sha256": issued.sha256,
            "bytes": issued.size,
            "at_position": issued.at_position,
            "position": position,
            "anchors_left_out": list(behind),
        },
    )


def _left_out(behind: Sequence[Position]) -> Iterator[str]:
    if behind:
        which = counted(len(behind), "time stamp or cosignature", "time stamps and cosignatures")
        yield f"  leaves out {which} recorded behind that; to tell of it all: --at {behind[-1]}"


def _scope(model: ReadModel, batch: str | None, job: str | None) -> Scope:
    row = None if batch is None else named_batch(model, batch)
    if job is None:
        return Scope(batch=BatchId(row.batch) if row else None)
    if row is None:
        raise UsageError("--job needs the batch whose job is meant", hint="name the batch before --out")
    return Scope(batch=BatchId(row.batch), job=_named_job(row, model.jobs(row.batch), job).id)


def _named_job(batch: BatchRow, jobs: Sequence[JobRow], text: str) -> JobRow:
    """Return the job of this id, else of this number, else of this name, which only one may have."""
    hint = f"'custody batch show {batch.batch[:12]}' lists the jobs; their numbers are unique"
    for names in (lambda job: str(job.id), lambda job: str(job.index + 1), lambda job: job.name):
        found = [job for job in jobs if names(job) == text]
        if len(found) > 1:
            raise UsageError(f"{len(found)} jobs of the batch are called {text!r}", hint=hint)
        if found:
            return found[0]
    raise NotFound(f"the batch has no job {text!r}", hint=hint)


def _position(reader: SqlLedgerReader, at: int | None) -> Position:
    """Return the position to report up to: the one asked for, else the last one about evidence."""
    size = reader.size()
    if at is not None:
        if at >= size:
            raise NotFound(f"there is no entry at position {at}", hint=f"the last one is {size - 1}")
        return Position(at)
    end = size
    while end > 0:
        begin = max(0, end - _PAGE)
        kept = [
            stored.position for stored in reader.entries(begin, end - 1) if stored.type not in _NOT_REPORTED
        ]
        if kept:
            return Position(kept[-1])
        end = begin
    raise NotFound("the ledger is empty", hint="copy something first")


def _head(session: Session, position: Position) -> LedgerHead:
    """Return the tree over the ledger up to a position; compares the whole with its last checkpoint."""
    reader = session.store.reader
    kept = reader.latest_checkpoint()
    signed = Checkpoint.parse(parse_note(kept.note).text) if kept else None
    tree = Frontier()
    root, leaf = b"", b""
    for hashed in _leaves(reader):
        tree.append(hashed)
        if tree.size == position + 1:
            root, leaf = tree.root(), hashed
        if signed is not None and tree.size == signed.size:
            _require_root(tree, signed)
    if signed is not None and tree.size < signed.size:
        raise _missing(tree.size)
    return LedgerHead(
        position=position, size=position + 1, root_hex=root.hex(), leaf_hex=leaf.hex(),
        keys=_fingerprints(session),
    )  # fmt: skip


def _leaves(reader: SqlLedgerReader) -> Iterator[bytes]:
    """Yield the leaf hash of every entry. Raises Tampered where one is missing."""
    for expected, stored in enumerate(reader.entries()):
        if stored.position != expected:
            raise _missing(expected)
        yield leaf_hash(stored.entry)


def _require_root(tree: Frontier, signed: Checkpoint) -> None:
    if tree.root() != signed.root:
        raise Tampered(
            f"the first {signed.size} entries are not those of their checkpoint",
            done=_NO_REPORT,
            hint="run 'custody audit', which names the position",
        )


def _missing(position: int) -> Tampered:
    return Tampered(
        f"the ledger has no entry at position {position}", done=_NO_REPORT, hint="run 'custody audit'"
    )


def _fingerprints(session: Session) -> tuple[KeyFingerprint, ...]:
    reader = session.store.reader
    return tuple(
        KeyFingerprint(key=key, examiner=recorded.event.examiner)
        for key in sorted(trusted_keys(session.workspace))
        for recorded in reader.history(key_stream(reader.ledger, key))
        if isinstance(recorded.event, KeyEnrolled)
    )
