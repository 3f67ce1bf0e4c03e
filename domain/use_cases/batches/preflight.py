"""The look before the work: everything that can be found wrong without writing a byte.

Reads the names of the sources and the destination; where an unknown file of the same size stands there, a
limited amount is compared. Writes nothing, neither at the destination nor in the ledger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from custody.domain.copying.orders import CopyItem, Operation, Walk, Window
from custody.domain.copying.plan import JobPlan, Plan
from custody.domain.copying.reports import Failed, Listed, ListedEntry, ListingFailed
from custody.domain.errors import Refused
from custody.domain.identifiers import JobId, transfer_id
from custody.domain.paths import RawPath, join, name, parent, printable
from custody.domain.ports import Destination, Standing
from custody.domain.use_cases.acquisition.proofs import proves
from custody.domain.use_cases.batches.estimate import ReadingNeed
from custody.domain.use_cases.batches.places import place_problems
from custody.domain.use_cases.batches.rooms import Rooms, RoomSurvey
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.workshop import Surveyor

MAX_COMPARED_BYTES: Final = 256 * 1024 * 1024  # larger equals are compared by the run itself
_TAKES_AN_INODE: Final = frozenset({"directory", "link"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSurvey:
    """What one job will have to do."""

    name: str
    destination: RawPath
    files: int
    bytes: int
    present: int  # files that stand at the destination already


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a plan will have to do; ``files`` and ``bytes`` are those to be copied."""

    files: int
    bytes: int
    directories: int
    links: int
    special: int
    present: int
    jobs: tuple[JobSurvey, ...]
    rooms: tuple[RoomSurvey, ...]
    reading: tuple[ReadingNeed, ...]  # of each source of which something is to be copied
    unlisted: tuple[str, ...]  # what could not be listed of the sources, in words: the run will fail it


class Obstacles(Refused):
    """The work cannot begin; ``problems`` lists every reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Name the first problem and how many more there are."""
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            f"{problems[0]}{more}",
            done="nothing was written; nothing at the source or the destination was touched",
            hint="mend this, then give the same command again",
        )
        self.problems = tuple(problems)


def look_at_places(plan: Plan, surveyor: Surveyor) -> None:
    """Look only whether sources and destinations are there and apart: enough before going on with a batch.

    Raises Obstacles with every problem found.
    """
    problems = list(dict.fromkeys(place_problems(plan.jobs, surveyor.inspector)))
    if problems:
        raise Obstacles(problems)


def survey(plan: Plan, surveyor: Surveyor) -> Survey:
    """Look at everything a new run of a plan needs. Raises Obstacles with every problem found.

    Raises Interrupted when a stop is asked for, Obstacles also when a source does not answer.
    """
    look_at_places(plan, surveyor)
    try:
        return _Look(plan, surveyor).survey()
    except LaneLost as lost:
        raise Obstacles([f"a source did not answer while it was listed ({lost})"]) from lost


class _Look:
    """One survey under way."""

    def __init__(self, plan: Plan, surveyor: Surveyor) -> None:
        self._plan = plan
        self._surveyor = surveyor
        self._feed = LaneFeed(surveyor.lane, surveyor.clock, surveyor.stop, surveyor.settings)
        self._problems: list[str] = []
        self._rooms = Rooms(surveyor.inspector)
        self._reading: list[ReadingNeed] = []
        self._comparable = MAX_COMPARED_BYTES
        # Of a bind mount, the walk meets the folder that it shows, with the same device and inode.
        self._kept_apart = {
            identity: job.destination
            for job in plan.jobs
            for identity in surveyor.inspector.lineage(job.destination)
        }
        self._unlisted: list[str] = []
        self._kinds = {"directory": 0, "link": 0, "special": 0}

    def survey(self) -> Survey:
        jobs = tuple(self._look_at_job(job) for job in self._plan.jobs)
        rooms = self._rooms.surveys()
        self._problems += [problem for room in rooms for problem in room.problems()]
        if self._problems:
            raise Obstacles(self._problems)
        return Survey(
            files=sum(job.files for job in jobs),
            bytes=sum(job.bytes for job in jobs),
            present=sum(job.present for job in jobs),
            directories=self._kinds["directory"],
            links=self._kinds["link"],
            special=self._kinds["special"],
            jobs=jobs,
            rooms=rooms,
            reading=tuple(self._reading),
            unlisted=tuple(self._unlisted),
        )

    def _look_at_job(self, job: JobPlan) -> JobSurvey:
        exists = self._surveyor.inspector.standing(job.destination) is not None
        destination = self._surveyor.open_destination(job.destination, create=False) if exists else None
        try:
            return self._look_at_sources(job, destination)
        finally:
            if destination is not None:
                destination.close()

    def _look_at_sources(self, job: JobPlan, destination: Destination | None) -> JobSurvey:
        files = size = present = others = 0
        for source in job.sources:
            candidates: list[ListedEntry] = []
            before, largest = size, None
            for entries in self._walk(source):
                self._keep_apart(source, entries)
                there = self._already_there(job, destination, entries, candidates)
                for entry in entries:
                    if entry.kind != "file":
                        self._kinds[entry.kind if entry.kind in self._kinds else "special"] += 1
                        others += entry.kind in _TAKES_AN_INODE and entry.path not in there
                    elif entry.path in there:
                        present += 1
                    else:
                        files += 1
                        size += entry.size
                        largest = entry if largest is None or entry.size > largest.size else largest
            if largest is not None:
                self._reading.append(ReadingNeed(source, size - before, largest))
            for entry in candidates:
                self._compare(job, source, entry)
        self._rooms.add(job.destination, size=size, entries=files + others)
        return JobSurvey(name=job.name, destination=job.destination, files=files, bytes=size, present=present)

    def _walk(self, source: RawPath) -> Iterator[Sequence[ListedEntry]]:
        self._feed.submit(Walk(parent(source) or RawPath(b"/"), name(source)))
        for report in self._feed.reports():
            if isinstance(report, Listed):
                yield report.entries
            elif isinstance(report, ListingFailed):
                shown = printable(join(parent(source), report.path))
                self._unlisted.append(f"{shown} cannot be listed: {report.message}")

    def _keep_apart(self, source: RawPath, entries: Sequence[ListedEntry]) -> None:
        for entry in entries:
            met = self._kept_apart.get((entry.device, entry.inode))
            if met is not None and entry.kind == "directory":
                shown = printable(join(parent(source), entry.path))
                self._problems.append(f"the destination {printable(met)} lies inside the source, at {shown}")

    def _already_there(
        self,
        job: JobPlan,
        destination: Destination | None,
        entries: Sequence[ListedEntry],
        candidates: list[ListedEntry],
    ) -> set[RawPath]:
        """Return the paths that need no making; files still to be compared join ``candidates``."""
        if destination is None:
            return set()
        found: set[RawPath] = set()
        there: dict[RawPath, tuple[ListedEntry, Standing]] = {}
        for entry in entries:
            standing = destination.standing(entry.path)
            if standing is None:
                continue
            if standing.kind != entry.kind or standing.target != entry.target:
                self._collision(job, entry, f"a {standing.kind} stands there")
                continue
            found.add(entry.path)
            if entry.kind == "file":
                there[join(job.destination, entry.path)] = (entry, standing)
        proofs = self._surveyor.model.proved_copies(list(there))
        for copy, (entry, standing) in there.items():
            if not proves(proofs.get(copy), entry, standing):
                self._take_candidate(job, entry, standing, candidates)
        return found

    def _take_candidate(
        self, job: JobPlan, entry: ListedEntry, standing: Standing, candidates: list[ListedEntry]
    ) -> None:
        if standing.size != entry.size:
            why = f"{standing.size:,} bytes there, {entry.size:,} bytes at the source"
            self._collision(job, entry, why)
        elif entry.size <= self._comparable:
            self._comparable -= entry.size
            candidates.append(entry)

    def _compare(self, job: JobPlan, source: RawPath, entry: ListedEntry) -> None:
        item = CopyItem(
            transfer=transfer_id(_NO_JOB, entry.path),
            operation=Operation.ADOPT,
            source_root=parent(source) or RawPath(b"/"),
            destination=job.destination,
            path=entry.path,
            temporary=b"",
            size=entry.size,
            mtime_ns=entry.mtime_ns,
            atime_ns=entry.atime_ns,
            mode=entry.mode,
            device=entry.device,
            inode=entry.inode,
            algorithms=job.algorithms,
        )
        self._feed.submit(Window((item,)))
        for report in self._feed.reports():
            if isinstance(report, Failed) and report.differs:
                self._collision(job, entry, "the same size, but other content")

    def _collision(self, job: JobPlan, entry: ListedEntry, why: str) -> None:
        copy = printable(join(job.destination, entry.path))
        self._problems.append(f"{copy} exists and differs from the source: {why}")


_NO_JOB: Final = JobId(UUID(int=0))  # a comparison is nobody's transfer
