"""One contestant copies one workload: what is prepared, timed, checked and cleared away.

Timed are the contestant's own commands, from start to end of the process. Not timed: making a fresh workspace
and key for Custody, emptying the destination, bringing the caches into the same state for everybody, and
looking afterwards whether every file is there in its size. Knows nothing of rounds and tables.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.contestants import Contestant, Role
from tests.bench.measuring import NOTHING, Cost, evict, measure, warm
from tests.bench.results import Run
from tests.bench.workloads import Workload

OURS: Final = frozenset({Role.US, Role.VARIANT})
KEPT_BYTES: Final = 4 << 30
"""Copies of workloads up to this size are moved out of the way and removed when all is over: ext4 passes over
the inodes of files removed in the last five minutes, one by one, and every contestant that makes files would
pay for the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where a race is run, and in which state of the caches."""

    folder: Path
    custody: Path
    search_path: str
    warm_source: bool
    cached_read_back: bool

    @property
    def destination(self) -> Path:
        return self.folder / "destination"

    @property
    def left(self) -> Path:
        return self.folder / "left"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def log(self) -> Path:
        return self.folder / "last-run.log"

    def missing(self, contestant: Contestant) -> str:
        """Return the first program of the contestant that is not installed, else nothing."""
        absent = (name for name in contestant.needs if not shutil.which(name, path=self.search_path))
        return next(absent, "")

    def environment(self, source: Path, contestant: Contestant) -> dict[str, str]:
        return {
            "PATH": self.search_path,
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "CUSTODY": str(self.custody),
            "WORKSPACE": str(self.workspace),
            "SRC": str(source),
            "DST": str(self.destination),
            "COPY": str(self.copy(source, contestant)),
            "LISTS": str(self.folder / "lists"),
        }

    def copy(self, source: Path, contestant: Contestant) -> Path:
        return self.destination / (contestant.copy_name or source.name)

    def clear(self, source: Path, contestant: Contestant, *, keep: bool = False) -> None:
        """Put away what the last run left and wait until the disk is idle."""
        for place in (self.destination, self.workspace, self.folder / "lists"):
            if place.exists() and keep:
                self.left.mkdir(exist_ok=True)
                place.rename(Path(tempfile.mkdtemp(dir=self.left)) / place.name)
            elif place.exists():
                shutil.rmtree(place)
        for name in contestant.leaves_in_source:
            shutil.rmtree(source / name, ignore_errors=True)
        os.sync()

    def end(self) -> None:
        """Remove what was put away."""
        if self.left.exists():
            shutil.rmtree(self.left)

    def prepare(self, source: Path, contestant: Contestant, *, keep: bool = False) -> None:
        self.clear(source, contestant, keep=keep)
        self.destination.mkdir()
        (self.folder / "lists").mkdir()
        self.log.write_bytes(b"")
        if contestant.role in OURS:
            custody, workspace = str(self.custody), str(self.workspace)
            command = [custody, "-q", "-w", workspace, "init", "--examiner", "Bench", "--no-passphrase"]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                sys.exit(f"custody init exited {made.returncode}: {made.stderr}")
        (warm if self.warm_source else evict)(source)
        os.sync()


def race(course: Course, contestant: Contestant, workload: Workload, source: Path, round_number: int) -> Run:
    """Let a contestant copy the source once; a run that went wrong says so in ``problem``."""
    keep = workload.size_bytes <= KEPT_BYTES
    course.prepare(source, contestant, keep=keep)
    environment = course.environment(source, contestant)
    try:
        problem, cost = _timed(course, contestant, environment)
        entries = _entries(course) if contestant.role in OURS and not problem else None
        return Run(
            workload=workload.kind, round=round_number, contestant=contestant.name, role=contestant.role,
            files=len(workload.files), size_bytes=workload.size_bytes,
            wall_seconds=cost.wall_seconds, cpu_seconds=cost.cpu_seconds, peak_bytes=cost.peak_bytes,
            entries=entries, problem=problem or missing_file(workload, course.copy(source, contestant)),
        )  # fmt: skip
    finally:
        course.clear(source, contestant, keep=keep)


def missing_file(workload: Workload, copy: Path) -> str:
    """Return what the first file lacks that is not in the copy, or not in its size; nothing if all are."""
    for file in workload.files:
        target = copy / file.path
        if not target.is_file():
            return f"{file.path} is missing in the copy"
        if target.stat().st_size != file.size_bytes:
            return f"{file.path} has another size in the copy"
    return ""


def _timed(course: Course, contestant: Contestant, environment: Mapping[str, str]) -> tuple[str, Cost]:
    total = NOTHING
    for number, script in enumerate(contestant.stage_scripts()):
        if number and not course.cached_read_back:
            evict(course.destination)
        code, cost = measure(["/bin/sh", "-c", script], environment, course.log)
        total += cost
        if code:
            return f"stage {number + 1} exited {code}: {_complaint(course.log)}", total
    return "", total


def _complaint(log: Path) -> str:
    """Return the first line that speaks of an error, else the last."""
    lines = log.read_text("utf-8", "replace").strip().splitlines() or ["no output"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


def _entries(course: Course) -> int:
    """Return the size that the ledger's last checkpoint signs (the note's second line)."""
    command = [str(course.custody), "-w", str(course.workspace), "checkpoint", "show"]
    note = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(note.splitlines()[1])
