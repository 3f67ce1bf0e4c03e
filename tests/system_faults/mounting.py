"""File systems for one test, each undone when its block ends, however it ends."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY_SECONDS = 10


def unmount(folder: Path) -> None:
    """Unmount at once where possible, else as soon as nobody uses it any more."""
    if subprocess.run(["umount", folder], check=False, capture_output=True).returncode:
        subprocess.run(["umount", "-l", folder], check=False, capture_output=True)


@contextlib.contextmanager
def mounted(kind: str, what: str | Path, folder: Path, options: str = "") -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    words = ["mount", *(("-t", kind) if kind else ()), *(("-o", options) if options else ())]
    subprocess.run([*words, what, folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        unmount(folder)


def make_image(file: Path, size: int, *make: str) -> Path:
    """A disk image with a file system on it, made by a command such as ``mkfs.ext4 -q``."""
    with file.open("wb") as image:
        image.truncate(size)
    subprocess.run([*make, file], check=True, capture_output=True)
    return file


def ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not os.path.ismount(folder):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the faulty file system did not come up: {process.poll()}")
        time.sleep(0.02)


@contextlib.contextmanager
def faulty(backing: Path, folder: Path, *rules: dict[str, object]) -> Iterator[Path]:
    """Show ``backing`` at ``folder`` through the faulty file system; its calls stand in ``folder.trace``."""
    folder.mkdir()
    trace = folder.with_suffix(".trace")
    trace.touch()
    command = [sys.executable, "-m", "tests.system_faults.faulty_filesystem"]
    process = subprocess.Popen([*command, backing, folder, trace, json.dumps(rules)], cwd=ROOT)
    try:
        ready(folder, process)
        yield folder
    finally:
        # Whoever waits for an answer of a dead file system is told so by the kernel, hung ones too.
        process.kill()
        process.wait()
        unmount(folder)
