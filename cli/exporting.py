"""Exporting a bundle: what belongs to it, the files, and the entry that says it was given out.

Knows the order: the bundle stands durably before the ledger says so. What is in it is the business of
``domain.proofs.disclosure`` and ``reports.bundle``.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from custody.cli.brought_files import brought_witnesses
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.cli.wording import counted
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CannotTell, NotFound, UsageError
from custody.domain.events import BundleExported, CheckpointCosigned, CheckpointStamped
from custody.domain.identifiers import FIRST_REVISION, KeyId, Stream
from custody.domain.paths import escape_text, printable, to_json
from custody.domain.ports import Recording
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.cited import CITING
from custody.domain.proofs.cosignature import witness_vkey
from custody.domain.proofs.disclosure import Disclosure, Scope, cases_with, everything, within
from custody.infrastructure.crypto.ed25519 import load_public_pem
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.files.new_file import require_new
from custody.infrastructure.files.new_files import new_files
from custody.infrastructure.system import new_stream_id
from custody.reports.bundle import Content, GivenReport, write_bundle

_CHUNK_BYTES: Final = 1 << 20
_WITH_DOCUMENTS: Final = (*CITING, "ReportIssued")
_WITH_EXHIBITS: Final = ("JobQueued", "ExhibitRegistered")


def export_bundle(
    run: Invocation, out: str, *, case: str | None, exhibit: str | None, reports: Sequence[str]
) -> Answer:
    """Write a bundle to a new folder, or ZIP if it is called so, and record it.

    Raises Refused when something is there already, NotFound for an unknown case or exhibit, UsageError for a
    report that this ledger did not issue, Tampered when the ledger contradicts its checkpoint.
    """
    path = Path(out)
    require_new(path)
    return in_session(run, lambda session: _export(session, path, case, exhibit, reports))


def _export(
    session: Session, out: Path, case: str | None, exhibit: str | None, reports: Sequence[str]
) -> Answer:
    reader = session.store.reader
    note = session.store.make_checkpoint()
    checkpoint = Checkpoint.parse(parse_note(note).text)
    given = {_sha256(Path(file)): Path(file) for file in reports}
    scope = _scope(reader, case, exhibit, frozenset(given))
    disclosure = _disclosure(reader, checkpoint.size, scope)
    content = Content(
        ledger=session.ledger.ledger,
        note=note,
        notes=_notes(reader, checkpoint, note),
        entries=lambda: reader.entries(0, checkpoint.size - 1),
        disclosure=disclosure,
        scope=scope,
        keys=_keys(session),
        document=reader.document,
        reports=[_given(disclosure, sha256, file) for sha256, file in given.items()],
        stamp=_stamp(reader, checkpoint.size),
        witnesses=_witnesses(session, reader, checkpoint.size),
    )
    with new_files(out) as files:
        sums = write_bundle(files, content)
    zip_sha256 = _sha256(out) if out.is_file() else None
    exported = BundleExported(
        size=checkpoint.size,
        disclosed=disclosure.count,
        case_number=scope.case_number,
        exhibit=scope.exhibit,
        sums_sha256=sums,
        zip_sha256=zip_sha256,
    )
    stream = Stream("report", new_stream_id())
    position = session.ledger.append([Recording(stream, FIRST_REVISION, exported)])
    return _answer(out, exported, position)


def _answer(out: Path, exported: BundleExported, position: int) -> Answer:
    withheld = exported.size - exported.disclosed
    return Answer(
        verdict=f"OK  bundle written: {printable(bytes(out))}",
        lines=(
            f"  entries     {exported.disclosed} disclosed, {withheld} withheld",
            f"  checkpoint  of {counted(exported.size, 'entry', 'entries')}; recorded at {position}",
            f"  SHA256SUMS  {exported.sums_sha256}",
            *((f"  ZIP         {exported.zip_sha256}",) if exported.zip_sha256 else ()),
            "  VERIFY.md in it has the commands; whoever gets it needs the public key on another way",
        ),
        fields={
            **to_json("out", bytes(out)),
            "size": exported.size,
            "disclosed": exported.disclosed,
            "withheld": withheld,
            "sums_sha256": exported.sums_sha256,
            "zip_sha256": exported.zip_sha256,
            "position": position,
        },
    )


def _scope(reader: SqlLedgerReader, case: str | None, exhibit: str | None, reports: frozenset[str]) -> Scope:
    """Return what was asked for; an exhibit without a case is that of the one case that has it."""
    if exhibit is None or case is not None:
        return Scope(case_number=case, exhibit=exhibit, reports=reports)
    cases = cases_with(reader.recorded(types=_WITH_EXHIBITS), exhibit)
    if len(cases) > 1:
        raise UsageError(
            f"several cases have an exhibit {escape_text(exhibit)}", hint="name the case with --case"
        )
    if not cases:
        raise NotFound(f"the ledger has no exhibit {escape_text(exhibit)}", hint="see 'custody log show'")
    return Scope(case_number=next(iter(cases)), exhibit=exhibit, reports=reports)


def _disclosure(reader: SqlLedgerReader, size: int, scope: Scope) -> Disclosure:
    if not scope.partial:
        return everything(_recorded(reader, size, _WITH_DOCUMENTS), size, scope)
    disclosure = within(_recorded(reader, size), size, scope)
    if not disclosure.found:
        what = "case" if scope.exhibit is None else f"exhibit {escape_text(scope.exhibit)} in the case"
        raise NotFound(
            f"the ledger has no {what} {escape_text(scope.case_number or '')}",
            done="No bundle was made.",
            hint="'custody batch list' and 'custody batch show' name the cases of jobs",
        )
    return disclosure


def _stamp(reader: SqlLedgerReader, size: int) -> tuple[int, CheckpointStamped] | None:
    """Return the last stamp whose authority's certificates are kept, and its position."""
    found = None
    for recorded in _recorded(reader, size, ("CheckpointStamped",)):
        if isinstance(recorded.event, CheckpointStamped) and recorded.event.certificates:
            found = recorded.position, recorded.event
    return found


def _witnesses(session: Session, reader: SqlLedgerReader, size: int) -> list[str]:
    """Return the verifier keys of those whom this workspace trusts and who cosigned this ledger."""
    events = (one.event for one in _recorded(reader, size, ("CheckpointCosigned",)))
    signed = {(one.witness, one.key_hash) for one in events if isinstance(one, CheckpointCosigned)}
    trusted = brought_witnesses((), session.workspace).values()
    chosen = (key for key in trusted if (key.name, key.key_hash.hex()) in signed)
    return [witness_vkey(key.name, key.public_raw) for key in chosen]


def _recorded(reader: SqlLedgerReader, size: int, types: Sequence[str] = ()) -> Iterator[Recorded]:
    return reader.recorded(0, size - 1, types)


def _notes(reader: SqlLedgerReader, checkpoint: Checkpoint, note: bytes) -> dict[int, bytes]:
    """Return the notes of every size up to the newest, each as the ledger's table has it."""
    kept = {found.size: found.note for found in reader.checkpoints() if found.where == "table"}
    return {**{size: kept[size] for size in sorted(kept) if size < checkpoint.size}, checkpoint.size: note}


def _keys(session: Session) -> dict[KeyId, tuple[bytes, bytes]]:
    keys = [load_public_pem(pem) for pem in session.workspace.public_keys().values()]
    return {KeyId(key.key_id): (key.pem, key.raw) for key in keys}


def _given(disclosure: Disclosure, sha256: str, file: Path) -> GivenReport:
    issued = disclosure.reports.get(sha256)
    if issued is None:
        raise UsageError(
            f"this ledger issued no report with the content of {printable(bytes(file))}",
            done="No bundle was made.",
            hint="give a file as 'custody report' wrote it",
        )
    return GivenReport(
        content=_pieces(file), suffix=file.suffix, issued=issued, position=disclosure.positions[sha256]
    )


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise CannotTell(f"the file cannot be read: {printable(bytes(file))}: {error.strerror}") from error
