"""How fast a ledger takes events and gives them back: ``python -m tests.bench.ledger [events]``.

Prints signed durable events a second, bytes an event, the replay with signatures and root, the whole audit,
peak memory at two sizes, and where the time of an event goes. ``--audit FOLDER`` audits a ledger once more.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from eventsourcing.persistence import StoredEvent

from custody.domain.entries import dsse, entry
from custody.domain.events import KeyEnrolled
from custody.domain.identifiers import KeyId, Position, key_stream
from custody.domain.ports import Recording
from custody.domain.projections.fold import Projector
from custody.domain.proofs import merkle
from custody.domain.use_cases.audit_ledger import audit
from custody.infrastructure.collecting import collecting_seldom
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import load_public_pem, verify
from custody.infrastructure.event_store.audit_source import open_for_audit
from custody.infrastructure.event_store.codec import EventMapper, LedgerEvent
from custody.infrastructure.event_store.opening import LedgerPaths, open_for_reading
from custody.infrastructure.event_store.replay import changes_of
from custody.infrastructure.event_store.sealing import EntrySealer
from tests.unit.event_store.sample_ledger import LEDGER, Workspace, new_workspace, opening, window

BATCH = 1_000
FILES_A_WINDOW = BATCH // 4  # the four events of each file share the window's commits


def batches(events: int) -> Iterator[list[Recording]]:
    for first in range(0, events // 4, FILES_A_WINDOW):
        yield window(range(first, first + FILES_A_WINDOW))


def write(workspace: Workspace, events: int) -> tuple[float, float]:
    """Return wall and processor seconds inside ``append``; making up the events is not counted."""
    wall = processor = 0.0
    with workspace.open() as ledger:
        ledger.keep_document(b"plan")
        opened, *queued = opening()
        ledger.append([opened, enrolled(workspace), *queued])
        for batch in batches(events):
            began, used = time.perf_counter(), time.process_time()
            ledger.append(batch)
            wall += time.perf_counter() - began
            processor += time.process_time() - used
        ledger.make_checkpoint()
    return wall, processor


def enrolled(workspace: Workspace) -> Recording:
    pem = workspace.signer.public_pem.decode()
    key = KeyId(workspace.signer.key_id)
    return Recording(
        key_stream(LEDGER, key), 1, KeyEnrolled(key=key, public_key=pem, examiner="J. Ortiz", protected=True)
    )


def measure_audit(folder: Path) -> None:
    """Audit everything; print entries, seconds, and processor seconds and MiB of both processes."""
    paths = LedgerPaths.within(folder)
    reader = open_for_reading(paths)
    [genesis] = (one.event for one in reader.recorded(1, 1))
    reader.close()
    key = load_public_pem(genesis.public_key.encode())
    began, used = time.perf_counter(), time.process_time()
    with collecting_seldom(), open_for_audit(paths) as source, verifying_in_parallel() as verify_many:
        result = audit(source, {KeyId(key.key_id): key.raw}, verify_many)
    seconds, here = time.perf_counter() - began, time.process_time() - used
    if result.verdict != "passed":
        sys.exit(f"the audit found: {result.findings[:3]}")
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    mebibytes = [who.ru_maxrss // 1024 for who in (resource.getrusage(resource.RUSAGE_SELF), child)]
    print(result.entries, seconds, here, child.ru_utime + child.ru_stime, *mebibytes)


def audited(folder: Path) -> Iterator[str]:
    """Yield what is to be said of an audit, carried out in a process of its own, of which memory is told."""
    command = [sys.executable, "-m", "tests.bench.ledger", "--audit", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    entries, seconds, here, there, memory, memory_there = map(float, run.stdout.split())
    yield f"audited   {entries:>9,.0f} entries, all checks: {entries / seconds:,.0f} a second"
    costs = (f"{spent / entries * 1e6:.1f} µs" for spent in (here, there))
    yield f"          {' and, in another process, '.join(costs)} of processor an entry"
    yield f"          {entries / max(here, there):,.0f} a second if each process has a core to itself"
    yield f"          peak {memory:.0f} MiB, and {memory_there:.0f} MiB in the other process"


def replay(workspace: Workspace) -> tuple[int, float]:
    """Verify every signature, decode every event, fold the root; return the count and seconds."""
    began = time.perf_counter()
    reader = open_for_reading(workspace.paths)
    frontier, raw = merkle.Frontier(), workspace.signer.public_raw
    for stored in reader.entries():
        envelope = dsse.open_envelope(stored.entry)
        if not verify(raw, envelope.signature, envelope.signed_bytes()):
            sys.exit(f"bad signature at {stored.position}")
        entry.parse(envelope.body).event()
        frontier.append(merkle.leaf_hash(stored.entry))
    frontier.root()
    reader.close()
    return frontier.size, time.perf_counter() - began


def per_event(work: Callable[[], object], events: int) -> float:
    """Return microseconds an event, the best of three."""
    seconds = []
    for _ in range(3):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds) / events * 1e6


def split(workspace: Workspace, processor: float) -> Iterator[tuple[str, float]]:
    """Yield what each step of writing costs, in microseconds of processor time an event."""
    recordings, at = window(range(FILES_A_WINDOW)), "2026-03-01T21:10:00.000000Z"
    mapper, sealer, signer = EventMapper(), EntrySealer(LEDGER, workspace.signer), workspace.signer
    facts = [LedgerEvent(one.stream.id, one.revision, one.event, at) for one in recordings]
    stored = [mapper.to_stored_event(one) for one in facts]
    previous = bytes(32)

    def seal(event: StoredEvent) -> bytes:
        return sealer(4_000_000, previous, event)

    entries = [seal(one) for one in stored]
    recorded = [as_recorded(one, position) for position, one in enumerate(recordings)]
    steps: dict[str, Callable[[], object]] = {
        "encode the event": lambda: [mapper.to_stored_event(one) for one in facts],
        "sign (Ed25519 alone)": lambda: [signer.sign(one) for one in entries],
        "seal (body, envelope, signature)": lambda: [seal(one) for one in stored],
        "leaf and frontier": lambda: merkle.root_of(map(merkle.leaf_hash, entries)),
        "project": lambda: list(changes_of(Projector(), recorded)),
    }
    costs = {name: per_event(step, len(recordings)) for name, step in steps.items()}
    yield from costs.items()
    known = sum(cost for name, cost in costs.items() if not name.startswith("sign"))
    yield "insert, read models, commit, library", processor - known


def as_recorded(one: Recording, position: int) -> entry.Recorded:
    return entry.Recorded(
        position=Position(position), stream=one.stream, revision=one.revision,
        at="2026-03-01T21:10:00.000000Z", actor=None, event=one.event,  # type: ignore[arg-type]  # not read
    )  # fmt: skip


def peak_memory(events: int, folder: Path) -> int:
    """Return the peak memory in MiB of a process that writes and replays so many events."""
    command = [sys.executable, "-m", "tests.bench.ledger", "--memory", str(events), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout)


def measure_memory(events: int, folder: Path) -> None:
    workspace = new_workspace(folder)
    write(workspace, events)
    replay(workspace)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main(events: int) -> None:
    with tempfile.TemporaryDirectory(prefix="custody-bench-") as name:
        folder = Path(name)
        workspace = new_workspace(folder / "speed")
        wall, processor = write(workspace, events)
        size = workspace.paths.database.stat().st_size
        print(f"written   {events:>9,} events in batches of {BATCH:,}: {events / wall:,.0f} a second")
        print(
            f"          {wall / events * 1e6:.1f} µs an event, {processor / events * 1e6:.1f} µs of processor"
        )
        print(f"size      {size / events:,.0f} bytes an event, read models and indexes included")
        count, seconds = replay(workspace)
        print(
            f"replayed  {count:>9,} events, signatures and root: {count / seconds:,.0f} a second on one core"
        )
        for line in audited(folder / "speed"):
            print(line)
        print("processor time of one event when writing:")
        for step, cost in split(workspace, processor / events * 1e6):
            print(f"          {cost:6.1f} µs  {step}")
        waiting = (wall - processor) / events * 1e6
        print(f"          {waiting:6.1f} µs  waiting for the disk (synchronous=FULL) and for other processes")
        small, large = (peak_memory(number, folder / str(number)) for number in (50_000, 200_000))
        print(f"memory    peak {small} MiB at 50,000 events, {large} MiB at 200,000")
        print(f"machine   {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        measure_memory(int(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1:2] == ["--audit"]:
        measure_audit(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
