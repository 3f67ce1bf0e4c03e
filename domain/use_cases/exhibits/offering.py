"""Offering an exhibit to somebody: the list of its files, the signed entry, the file that goes to them.

Knows what of the ledger goes along: the exhibit's own entries with their proof, and nothing else.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CannotTell, Refused, Tampered
from custody.domain.events import (
    CustodyAccepted,
    CustodyOffered,
    ExhibitRegistered,
    FileQualified,
    FileSkipped,
    FileVerified,
    KeyRotated,
)
from custody.domain.exhibits.case import require_open
from custody.domain.exhibits.exhibit import require_registered
from custody.domain.exhibits.manifest import (
    MAX_MANIFEST_FILES,
    ManifestFile,
    ManifestHead,
    sum_up,
    write_manifest,
)
from custody.domain.exhibits.offer import OfferFile
from custody.domain.exhibits.phrases import answer_in
from custody.domain.exhibits.transfer import objections_to_parting, objections_to_receiver, require_none
from custody.domain.identifiers import KeyId, Position, Stream, exhibit_stream, key_stream
from custody.domain.paths import RawPath, join, printable
from custody.domain.ports import LedgerReader, LedgerWriter, ReadModel
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.check_proof import TrustedKey, check_proof
from custody.domain.use_cases.exhibits.books import CustodyLedger, ExhibitBook, case_book, exhibit_book
from custody.domain.use_cases.explain import StoryReader
from custody.domain.use_cases.job_rows import all_jobs, proved_rows_of
from custody.domain.use_cases.prove import proof_of, require_good
from custody.domain.use_cases.signed_tree import chosen_checkpoint, one_at_a_time, signed_checkpoints
from custody.domain.use_cases.transfers import file_stream

_PROOFS: Final = (FileVerified, FileQualified, FileSkipped)
_PAGE: Final = 1000
_EVERYWHERE: Final = RawPath(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Whom an exhibit is offered to."""

    key: KeyId
    public_key: str  # PEM
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is said of a hand-over: the fields of NIST's sample form."""

    purpose: str | None = None
    place: str | None = None
    comments: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer that is recorded."""

    position: Position
    event: CustodyOffered
    manifest: bytes


def record_offer(
    ledger: LedgerWriter, reader: StoryReader, model: ReadModel, name: tuple[str, str], *, actor: KeyId,
    giver_name: str, receiver: Receiver, terms: Terms,
) -> Offered:  # fmt: skip
    """Record the offer of an exhibit with the list of its files; ``name`` is case and exhibit number.

    Raises NotFound; NotAllowed unless its custodian offers it; Refused for an exhibit that is offered or
    released, a closed case, or a copy that was refuted; MalformedData for too many files.
    """
    book = exhibit_book(reader, *name)
    require_registered(book.exhibit)
    require_none(objections_to_parting(book.exhibit, actor, "offered"))
    require_open(case_book(reader, name[0]).case)
    manifest = exhibit_manifest(ledger, reader, model, name) or accepted_manifest(reader, book.stream)
    if manifest is None:
        manifest = write_manifest(_head(ledger, name), ())
    sums = sum_up(manifest)
    event = CustodyOffered(
        case_number=name[0], exhibit=name[1], receiver=receiver.key, receiver_key=receiver.public_key,
        receiver_name=receiver.name, giver_name=giver_name,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(), files=sums.files, bytes=sums.bytes,
        purpose=terms.purpose, place=terms.place, comments=terms.comments,
    )  # fmt: skip
    require_none(objections_to_receiver(event))
    ledger.keep_document(manifest)
    position = ledger.append(book.next(event))
    return Offered(position=position, event=event, manifest=manifest)


def offer_file(
    reader: CustodyLedger, offered: Offered, trusted: TrustedKeys, verify_many: VerifyMany
) -> bytes:
    """Return the file that the receiver gets; a checkpoint must cover the offer. Raises as ``prove`` does."""
    name = (offered.event.case_number, offered.event.exhibit)
    stream = exhibit_stream(reader.ledger, *name)
    history = reader.history(stream)
    rotations = reader.recorded(last=offered.position, types=("KeyRotated",))
    keys = [key_stream(reader.ledger, key) for key in _rotated(history, rotations)]
    told = (one.position for stream in (stream, *keys) for one in reader.history(stream))
    positions = sorted(position for position in told if position <= offered.position)
    signed = chosen_checkpoint(signed_checkpoints(reader, trusted, one_at_a_time(verify_many)))
    if signed.checkpoint.size <= offered.position:
        raise CannotTell("no checkpoint covers the offer yet", hint="sign one with 'custody checkpoint make'")
    proof = proof_of(reader, signed, positions).to_bytes()
    require_good(check_proof(proof, {key: TrustedKey(raw=raw) for key, raw in trusted.items()}, verify_many))
    return OfferFile(proof, offered.manifest).to_bytes()


def _rotated(history: Iterable[Recorded], rotations: Iterable[Recorded]) -> Iterator[KeyId]:
    """Yield the keys by whose rotation holders came to another one: the receiver must be able to follow."""
    held = {holder for one in history if (holder := _holder(one)) is not None}
    for rotation in rotations:
        if isinstance(rotation.event, KeyRotated) and rotation.event.key in held:
            held.add(rotation.event.successor)
            yield rotation.event.key


def _holder(recorded: Recorded) -> KeyId | None:
    match recorded.event:
        case ExhibitRegistered() as event:
            return event.holder or recorded.actor
        case CustodyAccepted() as event:
            return event.by
        case _:
            return None


def open_offer(reader: LedgerReader, book: ExhibitBook) -> Offered | None:
    """Return the offer of an exhibit that is not answered yet. Raises NotFound or Tampered for its list."""
    for recorded in reader.history(book.stream):
        event = recorded.event
        if recorded.position == book.exhibit.open_offer and isinstance(event, CustodyOffered):
            manifest = reader.document(event.manifest_sha256)
            return Offered(position=recorded.position, event=event, manifest=manifest)
    return None


def exhibit_manifest(
    ledger: LedgerWriter, reader: LedgerReader, model: ReadModel, name: tuple[str, str]
) -> bytes | None:
    """Return the list of all files of an exhibit that this ledger proved, by entries whose signatures hold.

    None when it proved none. The paths are below the folder that holds the destinations of all its jobs.

    Raises Refused for a copy that was found changed, Tampered for a row that no signed entry bears out.
    """
    jobs = [job for job in all_jobs(model) if (job.case_number, job.exhibit) == name]
    proved = _ProvedFiles(ledger, reader, jobs).of(proved_rows_of(model, jobs, _EVERYWHERE))
    files = list(islice(proved, MAX_MANIFEST_FILES + 1))  # of more, the writing refuses all
    if not files:
        return None
    below = len(common_folder([job.destination for job in jobs]).rstrip(b"/")) + 1
    shortened = (replace(file, path=RawPath(file.path[below:])) for file in files)
    return write_manifest(_head(ledger, name), shortened)


def accepted_manifest(reader: LedgerReader, exhibit: Stream) -> bytes | None:
    """Return the list of files that came with an exhibit when it was accepted here last; None if never.

    Raises NotFound or Tampered when the document is lost or another one.
    """
    accepted = [one.event for one in reader.history(exhibit) if isinstance(one.event, CustodyAccepted)]
    answer = answer_in(accepted[-1]) if accepted else None
    return None if answer is None else reader.document(answer.manifest_sha256)


def _head(ledger: LedgerWriter, name: tuple[str, str]) -> ManifestHead:
    return ManifestHead(ledger=ledger.ledger, case_number=name[0], exhibit=name[1])


def common_folder(folders: Sequence[RawPath]) -> bytes:
    """Return the deepest folder that is or holds all these absolute ones."""
    first, last = (sorted(folder.rstrip(b"/").split(b"/") for folder in folders)[end] for end in (0, -1))
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return b"/".join(first[:shared]) or b"/"


class _ProvedFiles:
    """The files of an exhibit under the absolute paths of their copies, with the entries that prove them."""

    def __init__(self, ledger: LedgerWriter, reader: LedgerReader, jobs: Sequence[JobRow]) -> None:
        self._ledger = ledger
        self._reader = reader
        self._places = {job.id: job.destination for job in jobs}

    def of(self, rows: Iterable[TransferRow]) -> Iterator[ManifestFile]:
        """Yield a file for each row, a page at a time. Raises Refused and Tampered."""
        left = iter(rows)
        while page := list(islice(left, _PAGE)):
            for row in page:
                self._require_standing(row)
            proofs = self._ledger.vouched([row.proved for row in page if row.proved is not None])
            for row in page:
                yield self._file(row, None if row.proved is None else proofs.get(row.proved))

    def _file(self, row: TransferRow, proof: Recorded | None) -> ManifestFile:
        if proof is not None and proof.stream != file_stream(row.id):
            proof = self._own(row)  # proved by another job; this one recorded that it takes that copy
        if proof is None or not isinstance(proof.event, _PROOFS) or proof.event.path != row.path:
            raise Tampered(f"no signed entry proves the copy {self._shown(row)}", hint="run custody audit")
        event = proof.event
        return ManifestFile(
            path=self._copy(row), size=event.size, digests=event.digests, entry=proof.position
        )

    def _own(self, row: TransferRow) -> Recorded | None:
        history = self._reader.history(file_stream(row.id))
        positions = [one.position for one in history if isinstance(one.event, _PROOFS)][-1:]
        return self._ledger.vouched(positions).get(positions[0]) if positions else None

    def _require_standing(self, row: TransferRow) -> None:
        if row.refuted:
            raise Refused(
                f"a copy of this exhibit was found changed or missing: {self._shown(row)}",
                done="Nothing was offered.",
                hint="copy it again with 'custody batch retry', then verify",
            )

    def _copy(self, row: TransferRow) -> RawPath:
        return join(self._places[row.job], row.path)

    def _shown(self, row: TransferRow) -> str:
        return printable(self._copy(row))
