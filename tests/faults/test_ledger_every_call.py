"""Death and errors at every call by which SQLite and the store write a ledger, injected from outside.

SQLite's calls do not go through a port of ours, so ``strace`` injects them into a real process.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from custody.domain.use_cases.audit_ledger import audit
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import key_files_in, new_private_key, write_key_files
from custody.infrastructure.event_store.audit_source import open_for_audit
from tests.faults.ledger_writer import REFUSED
from tests.unit.event_store.replaying import differences_of
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


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Writers:
    """Writers to the ledger in ``place``, one after the other, each traced from its first call on."""

    folder: Path
    key: Path
    requests: IO[str]
    answers: IO[str]

    @property
    def place(self) -> Path:
        return self.folder / "place"

    @property
    def trace(self) -> Path:
        return self.folder / "trace"

    def run(self, *injection: str) -> Ended:
        out, err = self.folder / "out", self.folder / "err"
        self._tell(json.dumps([str(path) for path in (self.place, self.key, out, err)]))
        with self._traced(self._told(), injection) as strace:
            assert strace.stderr is not None
            attached = strace.stderr.readline()
            assert "attached" in attached, attached
            self._tell("begin")
            code = self._told()
            strace.communicate(timeout=60)
        return Ended(code, out.read_text(), err.read_text())

    def _traced(self, process: int, injection: tuple[str, ...]) -> "subprocess.Popen[str]":
        files = ["ledger.db", "ledger.db-wal", "ledger.db-shm", "checkpoints", "checkpoints/13.note"]
        names = [*files, "checkpoints/.13.note.part"]
        watched = [part for name in names for part in ("-P", str(self.place / name))]
        command = ["strace", "-f", "-p", str(process), "-o", str(self.trace)]
        what = ["-e", f"trace={','.join(WRITING)}", *watched, *injection]
        return subprocess.Popen([*command, *what], stderr=subprocess.PIPE, text=True)

    def _tell(self, line: str) -> None:
        self.requests.write(f"{line}\n")
        self.requests.flush()

    def _told(self) -> int:
        return int(self.answers.readline())


@pytest.fixture
def writers(template: Workspace, quick_folder: Path) -> Iterator[Writers]:
    key = key_files_in(quick_folder / "keys", template.signer.key_id).private
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.ledger_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Writers(quick_folder, key, process.stdin, process.stdout)


def calls_of(trace: Path) -> dict[str, int]:
    names = re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE)
    return {name: names.count(name) for name in WRITING}


def wrongs(workspace: Workspace, ended: Ended) -> Iterator[str]:
    """Say what of the promises does not hold; then go on writing where the writer was stopped."""
    promised = max((int(line) for line in ended.out.split()), default=BEFORE)
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
        yield from (f"read model: {one}" for one in differences_of(ledger, workspace.folder))
    yield from (f"audit: {code}" for code in sorted(findings_of(workspace) - OF_THE_SAMPLE))


def findings_of(workspace: Workspace) -> set[str]:
    with open_for_audit(workspace.paths) as source, verifying_in_parallel() as verify_many:
        return {finding.code for finding in audit(source, workspace.keys, verify_many).findings}


def test_a_fault_at_any_call_loses_nothing_promised_and_leaves_a_ledger_that_goes_on(
    template: Workspace, writers: Writers
) -> None:
    shutil.copytree(template.folder, writers.place)
    assert writers.run().code == 0
    calls = calls_of(writers.trace)
    assert calls["pwrite64"] > 10
    assert calls["fdatasync"] + calls["fsync"] > 3

    points, stopped, found = 0, 0, []
    for call in WRITING:
        full_disk = ["error=ENOSPC"] if call in NEEDING_ROOM else []
        for fault in ("signal=KILL", "error=EIO", *full_disk):
            for k in range(1, calls[call] + 1):
                shutil.rmtree(writers.place)
                shutil.copytree(template.folder, writers.place)
                ended = writers.run("-e", f"inject={call}:{fault}:when={k}")
                points += 1
                stopped += ended.code != 0
                where = f"{fault} at {call} {k}"
                if ended.code not in {0, REFUSED, *KILLED}:
                    found.append(f"{where}: ended {ended.code}: {ended.err[-300:]}")
                again = Workspace(writers.place, signer=template.signer)
                found += [f"{where}: {wrong}" for wrong in wrongs(again, ended)]

    assert found == [], f"{points} fault points, {len(found)} wrong"
    assert stopped > points // 2
    print(f"ledger: {points} fault points, 0 false good")
