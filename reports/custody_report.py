"""What a custody report says, as values: the tree that every format prints.

Knows the parts of the report. Knows neither how they are found in the ledger (``content``) nor how they look
on a page (``pdf``); what the results mean stands in ``results``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from custody.domain.entries.entry import Recorded
from custody.domain.identifiers import BatchId, JobId, LedgerId, Position
from custody.domain.paths import RawPath
from custody.reports.anchors import AnchorLine
from custody.reports.chain import ExhibitSection
from custody.reports.keys import KeyChange, KeyLine
from custody.reports.results import GOOD, Result, Verdict
from custody.reports.scope import LedgerHead, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file of the source and what became of it. ``entry`` is the position that settles the result."""

    path: RawPath
    source: RawPath
    size: int | None
    mtime_ns: int | None
    digests: Mapping[str, str]
    compared: bool  # the SHA-256 is of source and copy alike; else of the source as it was read
    result: Result
    read_back: str | None
    entry: Position
    notes: tuple[str, ...]
    source_readings: int = 1  # with equal content
    zeros: int | None = None  # bytes in long runs of zeros; the size: nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A symbolic link, recreated as it was; ``wrong`` says what was found against it since."""

    path: RawPath
    target: RawPath
    entry: Position
    wrong: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialRow:
    """A FIFO, socket or device: not opened, not copied."""

    path: RawPath
    kind: str
    entry: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """One walk over the sources of a job."""

    run: int
    files: int
    directories: int
    links: int
    special: int
    unreadable: int
    size_bytes: int
    digest: str
    entry: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSection:
    """One acquisition: what was asked for, from where to where, and every file of it."""

    job: JobId
    batch: BatchId
    name: str
    case_number: str
    exhibit: str | None
    destination: RawPath
    sources: tuple[RawPath, ...]
    source_count: int
    algorithms: tuple[str, ...]
    form: tuple[tuple[str, str], ...]
    outcome: str
    finished: bool
    began_at: str | None
    ended_at: str | None
    inventories: tuple[InventoryRow, ...]
    folders: int
    folders_there_before: int  # of these; what else lies in them is not searched
    files: tuple[FileRow, ...]
    links: tuple[LinkRow, ...]
    special: tuple[SpecialRow, ...]
    refuted_entries: int  # folders and links that a later pass found changed or missing
    failed_entries: int  # folders, links and special files with which something else went wrong
    foreign: tuple[RawPath, ...]  # found among the copies, put there by no job, and not known to be gone


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSection:
    """The instruction that was given."""

    batch: BatchId
    name: str
    jobs: int
    instruction: RawPath | None
    instruction_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Totals over everything in scope; the results add up to ``files``."""

    files: int
    by_result: Mapping[Result, int]
    good_bytes: int
    read_back: Mapping[str, int]  # of the good files: method → how many
    links: int
    folders: int
    special: int
    refuted_entries: int
    failed_entries: int
    foreign: int
    with_zeros: int = 0  # files with long runs of zeros at their source
    read_twice: int = 0  # of the good files: those whose source was read more than once

    @property
    def good(self) -> int:
        """How many files stand proved."""
        return sum(self.by_result[result] for result in GOOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One command that wrote: who, where, with which tool, by which clock."""

    entry: Position
    at: str
    command: str
    examiner: str
    badge: str | None
    agency: str | None
    host: str
    system: str
    tool: str
    version: str
    boot_id: str | None
    zone: str
    utc_offset_seconds: int
    clock_synchronised: bool | None
    ended_at: str | None  # None: no end is recorded up to the last entry of the report
    exit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadingLine:
    """One command that read copies again after they were made, or looked for what does not belong there."""

    entry: Position  # the first result
    at: str
    command: str
    equal: int
    different: int
    unreadable: int
    foreign: int

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was found against any copy."""
        return not (self.different or self.unreadable or self.foreign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something out of the ordinary, what was done about it, and whether it is still open."""

    entry: Position
    at: str
    what: str
    done: str
    open: bool

    @classmethod
    def told(cls, recorded: Recorded, what: str, done: str, *, still_open: bool = False) -> Self:
        """Return what one record tells."""
        return cls(entry=recorded.position, at=recorded.at, what=what, done=done, open=still_open)


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One way to check the report: words, and the exact command if there is one."""

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The first page: one sentence, then the rest in plain words."""

    verdict: Verdict
    headline: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyReport:
    """Everything that every format of the custody report says."""

    ledger: LedgerId
    scope: Scope
    head: LedgerHead
    made_at: str  # the time of the last entry covered, not of printing
    summary: Summary
    counts: Counts
    batches: tuple[BatchSection, ...]
    jobs: tuple[JobSection, ...]
    sessions: tuple[SessionLine, ...]
    happenings: tuple[Happening, ...]
    rereadings: tuple[RereadingLine, ...]
    keys: tuple[KeyLine, ...]
    method: tuple[str, ...]
    clock: tuple[str, ...]
    checks: tuple[CheckStep, ...]
    limits: tuple[str, ...]
    key_changes: tuple[KeyChange, ...] = ()
    anchors: tuple[AnchorLine, ...] = ()
    held: tuple[str, ...] = ()  # what the anchors show, and what they do not
    chain: tuple[ExhibitSection, ...] = ()

    @property
    def case_numbers(self) -> tuple[str, ...]:
        """The case numbers in scope, each once, in the order of the jobs."""
        return tuple(dict.fromkeys(job.case_number for job in self.jobs))

    @property
    def exhibits(self) -> tuple[str, ...]:
        """The exhibit numbers in scope, each once, in the order of the jobs."""
        return tuple(dict.fromkeys(job.exhibit for job in self.jobs if job.exhibit is not None))
