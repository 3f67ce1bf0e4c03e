"""Everything a use case needs, on a temporary folder: the real ledger, read model, engine and destination.

Only the clock, the person and the lane's process are made up, so that no fake can claim what is not so.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID

from custody.domain.copying.plan import JobPlan, Plan
from custody.domain.copying.reports import Report
from custody.domain.entries.entry import Recorded
from custody.domain.events import Event, KeyEnrolled, LedgerOpened
from custody.domain.identifiers import KeyId, LedgerId, Stream, key_stream, transfer_id
from custody.domain.paths import RawPath
from custody.domain.ports import Destination, Recording
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.batches.run_batch import start
from custody.domain.use_cases.workshop import BatchResult, RunSettings, Surveyor, Workshop
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.opening import LedgerPaths, create_ledger, open_for_writing
from custody.infrastructure.files.arena import LargeFiles
from custody.infrastructure.files.destination import open_destination
from custody.infrastructure.files.engine import LARGE_FILES
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from tests.fakes.clocks import ManualClock
from tests.fakes.lanes import Hook, InlineLane
from tests.fakes.people import RecordingProgress, StopSwitch

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))


@cache
def signer() -> Ed25519Signer:
    return Ed25519Signer(new_private_key())


@dataclass
class Workbench:
    """One workspace and one evidence folder below ``folder``."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    stop: StopSwitch = field(default_factory=StopSwitch)
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    settings: RunSettings = field(default_factory=RunSettings)
    hook: Hook = lambda report: None
    calls: FileCalls = field(default_factory=LinuxFileCalls)
    around_destination: Callable[[Destination], Destination] = lambda destination: destination
    restarted: bool = False
    large: LargeFiles = LARGE_FILES

    def __post_init__(self) -> None:
        self.source.mkdir(parents=True, exist_ok=True)
        (self.folder / "workspace").mkdir(exist_ok=True)
        if not self.paths.database.exists():
            create_ledger(self.paths, LEDGER)
        self.ledger = self._open()
        self.new_lane()
        if not self.ledger.size:
            opened = LedgerOpened(ledger=LEDGER, format="custody.ledger/1", tool="custody", version="0")
            enrolled = KeyEnrolled(
                key=KeyId(signer().key_id),
                public_key=signer().public_pem.decode(),
                examiner="J. Ortiz",
                protected=False,
            )
            self.ledger.append(
                [
                    Recording(Stream("ledger", LEDGER), 1, opened),
                    Recording(key_stream(LEDGER, enrolled.key), 1, enrolled),
                ]
            )

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def destination(self) -> Path:
        return self.folder / "destination"

    @staticmethod
    def paths_in(folder: Path) -> LedgerPaths:
        return LedgerPaths.within(folder / "workspace")

    @property
    def paths(self) -> LedgerPaths:
        return self.paths_in(self.folder)

    def new_lane(self) -> None:
        self.lane = InlineLane(self.clock, self._heard, self.calls, self.large)

    def _heard(self, report: Report) -> None:
        self.hook(report)  # as it is set now

    def _open(self) -> SqlLedger:
        return open_for_writing(
            self.paths, signer(), {KeyId(signer().key_id): signer().public_raw}, self.clock
        )

    def open_destination(self, path: RawPath, *, create: bool) -> Destination:
        return self.around_destination(open_destination(self.calls, path, create=create))

    def workshop(self) -> Workshop:
        return Workshop(
            ledger=self.ledger,
            reader=self.ledger.reader,
            model=self.ledger.read_model,
            lane=self.lane,
            open_destination=self.open_destination,
            clock=self.clock,
            stop=self.stop,
            progress=self.progress,
            settings=self.settings,
            restarted=self.restarted,
        )

    def close(self) -> None:
        self.lane.close()
        self.ledger.close()

    # What tests do to the evidence and ask of the ledger.

    def write(self, path: str, content: bytes = b"content", *, mtime: int = 1_700_000_000) -> Path:
        target = self.source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        os.utime(target, (mtime, mtime))
        return target

    def job(self, name: str = "Camera 1", *, to: Path | None = None, sources: Sequence[Path] = ()) -> JobPlan:
        return JobPlan(
            name=name,
            case_number="2026-0147",
            exhibit="A-001",
            destination=RawPath(os.fsencode(to or self.destination)),
            sources=tuple(RawPath(os.fsencode(source)) for source in sources or [self.source]),
            algorithms=("sha256",),
            form={"case_number": "2026-0147", "exhibit": "A-001"},
        )

    def plan(self, *jobs: JobPlan, permille: int = 1000) -> Plan:
        return Plan(name="Main Street", stop_when_failed_over_permille=permille, jobs=jobs or (self.job(),))

    def run(self, plan: Plan | None = None) -> BatchResult:
        return start(self.workshop(), plan or self.plan())

    def events(self, *types: type[Event]) -> list[Event]:
        return [one.event for one in self.recorded() if not types or isinstance(one.event, types)]

    def recorded(self) -> list[Recorded]:
        return list(self.ledger.reader.recorded())

    def jobs(self, plan: Plan | None = None) -> Sequence[JobRow]:
        return self.ledger.read_model.jobs((plan or self.plan()).id)

    @property
    def last_batch(self) -> str:
        return self.ledger.read_model.batches()[0].batch

    def row(self, path: bytes, plan: Plan | None = None) -> TransferRow:
        transfer = transfer_id(self.jobs(plan)[0].id, path)
        return self.ledger.read_model.find([transfer])[transfer]

    def surveyor(self, inspector: object) -> Surveyor:
        workshop = self.workshop()
        return Surveyor(
            reader=workshop.reader,
            model=workshop.model,
            lane=workshop.lane,
            open_destination=self.open_destination,
            inspector=inspector,  # type: ignore[arg-type]  # what the test gives
            clock=self.clock,
            stop=self.stop,
            settings=self.settings,
        )


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


Tree = dict[str, tuple[str, bytes, int]]


def tree(folder: Path) -> Tree:
    """Return everything below a folder: kind, content or target, modification time in ns."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = "link" if path.is_symlink() else "directory" if path.is_dir() else "file"
        content = (
            os.fsencode(os.readlink(path)) if kind == "link" else path.read_bytes() if kind == "file" else b""
        )
        found[str(path.relative_to(folder))] = (kind, content, path.lstat().st_mtime_ns)
    return found
