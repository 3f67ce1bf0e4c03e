"""One file's way through a job, folded from its stream.

Knows which events make a copy count as good and which take that back. Judges no job and no batch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from custody.domain.copying.failure_words import DIFFERENCES
from custody.domain.digest import Digests
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    CopyRefuted,
    CopyReverified,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
    MetadataLost,
)
from custody.domain.identifiers import Position
from custody.domain.paths import RawPath, escape_text
from custody.reports.custody_report import FileRow
from custody.reports.results import Result
from custody.reports.wording import count, number

Beginning = FileQueued | FileFailed | FileSkipped  # the events that can be the first of a file's stream

_NO_DIGESTS: Final[Mapping[str, str]] = {}
_VERIFIED_BEFORE: Final = "verified-before"
_NOT_BEGUN: Final = "copying has not begun"
_DOUBTED: Final = frozenset({Result.REFUTED, Result.UNREADABLE})


@dataclass(slots=True, kw_only=True)
class Transfer:
    """The standing of one file after the events admitted so far."""

    path: RawPath
    source: RawPath
    size: int | None = None
    mtime_ns: int | None = None
    digests: Digests = field(default_factory=lambda: _NO_DIGESTS)
    compared: bool = False
    result: Result = Result.UNVERIFIED
    read_back: str | None = None
    entry: Position
    state: str = _NOT_BEGUN
    proved: Position | None = None  # the last FileVerified, whatever came after it
    reread: Position | None = None
    unchanged: Position | None = None
    hard_link: str | None = None
    lost: MetadataLost | None = None
    lost_bytes: int | None = None  # of the source, zeros in the copy that stands
    zeros: int | None = None  # bytes in long runs of zeros, of the content that the digests are of
    source_readings: int = 1  # alike, of the content that the digests are of
    incidents: list[Recorded] = field(default_factory=list)

    def admit(self, recorded: Recorded) -> None:
        """Take the next event of this file's stream."""
        event = recorded.event
        match event:
            case FileQueued():
                self._queued(event)
            case FileFailed():
                self.incidents.append(recorded)
                self._settle(Result.FAILED, read_back=None)
            case MetadataLost():
                self.lost = event
            case FileVerified():
                self.size, self.digests, self.compared = event.size, event.digests, True
                self._settle(Result.VERIFIED, read_back=event.read_back)
                self.proved = recorded.position
            case FileQualified():
                self.size, self.digests, self.compared = event.size, event.digests, True
                self.lost_bytes = event.unreadable_bytes
                self.incidents.append(recorded)
                self._settle(Result.QUALIFIED, read_back=event.read_back)
            case FileSkipped():
                self._skipped(event, recorded.position)
            case CopyReverified() | CopyRefuted():
                self._read_again(event, recorded)
            case _:
                self._under_way(recorded)
        if not self._stands_on_an_earlier_entry(event):
            self.entry = recorded.position

    @property
    def was_never_a_file(self) -> bool:
        """Tell whether nothing but failures is recorded, so that it may be a folder or a link."""
        return self.mtime_ns is None

    def row(self) -> FileRow:
        """Return what the report says about this file."""
        return FileRow(
            path=self.path, source=self.source, size=self.size, mtime_ns=self.mtime_ns, digests=self.digests,
            compared=self.compared, result=self.result, read_back=self.read_back, entry=self.entry,
            notes=self._notes(), source_readings=self.source_readings, zeros=self.zeros,
        )  # fmt: skip

    def _queued(self, event: FileQueued) -> None:
        self.source, self.size, self.mtime_ns = event.source, event.size, event.mtime_ns
        self.digests, self.compared, self.read_back = _NO_DIGESTS, False, None
        self.result, self.state = Result.UNVERIFIED, _NOT_BEGUN
        self.hard_link = self.lost = None
        self.source_readings, self.lost_bytes, self.zeros = 1, None, None
        if event.links > 1:
            self.hard_link = (
                f"one of {count(event.links, 'name')} of the same data at the source "
                f"(hard link: device {event.device}, inode {event.inode})"
            )

    def _settle(self, result: Result, *, read_back: str | None) -> None:
        self.result, self.read_back = result, read_back
        self.reread = self.unchanged = None

    def _skipped(self, event: FileSkipped, position: Position) -> None:
        self.source, self.mtime_ns = event.source, event.mtime_ns
        if event.reason != _VERIFIED_BEFORE:
            self.size, self.digests, self.compared = event.size, event.digests, True
            self._settle(Result.PRESENT, read_back=event.read_back)
            return
        if self.result in _DOUBTED:  # a look at size and time does not outweigh a reading
            return
        if self.result in {Result.VERIFIED, Result.PRESENT}:
            self.unchanged = position
            return
        self.size, self.digests, self.compared = event.size, event.digests, True
        self._settle(Result.EARLIER, read_back=event.read_back)
        self.proved = event.cites

    def _read_again(self, event: CopyReverified | CopyRefuted, recorded: Recorded) -> None:
        if isinstance(event, CopyRefuted):
            self.incidents.append(recorded)
            self._refuted(event)
            return
        if self.result in _DOUBTED:
            self.size, self.digests = event.size, event.digests
            self._stand_again(event, recorded.position)
        self.reread = recorded.position

    def _stand_again(self, event: CopyReverified, position: Position) -> None:
        if self.lost_bytes is not None:  # reading it again gives it nothing of what its source had lost
            self._settle(Result.QUALIFIED, read_back=event.read_back)
            self.entry = position
            return
        self._settle(Result.VERIFIED, read_back=event.read_back)
        self.proved = position

    def _refuted(self, event: CopyRefuted) -> None:
        differs = event.finding in DIFFERENCES
        if differs or self.result is not Result.REFUTED:  # an inability to look outweighs no difference
            self._settle(Result.REFUTED if differs else Result.UNREADABLE, read_back=None)

    def _under_way(self, recorded: Recorded) -> None:
        match recorded.event:
            case FileCopying():
                self.lost = self.lost_bytes = None  # what is said of an earlier copy is not said of this one
                self.state = "copying began and did not end"
            case FileFsynced() as event:
                self.size, self.digests, self.compared = event.size, event.digests, False
                self.source_readings, self.zeros = event.source_readings or 1, event.zeros_bytes
                self.state = "copied, but the copy has not been read back"
            case FileResumed(found="qualified"):
                return
            case FileResumed():
                self.incidents.append(recorded)
                self.state = "taken up again and not ended"
            case _:
                return
        self.result, self.read_back = Result.UNVERIFIED, None

    def _stands_on_an_earlier_entry(self, event: object) -> bool:
        if isinstance(event, FileSkipped):
            return self.unchanged is not None or self.result in _DOUBTED
        if isinstance(event, CopyRefuted):
            return self.result is Result.REFUTED and event.finding not in DIFFERENCES
        if isinstance(event, FileResumed) and event.found == "qualified":
            return True
        return isinstance(event, CopyReverified) and self.proved != self.reread

    def _notes(self) -> tuple[str, ...]:
        return (*self._notes_on_the_source(), *self._notes_on_the_result())

    def _notes_on_the_source(self) -> Iterator[str]:
        if self.hard_link:
            yield self.hard_link
        if self.lost is not None:
            yield f"attributes not kept: {not_kept(self.lost)}"
        if self.source_readings > 1:
            yield f"source read {number(self.source_readings)} times with equal content"
        if self.zeros is not None:
            whole = self.zeros == self.size
            runs = f"{count(self.zeros, 'byte')} in long runs of zeros"
            yield "nothing but zeros, as the source was read" if whole else f"{runs} at the source"
        if self.lost_bytes is not None:
            yield f"{count(self.lost_bytes, 'byte')} could not be read at the source: zeros in the copy"

    def _notes_on_the_result(self) -> Iterator[str]:
        if self.result is Result.UNVERIFIED:
            yield self.state
        if self.result is Result.EARLIER and self.proved is not None:
            yield f"proved by entry {number(self.proved)}; not read again in this run"
        elif self.proved is not None and self.result in _DOUBTED:
            yield f"verified before, entry {number(self.proved)}"
        elif self.proved is not None and self.proved != self.entry:
            yield f"an earlier copy of this name was verified, entry {number(self.proved)}"
        if self.unchanged is not None:
            yield f"later run: size and time unchanged, not copied again, entry {number(self.unchanged)}"
        if self.reread is not None and self.reread != self.entry:
            yield f"read again later and found equal, entry {number(self.reread)}"


def not_kept(event: MetadataLost) -> str:
    """Return which attributes of a source its copy lacks, and why."""
    names = ", ".join(map(escape_text, event.attributes)) or "all"
    rest = event.count - len(event.attributes)
    more = f" and {number(rest)} more" if rest > 0 else ""
    return f"{names}{more} ({escape_text(event.reason)})"


def beginning(event: Beginning, recorded: Recorded) -> Transfer:
    """Return the transfer whose stream begins with ``recorded``, with that event admitted."""
    transfer = Transfer(path=event.path, source=event.source, entry=recorded.position)
    transfer.admit(recorded)
    return transfer
