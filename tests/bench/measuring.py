"""What a command costs: wall time, processor time and peak memory of all its processes; and the page cache.

Processor time is that of every process the command started, orphans included. Memory is the sum of
proportional set sizes (``smaps_rollup``: a page that three processes share counts a third in each), sampled;
a peak shorter than the pause between samples can be missed. Knows nothing of what the command does.
"""

import ctypes
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAUSE_SECONDS: Final = 0.05
COST_SHARE: Final = 20  # sampling takes at most a twentieth of one core, also of huge maps
ORPHAN_SECONDS: Final = 10.0
PR_SET_CHILD_SUBREAPER: Final = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took; costs of stages add up, except that of the peaks the higher counts."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            wall_seconds=self.wall_seconds + other.wall_seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            peak_bytes=max(self.peak_bytes, other.peak_bytes),
        )


NOTHING: Final = Cost(wall_seconds=0.0, cpu_seconds=0.0, peak_bytes=0)


class MemorySampler(threading.Thread):
    """Watches the memory of all descendants of this process until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(name="memory", daemon=True)
        self.peak_bytes = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            began = time.thread_time()
            self.peak_bytes = max(self.peak_bytes, sum(map(memory_bytes, descendants(os.getpid()))))
            pause = max(PAUSE_SECONDS, COST_SHARE * (time.thread_time() - began))

    def stop(self) -> int:
        self._stopped.set()
        self.join()
        return self.peak_bytes


def adopt_orphans() -> None:
    """Have orphans of the measured commands reparented here, so that none escapes the sums (prctl(2))."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot become the reaper of orphaned processes")


def measure(command: list[str], environment: Mapping[str, str], log: Path) -> tuple[int, Cost]:
    """Run a command with its output in ``log``; return its exit code and cost.

    Call ``adopt_orphans`` first, and have no other children.

    Raises:
        TimeoutError: a process that the command left behind would not end.
    """
    sampler = MemorySampler()
    with log.open("ab") as output:
        before, began = _children_seconds(), time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        sampler.start()
        code = process.wait()
        wall = time.perf_counter() - began
    peak = sampler.stop()
    _reap_orphans()
    return code, Cost(wall_seconds=wall, cpu_seconds=_children_seconds() - before, peak_bytes=peak)


def descendants(process: int) -> Iterator[int]:
    """Yield the ids of all living descendants of a process; one that ends meanwhile is left out."""
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in map(int, found):
            yield child
            yield from descendants(child)


def memory_bytes(process: int) -> int:
    """Return the proportional set size of a process; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def evict(folder: Path) -> None:
    """Drop the clean pages of every file below a folder from the page cache (POSIX_FADV_DONTNEED)."""
    for file in _files(folder):
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def warm(folder: Path) -> None:
    """Read every file below a folder once."""
    for file in _files(folder):
        with file.open("rb", buffering=0) as opened:
            while opened.read(1 << 20):
                pass


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        paths = (Path(parent, name) for name in names)
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _reap_orphans() -> None:
    deadline = time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < deadline:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(0.01)
    raise TimeoutError("the command left a process behind that does not end")
