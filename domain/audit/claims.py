"""Whether what is claimed of a file rests on what was recorded before: nothing is proved out of thin air.

Knows the order of a file's events and what a skipped file may cite. A read model that somebody changed can
make an honest program sign a false claim; the entries before it give that away. Deliberately keeps only the
copies under way in memory, so it asks for earlier entries again; their bytes were judged in the same pass.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from custody.domain.audit.copies import BEGINNINGS, Begun, Copy, Flushed, after, zeroed
from custody.domain.audit.findings import Findings
from custody.domain.audit.jobs import KnownJobs, is_stream_of
from custody.domain.audit.record import OpenedRecord, RawRecord
from custody.domain.digest import Digests
from custody.domain.entries.dsse import open_envelope
from custody.domain.entries.entry import Entry, parse
from custody.domain.errors import MalformedData
from custody.domain.events import (
    Event,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
    JobQueued,
)
from custody.domain.identifiers import JobId
from custody.domain.paths import RawPath

CITATIONS: Final = 1000
"""Citations looked up at once: enough to share a query's cost, few enough for memory to stay flat."""


class EarlierEntries(Protocol):
    """Entries once more, that the same audit has judged before, in the same view."""

    def records_at(self, positions: Sequence[int]) -> Iterable[RawRecord]:
        """Return the records at these positions, at most a thousand, in any order."""

    def records_before(self, stream: bytes, revision: int) -> Iterable[RawRecord]:
        """Return the records of a stream (16 bytes of its id) below a revision, the latest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Citation:
    """A file that was skipped because an earlier entry proved its copy."""

    slot: int
    cites: int
    copy: RawPath
    size: int
    digests: Digests


class ClaimCheck:
    """Follows the claims of files, in the order of the ledger."""

    def __init__(self, findings: Findings, earlier: EarlierEntries) -> None:
        """Take where findings go, and where earlier entries can be had again."""
        self._findings = findings
        self._earlier = earlier
        self._jobs = KnownJobs()
        self._under_way: dict[int, Begun | Flushed] = {}  # by stream
        self._citations: list[_Citation] = []
        self._some_withheld = False
        self.stopped_at: int | None = None
        self.rest_on_withheld = 0  # claims that cannot be judged for that reason

    def stop(self, slot: int) -> None:
        """Judge nothing from here on: entries are missing or unreadable, and every claim may rest on them."""
        if self.stopped_at is None:
            self.stopped_at = slot

    def withhold(self) -> None:
        """Take note that an entry is withheld, on which later claims may rest."""
        self._some_withheld = True

    def admit(self, opened: OpenedRecord) -> None:
        """Take the next record, unless the judging has stopped."""
        if self.stopped_at is not None:
            return
        key = opened.entry.stream.id.int
        match opened.event:
            case FileCopying() | FileResumed() as event:
                self._keep(key, after(event, self._under_way.pop(key, None)))
            case FileFsynced() as event:
                if self._copy_of(opened.entry) is None:
                    self._unfounded(opened, "a copy is claimed as flushed whose copying was never begun")
                self._keep(key, after(event, None))
            case FileVerified() | FileQualified() as event:
                self._take_verified(opened, event)
            case FileQueued() | FileFailed():
                self._under_way.pop(key, None)
            case FileSkipped() as event:
                self._under_way.pop(key, None)
                self._take_skipped(opened, event)
            case JobQueued() as event:
                self._jobs.add(JobId(opened.entry.stream.id), event.destination)
            case _:
                pass

    def conclude(self) -> None:
        """Judge the citations that are left."""
        self._judge_citations()

    def _take_verified(self, opened: OpenedRecord, event: FileVerified | FileQualified) -> None:
        stream, flushed = opened.entry.stream.id, self._copy_of(opened.entry)
        self._under_way.pop(stream.int, None)
        if not isinstance(flushed, Flushed):
            self._unfounded(opened, "a copy is claimed as verified that was never claimed as flushed")
        elif flushed != (event.size, event.digests, zeroed(event)) or not event.digests:
            self._unfounded(opened, "the copy claimed as verified is not the one that was flushed")
        elif not self._jobs.owns(stream.bytes, event.path):
            message = "a copy is claimed as verified under a path that is not its stream's"
            self._unfounded(opened, message, by_jobs=True)

    def _keep(self, key: int, copy: Copy) -> None:
        if copy is not None:
            self._under_way[key] = copy

    def _copy_of(self, entry: Entry) -> Copy:
        """Return the copy that an entry's claim is about, by what its stream has recorded before.

        A stream without a copy under way goes on after a failure, or repeats its proof. That is rare, so its
        entries are read again.
        """
        if (copy := self._under_way.get(entry.stream.id.int)) is not None:
            return copy
        since: list[Event] = []
        for record in self._earlier.records_before(entry.stream.id.bytes, entry.revision):
            event = read_again(record)[1]
            if event is None:
                return None
            since.append(event)
            if isinstance(event, BEGINNINGS):
                break
        for event in reversed(since):
            copy = after(event, copy)
        return copy

    def _take_skipped(self, opened: OpenedRecord, event: FileSkipped) -> None:
        copy = self._jobs.place(event.job, event.path)
        if copy is None or not is_stream_of(opened.entry.stream.id.bytes, event.job, event.path):
            message = "a copy is claimed as proved that no job of this ledger has in this stream"
            self._unfounded(opened, message, by_jobs=True)
        elif event.cites is None:
            if event.read_back is None or not event.digests:
                self._unfounded(opened, "an equal file is claimed, but it was not read and no entry is cited")
        elif not 0 <= event.cites < opened.slot:
            self._uncited(opened.slot, event.cites, "which is no earlier entry")
        else:
            citation = _Citation(
                slot=opened.slot, cites=event.cites, copy=copy, size=event.size, digests=event.digests
            )
            self._citations.append(citation)
            if len(self._citations) >= CITATIONS:
                self._judge_citations()

    def _judge_citations(self) -> None:
        citations, self._citations = self._citations, []
        if not citations:
            return
        records = list(self._earlier.records_at(sorted({citation.cites for citation in citations})))
        proofs = dict(_proofs(records))
        withheld = {record.position for record in records if record.withheld is not None}
        for citation in citations:
            if citation.cites in withheld:
                self._leave_open()
                continue
            proof = proofs.get(citation.cites)
            wrong = "which proves no copy" if proof is None else self._objection(citation, *proof)
            if wrong is not None:
                self._uncited(citation.slot, citation.cites, wrong)

    def _objection(self, citation: _Citation, entry: Entry, event: FileVerified | FileSkipped) -> str | None:
        """Return what speaks against resting a claim on this proof; None if nothing does."""
        shared = citation.digests.keys() & event.digests.keys()
        if not self._jobs.stands_at(entry.stream.id.bytes, event.path, citation.copy):
            return "which proves a copy at another place"
        if event.size != citation.size:
            return "which proves a copy of another size"
        if not shared or any(citation.digests[name] != event.digests[name] for name in shared):
            return "which proves a copy with other digests"
        return None

    def _uncited(self, slot: int, cites: int, wrong: str) -> None:
        message = f"a copy is claimed as proved by the entry of position {cites}, {wrong}"
        self._findings.note_claim("citation-unfounded", slot, message)

    def _unfounded(self, opened: OpenedRecord, message: str, *, by_jobs: bool = False) -> None:
        """Note a claim that the entries before it do not bear out, unless what would is withheld."""
        if self._some_withheld and (by_jobs or self._lacks_history(opened.entry)):
            self._leave_open()
            return
        self._findings.note_claim("claim-unfounded", opened.slot, message)

    def _lacks_history(self, entry: Entry) -> bool:
        """Tell whether earlier entries of a stream are not there."""
        earlier = self._earlier.records_before(entry.stream.id.bytes, entry.revision)
        return sum(1 for _ in earlier) < entry.revision - 1

    def _leave_open(self) -> None:
        self._findings.leave_open("structure")
        self.rest_on_withheld += 1


def _proofs(records: Iterable[RawRecord]) -> Iterator[tuple[int, tuple[Entry, FileVerified | FileSkipped]]]:
    """Yield the entries that prove a copy by themselves, by position."""
    for record in records:
        entry, event = read_again(record)
        if entry is None or not isinstance(event, FileVerified | FileSkipped):
            continue
        if isinstance(event, FileVerified) or event.cites is None:
            yield entry.position, (entry, event)


def read_again(record: RawRecord) -> tuple[Entry | None, Event | None]:
    """Read an entry that was judged before; nothing of one that could not be read then."""
    if not isinstance(record.entry, bytes):
        return None, None
    try:
        entry = parse(open_envelope(record.entry).body)
        return entry, entry.event()
    except MalformedData:
        return None, None
