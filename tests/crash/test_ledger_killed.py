"""SIGKILL in the middle of appends, again and again, on the same ledger."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import key_files_in, new_private_key, write_key_files
from tests.crash.writing_process import FILES_AT_ONCE
from tests.unit.event_store.replaying import differences_of
from tests.unit.event_store.sample_ledger import Workspace, new_workspace, opening

KILLS = 12
APPEND = 4 * FILES_AT_ONCE
BEFORE = len(opening())


def killed_while_writing(workspace: Workspace, key: Path, delay: float) -> int:
    """Start the writer, kill it ``delay`` seconds after it opened the ledger; return the size it promised."""
    with workspace.open() as ledger:
        first = (ledger.size - BEFORE) // APPEND
    command = [sys.executable, "-m", "tests.crash.writing_process", workspace.folder, key, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        complete = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    return int(complete[-1]) if complete else BEFORE + first * APPEND


@pytest.mark.fault
def test_a_killed_writer_loses_nothing_it_promised_and_leaves_a_ledger_that_goes_on(tmp_path: Path) -> None:
    private = new_private_key()
    workspace = new_workspace(tmp_path / "workspace")
    workspace.signer = Ed25519Signer(private)
    write_key_files(tmp_path / "keys", private, None, "custody.invalid/test")
    key = key_files_in(tmp_path / "keys", workspace.signer.key_id).private
    with workspace.open() as ledger:
        ledger.append(opening())
    delays = random.Random(20260301)

    promised_more_than_nothing = 0
    for _ in range(KILLS):
        promised = killed_while_writing(workspace, key, delays.uniform(0, 0.15))
        promised_more_than_nothing += promised > BEFORE
        with workspace.open() as ledger:  # verifies signatures, chain, frontier and checkpoints
            assert ledger.size >= promised
            assert (ledger.size - BEFORE) % APPEND == 0, "only whole appends"

    assert promised_more_than_nothing > KILLS // 2
    with workspace.open() as ledger:
        assert differences_of(ledger, tmp_path) == []
        assert [stored.position for stored in ledger.reader.entries()] == list(range(ledger.size))
