"""The whole pipeline with a fault at one of its file calls, and what must hold after the next run.

``python -m tests.faults.pipeline FOLDER KIND`` goes through every point of a kind of death, each in a process
of its own, and prints how many points there were.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from custody.domain.errors import CustodyError
from custody.domain.events import FileVerified
from custody.domain.identifiers import KeyId
from custody.domain.use_cases.audit_ledger import audit
from custody.domain.use_cases.workshop import RunSettings
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.event_store.audit_source import open_for_audit
from custody.infrastructure.files.file_calls import FileCalls
from tests.fakes.workbench import Tree, Workbench, sha256, signer, tree
from tests.faults.faulty_calls import EXT4, FaultyCalls

SETTINGS = RunSettings(retries=1, retry_pause_seconds=0.0, window_files=2)


def make_source(folder: Path) -> None:
    bench = Workbench(folder)
    try:
        bench.write("empty", b"")
        bench.write("sub/b.bin", bytes(range(256)) * 700)
        bench.write("sub/\udcffname", b"a name that is not UTF-8")
        bench.source.joinpath("hollow").mkdir()
        os.utime(bench.source / "hollow", (1_600_000_000, 1_600_000_000))
        bench.source.joinpath("link").symlink_to("sub/b.bin")
    finally:
        bench.close()


def work(folder: Path, calls: FileCalls) -> str:
    """Run the batch as far as it goes; returns how it ended."""
    bench = Workbench(folder, calls=calls, settings=SETTINGS)
    try:
        return run(bench)
    finally:
        bench.close()


def run(bench: Workbench) -> str:
    try:
        return bench.run().status
    except CustodyError as error:
        return type(error).__name__


def wrongs(folder: Path) -> list[str]:
    """Take the work up again without faults and say everything that is then not as it must be."""
    found: list[str] = []
    for _ in range(2):  # what failed for good in the first run is copied by the next
        ended, false = taken_up(folder)
        found += false
        if ended == "completed":
            break
    else:
        found.append(f"the resumed run ended {ended}")
    if without_set_aside(tree(folder / "destination" / "source")) != tree(folder / "source"):
        found.append("the trees differ")
    if sorted(os.listdir(folder / "destination")) != ["source"]:
        found.append(f"left at the destination: {os.listdir(folder / 'destination')}")
    return [*found, *audit_findings(folder)]


def taken_up(folder: Path) -> tuple[str, list[str]]:
    """Take the work up again; returns how it ended, and the false goods before and after it."""
    bench = Workbench(folder, settings=SETTINGS)
    try:
        before = [f"before the resume: {wrong}" for wrong in false_good(bench)]
        return run(bench), [*before, *false_good(bench)]
    finally:
        bench.close()


def without_set_aside(found: Tree) -> Tree:
    """Leave out copies that could not be proved: they are kept, under a name that says so."""
    return {name: entry for name, entry in found.items() if ".custody-bad-" not in name}


def false_good(bench: Workbench) -> Iterator[str]:
    """Say which verified copies are not there as they were verified."""
    claims = {event.path: event for event in bench.events(FileVerified) if isinstance(event, FileVerified)}
    for path, event in claims.items():
        copy = bench.destination / os.fsdecode(path)
        if not copy.is_file() or sha256(copy.read_bytes()) != event.digests["sha256"]:
            yield f"{path!r} is claimed as verified and is not there or differs"


def audit_findings(folder: Path) -> list[str]:
    paths = Workbench.paths_in(folder)
    trusted = {KeyId(signer().key_id): signer().public_raw}
    with open_for_audit(paths) as source, verifying_in_parallel() as verify_many:
        result = audit(source, trusted, verify_many)
    return [f"audit: {finding}" for finding in result.findings]


def die_at_every_call(folder: Path, kind: str) -> tuple[int, list[str]]:
    """Kill a process at call 1, 2, 3 … of the pipeline until one comes to its end."""
    make_source(folder / "template")
    k, found = 0, []
    while True:
        k += 1
        place = folder / f"point-{k}"
        shutil.copytree(folder / "template", place, symlinks=True)
        killed = os.WIFSIGNALED(in_a_child(partial(work, place, FaultyCalls(k, kind, filesystem=EXT4))))
        found += [f"{kind} at call {k}: {wrong}" for wrong in wrongs(place)]
        shutil.rmtree(place)
        if not killed:
            return k - 1, found


def in_a_child(act: Callable[[], object]) -> int:
    """Act in a forked child of this process, which has one thread; returns the child's wait status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    points, all_wrongs = die_at_every_call(Path(sys.argv[1]), sys.argv[2])
    for one in all_wrongs:
        print(one)
    print(f"{sys.argv[2]}: {points} fault points, {len(all_wrongs)} wrong")
    sys.exit(1 if all_wrongs or not points else 0)
