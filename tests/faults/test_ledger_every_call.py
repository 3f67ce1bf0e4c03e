"""Death and errors at every call by which SQLite and the store write a ledger, injected from outside.

SQLite's calls do not go through a port of ours, so ``strace`` injects them into a real process.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.domain.use_cases.audit_ledger import audit
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import key_files_in, new_private_key, write_key_files
from custody.infrastructure.event_store.audit_source import open_for_audit
from custody.infrastructure.event_store.replay import differences, replay_into
from tests.faults.ledger_writer import REFUSED
from tests.unit.event_store.sample_ledger import Workspace, new_workspace, opening, window

WRITING = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "link", "write")
NEEDING_ROOM = {"pwrite64", "write", "link"}
BEFORE = len(opening())
KILLED = {-9, 137}
OF_THE_SAMPLE = {"no-genesis", "document-missing"}  # it has neither a key's enrolment nor a plan


pytestmark = [
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.system_fault("strace"),
]


@pytest.fixture
def template(quick_folder: Path) -> Workspace:
    private = new_private_key()
    workspace = new_workspace(quick_folder / "template")
    workspace.signer = Ed25519Signer(private)
    write_key_files(quick_folder / "keys", private, None, "custody.invalid/test")
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.make_checkpoint()
    return workspace


def run_writer(folder: Path, key: Path, trace: Path, *injection: str) -> "subprocess.CompletedProcess[str]":
    files = ["ledger.db", "ledger.db-wal", "ledger.db-shm", "checkpoints", "checkpoints/13.note"]
    names = [*files, "checkpoints/.13.note.part"]
    watched = [part for name in names for part in ("-P", str(folder / name))]
    command = ["strace", "-f", "-o", str(trace), "-e", f"trace={','.join(WRITING)}", *watched, *injection]
    writer = [sys.executable, "-m", "tests.faults.ledger_writer", str(folder), str(key)]
    return subprocess.run([*command, *writer], check=False, capture_output=True, text=True, timeout=60)


def calls_of(trace: Path) -> dict[str, int]:
    names = re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE)
    return {name: names.count(name) for name in WRITING}


def wrongs(workspace: Workspace, ended: "subprocess.CompletedProcess[str]") -> Iterator[str]:
    """Say what of the promises does not hold; then go on writing where the writer was stopped."""
    promised = max((int(line) for line in ended.stdout.split()), default=BEFORE)
    with workspace.open() as ledger:  # verifies signatures, chain, frontier and checkpoints
        if ledger.size < promised:
            yield f"{promised} entries were promised, {ledger.size} are there"
        if (ledger.size - BEFORE) % 4:
            yield f"{ledger.size} entries: an append was torn"
        for number in range((ledger.size - BEFORE) // 4, 3):
            ledger.append(window([number]))
        ledger.make_checkpoint()
        if ledger.size != BEFORE + 12:
            yield f"{ledger.size} entries after going on"
        replayed = replay_into(workspace.folder / "replayed.db", ledger.reader.recorded())
        yield from (f"read model: {one}" for one in differences(ledger.reader.engine, replayed))
        replayed.dispose()
    yield from (f"audit: {code}" for code in sorted(findings_of(workspace) - OF_THE_SAMPLE))


def findings_of(workspace: Workspace) -> set[str]:
    with open_for_audit(workspace.paths) as source, verifying_in_parallel() as verify_many:
        return {finding.code for finding in audit(source, workspace.keys, verify_many).findings}


def test_a_fault_at_any_call_loses_nothing_promised_and_leaves_a_ledger_that_goes_on(
    template: Workspace, quick_folder: Path
) -> None:
    key = key_files_in(quick_folder / "keys", template.signer.key_id).private
    place, trace = quick_folder / "place", quick_folder / "trace"
    shutil.copytree(template.folder, place)
    assert run_writer(place, key, trace).returncode == 0
    calls = calls_of(trace)
    assert calls["pwrite64"] > 10
    assert calls["fdatasync"] + calls["fsync"] > 3

    points, stopped, found = 0, 0, []
    for call in WRITING:
        full_disk = ["error=ENOSPC"] if call in NEEDING_ROOM else []
        for fault in ("signal=KILL", "error=EIO", *full_disk):
            for k in range(1, calls[call] + 1):
                shutil.rmtree(place)
                shutil.copytree(template.folder, place)
                ended = run_writer(place, key, trace, "-e", f"inject={call}:{fault}:when={k}")
                points += 1
                stopped += ended.returncode != 0
                where = f"{fault} at {call} {k}"
                if ended.returncode not in {0, REFUSED, *KILLED}:
                    found.append(f"{where}: ended {ended.returncode}: {ended.stderr[-300:]}")
                again = Workspace(place, signer=template.signer)
                found += [f"{where}: {wrong}" for wrong in wrongs(again, ended)]

    assert found == [], f"{points} fault points, {len(found)} wrong"
    assert stopped > points // 2
    print(f"ledger: {points} fault points, 0 false good")
