"""Where a demonstration plays: a folder, and the real command started in it as a person would.

Knows nothing of what is shown.
"""

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.cli.exit_codes import ExitCode
from custody.cli.options import Invocation

WORKSPACE: Final = "workspace"
FIRST_COPY: Final = "copies/DEMO-0001/A-001/camera/cam00.mov"  # below the folder


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demonstration plays."""

    run: Invocation
    folder: Path

    @classmethod
    def set(cls, run: Invocation, folder: str | None) -> "Stage":
        """Make the folder. Raises Refused when something is in it."""
        from custody.cli.workspace import require_free

        path = Path(folder).absolute() if folder else Path(tempfile.mkdtemp(prefix="custody-demo-"))
        require_free(path)
        path.mkdir(parents=True, exist_ok=True)
        return cls(run, path)

    def narrate(self, sentence: str) -> None:
        """Say what comes next, after an empty line, on stderr."""
        self.run.output.note("")
        self.run.output.note(sentence)

    def start(self, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Start the real command in the demonstration's folder, and show it as a person would type it."""
        self.run.output.note(f"$ custody {shlex.join(words)}")
        hidden = self.run.output.json or self.run.output.quiet
        environment = {
            **self.run.environment,
            "CUSTODY_WORKSPACE": str(self.folder / WORKSPACE),
            "PYTHONSAFEPATH": "1",
        }
        return subprocess.Popen(  # noqa: S603 - our own program with our own words
            [sys.executable, "-m", "custody.cli.main", *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL if hidden else None,
        )

    def ask(self, words: tuple[str, ...], workspace: Path | None) -> tuple[int, dict[str, object]]:
        """Run the real command on another workspace, or on none; returns its exit code and its result."""
        where = () if workspace is None else ("-w", str(workspace.relative_to(self.folder)))
        self.run.output.note(f"$ custody {shlex.join((*where, *words))}")
        command = [sys.executable, "-m", "custody.cli.main", *where, *words, "--json"]
        environment = {**self.run.environment, "PYTHONSAFEPATH": "1"}
        ended = subprocess.run(  # noqa: S603 - our own program with our own words
            command, cwd=self.folder, env=environment, capture_output=True, check=False
        )
        result: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])
        return ended.returncode, result

    def require(self, code: int, expected: ExitCode) -> None:
        """Stop the demonstration when a step did not end as it should. Raises CannotTell."""
        from custody.domain.errors import CannotTell

        if code != expected:
            raise CannotTell(
                f"a step of the demonstration ended with exit code {code} instead of {int(expected)}",
                done=f"What was done before is kept (in {self.folder}).",
                hint="see its output above",
            )
