"""How fast a ledger takes events and gives them back: ``python -m tests.bench.ledger [events]``.

Prints signed durable events a second, bytes an event, the replay with signatures and root, peak memory at
two sizes, and where the time of an event goes.
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

from custody.domain import dsse, entry, merkle
from custody.domain.identifiers import Position
from custody.domain.ports import Recording
from custody.domain.projections import Projector
from custody.infrastructure.crypto.ed25519 import verify
from custody.infrastructure.event_store.codec import EventMapper, LedgerEvent
from custody.infrastructure.event_store.opening import open_for_reading
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
        ledger.append(opening())
        for batch in batches(events):
            began, used = time.perf_counter(), time.process_time()
            ledger.append(batch)
            wall += time.perf_counter() - began
            processor += time.process_time() - used
        ledger.make_checkpoint()
    return wall, processor


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
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
