"""``custody demo``: a whole case on made-up evidence, by the real command.

Knows what to make up and which commands to run; every step is a process, as a person would start it.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import shake_256
from pathlib import Path
from typing import Annotated, Final

import typer

from custody.cli.demo.stage import FIRST_COPY, Stage
from custody.cli.exit_codes import ExitCode
from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples("custody demo", "custody demo --tamper", exits=(0, 1, 4, 6))

CLIPS: Final = 3
CLIP_BYTES: Final = 8 * 1024 * 1024
PHOTOS: Final = 200
PHOTO_BYTES: Final = 24 * 1024
ODD_NAMES: Final = (
    "дело №7.txt".encode(), "証拠 写真.txt".encode(), b"r\xe9sum\xe9 (Latin-1).txt", b"two\nlines.txt",
    b"-rf", "photo\u202egpj.exe".encode(), b" leading blank.txt", b"empty.txt",
)  # fmt: skip
_BATCH: Final = """[batch]
name = "Demonstration"

[defaults]
case_number = "DEMO-0001"
output = "copies"
technician_name = "Demo Examiner"

[[job]]
name = "Camera 1"
exhibit = "A-001"
folders = ["evidence/camera"]
hashes = ["sha256", "md5"]
template = "{case_number}/{exhibit}"

[[job]]
name = "Telephone"
exhibit = "A-002"
folders = ["evidence/telephone"]
template = "{case_number}/{exhibit}"

[[job]]
name = "Odd names"
exhibit = "A-003"
folders = ["evidence/odd names"]
template = "{case_number}/{exhibit}"
"""


def command(
    ctx: typer.Context,
    folder: Annotated[
        str | None, typer.Option("--dir", metavar="DIR", help="New folder; by default a temporary one.")
    ] = None,
    tamper: Annotated[
        bool, typer.Option("--tamper", help="Then break copies of it, and show each break being caught.")
    ] = False,
) -> Answer:
    """Run a whole case on made-up evidence.

    Three jobs, interrupted once on purpose and resumed, verified, audited, and the report printed.
    """
    from custody.cli.demo.breaks import breaks_answer

    stage = Stage.set(invocation(ctx), folder)
    make_evidence(stage.folder)
    for step in STEPS:
        step.play(stage)
    if tamper:
        return breaks_answer(stage)
    report = stage.folder / "report.pdf"
    return Answer(
        verdict=f"OK  the report: {report}",
        lines=("  everything of this demonstration is in that folder; remove it when you like",),
        fields={"dir": str(stage.folder), "report": str(report)},
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the demonstration, with the sentence before it."""

    sentence: str
    words: tuple[str, ...]

    def play(self, stage: Stage) -> None:
        """Run the command and wait for it."""
        stage.narrate(self.sentence)
        stage.require(stage.start(self.words).wait(), ExitCode.OK)


@dataclass(frozen=True, slots=True)
class InterruptedStep:
    """A command that gets SIGINT, as by Ctrl+C, once its first copy stands."""

    sentence: str
    words: tuple[str, ...]

    def play(self, stage: Stage) -> None:
        """Run the command, interrupt it, and see that it says so."""
        stage.narrate(self.sentence)
        process = stage.start(self.words)
        while process.poll() is None and not (stage.folder / FIRST_COPY).exists():
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        stage.require(process.wait(), ExitCode.INTERRUPTED)
        stage.run.output.note("  exit code 130: paused, nothing is lost")


STEPS: Final = (
    Step(
        "1. A workspace: a ledger and a key. A real one gets a passphrase.",
        ("init", "--examiner", "Demo Examiner", "--no-passphrase"),
    ),
    Step("2. What would the batch do? Looking writes nothing.", ("batch", "check", "demo.toml")),
    InterruptedStep(
        "3. Run the batch of three jobs, and press Ctrl+C on purpose.", ("batch", "run", "demo.toml")
    ),
    Step("4. Go on where it stopped.", ("batch", "resume")),
    Step("5. Read every copy again and compare it with the ledger.", ("verify",)),
    Step("6. Check the ledger itself.", ("audit",)),
    Step("7. Make the report.", ("report", "custody", "--out", "report.pdf")),
)


def make_evidence(folder: Path) -> None:
    """Make up three sources and the batch file; the same bytes each time."""
    (folder / "demo.toml").write_text(_BATCH, encoding="utf-8")
    (folder / "copies").mkdir()
    sources = folder / "evidence"
    _make_files(sources / "camera", CLIPS, CLIP_BYTES, lambda number: b"cam%02d.mov" % number)
    _make_files(sources / "telephone" / "DCIM", PHOTOS, PHOTO_BYTES, lambda number: b"IMG_%04d.jpg" % number)
    (sources / "telephone" / "latest.jpg").symlink_to("DCIM/IMG_0199.jpg")
    (sources / "telephone" / "empty folder").mkdir()
    odd = sources / "odd names"
    odd.mkdir()
    for number, name in enumerate(ODD_NAMES):
        content = b"" if name.startswith(b"empty") else shake_256(name).digest(1000 + number)
        with suppress(OSError):  # some file systems take UTF-8 only
            _write(bytes(odd), name, content)


def _make_files(folder: Path, count: int, size: int, name_of: Callable[[int], bytes]) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        name = name_of(number)
        _write(bytes(folder), name, shake_256(name).digest(size))


def _write(folder: bytes, name: bytes, content: bytes) -> None:
    with open(os.path.join(folder, name), "wb") as file:  # noqa: PTH118, PTH123 - names that are not UTF-8
        file.write(content)
