"""The composition root of evidence: lane, destinations and inspector put together for one command.

Knows the adapters of files. Decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial

from custody.cli.adapters import LedgerView
from custody.cli.session import Session
from custody.domain.entries.entry import Recorded
from custody.domain.identifiers import LedgerId, Position
from custody.domain.ports import LedgerWriter, Progress, Recording, StopRequest
from custody.domain.use_cases.workshop import RunSettings, Surveyor, Workshop
from custody.infrastructure.files.destination import open_destination
from custody.infrastructure.files.inspector import FileInspector
from custody.infrastructure.files.lane import ProcessLane
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from custody.infrastructure.settings import RunChoices
from custody.infrastructure.system import SystemClock


class ClosedLedger:
    """The ledger of a command that only looks (``ports.LedgerWriter``): nothing can be recorded."""

    def __init__(self, ledger: LedgerId) -> None:
        """Know the ledger's id."""
        self._ledger = ledger

    @property
    def ledger(self) -> LedgerId:
        """The ledger's id."""
        return self._ledger

    def append(self, recordings: Sequence[Recording]) -> Position:
        """Refuse: a look that records is a bug."""
        raise RuntimeError(f"{len(recordings)} events in a command that only looks")

    def vouched(self, positions: Sequence[Position]) -> Mapping[Position, Recorded]:
        """Refuse: a look that claims is a bug."""
        raise RuntimeError(f"{len(positions)} claims in a command that only looks")

    def keep_document(self, content: bytes) -> str:
        """Refuse: a look that records is a bug."""
        raise RuntimeError(f"{len(content)} bytes to keep in a command that only looks")


@contextmanager
def working(session: Session, stop: StopRequest, progress: Progress) -> Iterator[Workshop]:
    """Give the workshop of a session; its lane ends with the block."""
    with _workshop(session.view(), session.ledger, stop, progress, restarted=session.restarted) as workshop:
        yield workshop


@contextmanager
def looking(view: LedgerView, stop: StopRequest, progress: Progress) -> Iterator[Workshop]:
    """Give a workshop that records nothing and needs no key."""
    with _workshop(view, ClosedLedger(view.reader.ledger), stop, progress, restarted=False) as workshop:
        yield workshop


@contextmanager
def surveying(view: LedgerView, stop: StopRequest) -> Iterator[Surveyor]:
    """Give what the checks before a run need."""
    calls = LinuxFileCalls()
    with closing(ProcessLane()) as lane:
        yield Surveyor(
            reader=view.reader,
            model=view.model,
            lane=lane,
            open_destination=partial(open_destination, calls),
            inspector=FileInspector(calls),
            clock=SystemClock(),
            stop=stop,
            settings=run_settings(view.workspace.run),
        )


@contextmanager
def _workshop(
    view: LedgerView, ledger: LedgerWriter, stop: StopRequest, progress: Progress, *, restarted: bool
) -> Iterator[Workshop]:
    with closing(ProcessLane()) as lane:
        yield Workshop(
            ledger=ledger,
            reader=view.reader,
            model=view.model,
            lane=lane,
            open_destination=partial(open_destination, LinuxFileCalls()),
            clock=SystemClock(),
            stop=stop,
            progress=progress,
            settings=run_settings(view.workspace.run),
            restarted=restarted,
        )


def run_settings(choices: RunChoices) -> RunSettings:
    """Return how to run, as the settings chose."""
    return RunSettings(
        retries=choices.retries,
        stall_timeout_seconds=choices.stall_timeout_seconds,
        window_files=choices.window_files,
        window_bytes=choices.window_bytes,
        final_pass=choices.final_pass,
    )
