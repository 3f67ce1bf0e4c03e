"""The real command in a process of its own, in an environment of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cli.fork_server import TIMEOUT_SECONDS, ForkServer

COMMAND = [sys.executable, "-m", "custody.cli.main"]
KEPT = ("PATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "LANG")
READ_BY_THE_COMMAND = ("CUSTODY_", "COLUMNS", "SOFTHSM2_")  # others may be read as the interpreter starts
SERVER = ForkServer()


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, object]:
        last = json.loads(self.out.splitlines()[-1])
        assert last["type"] == "result"
        return last

    @property
    def error_lines(self) -> list[str]:
        return self.err.splitlines()


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs ``custody`` with a home of its own; ``workspace`` is where it looks for one."""

    home: Path

    @property
    def workspace(self) -> Path:
        return self.home / "workspace"

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "CUSTODY_WORKSPACE": str(self.workspace),
            "PYTHONSAFEPATH": "1",
            **variables,
        }

    def start(
        self, *words: str | bytes, cwd: Path | None = None, **variables: str
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, *words],
            bufsize=0,  # communicate() does not give what a buffer has taken from the pipe before
            cwd=cwd or self.home,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *words: str | bytes, cwd: Path | None = None, **variables: str) -> Ended:
        """Run the command to its end, in a process forked from one that has imported it already."""
        if not all(name.startswith(READ_BY_THE_COMMAND) for name in variables):
            return self.anew(*words, cwd=cwd, **variables)
        return ended(*SERVER.run(words, cwd or self.home, self.environment(**variables)))

    def anew(self, *words: str | bytes, cwd: Path | None = None, **variables: str) -> Ended:
        """Run the command to its end, in a new interpreter."""
        process = self.start(*words, cwd=cwd, **variables)
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        return ended(process.returncode, out, err)

    def init(self, *words: str) -> Ended:
        made = self("init", "--examiner", "J. Ortiz", "--no-passphrase", *words)
        assert made.code == 0, made.err
        return made

    def ledger_size(self) -> int:
        return len(self("log", "export").out.splitlines())


def ended(code: int, out: bytes, err: bytes) -> Ended:
    return Ended(code, out.decode(errors="surrogateescape"), err.decode(errors="surrogateescape"))


def is_three_line_error(ended: Ended, code: str) -> bool:
    lines = ended.error_lines[-3:]
    return (
        len(lines) == 3
        and lines[0].startswith(f"error[{code}]: ")
        and lines[1].startswith("  ")
        and lines[2].startswith("  hint: ")
    )
