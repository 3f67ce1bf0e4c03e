"""Runs of the real command: under another tool, or watched until they are well under way."""

import json
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command_line import COMMAND, CommandLine, Ended

ONE_TRY = {"CUSTODY_RETRIES": "0"}
SMALL_WINDOWS = {"CUSTODY_WINDOW_FILES": "3"}


@dataclass(frozen=True, slots=True)
class Under(CommandLine):
    """The command as another tool starts it: strace, prlimit, setpriv."""

    tool: tuple[str, ...] = ()
    command: tuple[str, ...] = tuple(COMMAND)

    def start(
        self, *words: str | bytes, cwd: Path | None = None, **variables: str
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.tool, *self.command, *words],
            bufsize=0,  # communicate() does not give what a buffer has taken from the pipe before
            cwd=cwd or self.home,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *words: str | bytes, cwd: Path | None = None, **variables: str) -> Ended:
        return self.anew(*words, cwd=cwd, **variables)


def copying(source: Path, destination: Path) -> tuple[str, ...]:
    return ("copy", str(source), "--to", str(destination), "--case", "1", "--json", "-v")


def many_files(folder: Path, *, files: int = 120, size: int = 20_000) -> Path:
    for number in range(files):
        file = folder / f"part{number % 5}" / f"file{number:04d}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.Random(number).randbytes(size + number))
    return folder


def until_verified(process: subprocess.Popen[bytes], files: int = 1) -> list[str]:
    """Listen until the run has said of so many files that they are verified; returns their paths."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        message = json.loads(line)
        if message["type"] == "file" and message["outcome"] == "verified":
            said.append(message["path"])
            if len(said) >= files:
                return said
    raise AssertionError(f"the run ended after {len(said)} files: {process.communicate()}")


def ending(process: subprocess.Popen[bytes], seconds: int = 60) -> Ended:
    out, err = process.communicate(timeout=seconds)
    return Ended(process.returncode, out.decode(errors="surrogateescape"), err.decode())


def lane_of(process: subprocess.Popen[bytes]) -> int:
    """The child process that reads and writes."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return next(int(pid) for pid in children if b"lane_process" in Path(f"/proc/{pid}/cmdline").read_bytes())


def alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")
