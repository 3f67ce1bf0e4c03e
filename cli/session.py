"""One command's stay in a ledger that it writes: opened with the first entry, closed with the exit code.

Knows that a command which records nothing leaves no session, and that every other one ends with
SessionClosed and a checkpoint, failures included. The adapters are put together in ``adapters``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from logging import Logger

from custody.cli.adapters import LedgerView, opened_for_writing, session_facts
from custody.cli.diagnostics import diagnostics_log
from custody.cli.exit_codes import ExitCode, code_of, code_of_interruption
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.signing import require_right, require_role
from custody.cli.workspace import Workspace, open_workspace
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CustodyError, LedgerFailed
from custody.domain.events import SessionClosed, SessionOpened
from custody.domain.identifiers import LedgerId, Position, Stream
from custody.domain.keys.holders import Holder
from custody.domain.ports import Clock, LedgerWriter, Recording
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.system import SystemClock, new_name

_OPENED = 1
_CLOSED = 2


class SessionLedger:
    """The ledger of one session (``ports.LedgerWriter``).

    SessionOpened goes before the first event, in the same commit.
    """

    def __init__(
        self,
        ledger: LedgerWriter,
        stream: Stream,
        opened: SessionOpened,
        last_revision: Callable[[Stream], int],
        holder: Holder,
    ) -> None:
        """Record nothing yet; ``last_revision`` tells what the ledger has of a stream, 0 for nothing.

        ``holder`` is the person whose key signs, and whose roles say what may be recorded.
        """
        self._ledger = ledger
        self._stream = stream
        self._opened = opened
        self._last_revision = last_revision
        self.holder = holder
        self._is_begun = False
        self._is_in_doubt = False

    @property
    def begun(self) -> bool:
        """Whether SessionOpened is recorded.

        An interruption (Ctrl+C) right behind the first commit leaves that open; then the ledger is asked.
        """
        if self._is_in_doubt:
            self._is_begun = self._last_revision(self._stream) >= _OPENED
            self._is_in_doubt = False
        return self._is_begun

    @property
    def ledger(self) -> LedgerId:
        """The ledger's id."""
        return self._ledger.ledger

    def append(self, recordings: Sequence[Recording]) -> Position:
        """Seal and commit all, or none; opens the session first if need be.

        Raises NotAllowed when the holder has not the role for any of it.
        """
        for recording in recordings:
            require_right(self.holder, recording.event)
        if self.begun:
            return self._ledger.append(recordings)
        self._is_in_doubt = True
        position = self._ledger.append([Recording(self._stream, _OPENED, self._opened), *recordings])
        self._is_begun, self._is_in_doubt = True, False
        return position

    def vouched(self, positions: Sequence[Position]) -> Mapping[Position, Recorded]:
        """Return the entries at these positions whose signature holds."""
        return self._ledger.vouched(positions)

    def keep_document(self, content: bytes) -> str:
        """Keep bytes that an event cites by their SHA-256."""
        return self._ledger.keep_document(content)

    def close(self, code: ExitCode) -> None:
        """Record the end, unless nothing was recorded."""
        if self.begun:
            self._ledger.append([Recording(self._stream, _CLOSED, SessionClosed(exit=code))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command that writes has in hand."""

    run: Invocation
    workspace: Workspace
    ledger: SessionLedger
    store: SqlLedger
    clock: Clock
    log: Logger
    restarted: bool  # the machine was restarted since the last session
    open_until_end: ExitStack  # closed after the last entry and its checkpoint

    def view(self) -> LedgerView:
        """The same ledger, to read."""
        return LedgerView(
            run=self.run, workspace=self.workspace, reader=self.store.reader, model=self.store.read_model
        )


def in_session(
    run: Invocation, work: Callable[[Session], Answer], *, records: str = "SessionOpened"
) -> Answer:
    """Do ``work`` in a session of this invocation's workspace; its end is recorded whatever happens.

    ``records`` is the type of event that the work is about, so that whoever has no role for it is told before
    anything is done. Raises NotAllowed then, Busy when another process holds the ledger, and whatever the
    work raises.
    """
    workspace = open_workspace(run)
    with _open_session(run, workspace) as (session, checkpoint):
        require_role(session.ledger.holder, records)
        code = ExitCode.BUG
        try:
            answer = work(session)
            code = answer.code
        except CustodyError as error:
            code = code_of(error)
            raise
        except KeyboardInterrupt as interruption:
            code = code_of_interruption(interruption)
            raise
        finally:
            _close(session, checkpoint, code)
        return answer


def _close(session: Session, checkpoint: Callable[[], bytes], code: ExitCode) -> None:
    session.log.info("end %s exit %d", session.run.command, code)
    try:
        session.ledger.close(code)
        if session.ledger.begun:
            checkpoint()
    except LedgerFailed:
        if code is not ExitCode.HALTED:  # else that is what is being reported already
            raise


@contextmanager
def _open_session(run: Invocation, workspace: Workspace) -> Iterator[tuple[Session, Callable[[], bytes]]]:
    clock = SystemClock()
    with (
        diagnostics_log(workspace.diagnostics, run.command, clock.now(), new_name()) as log,
        ExitStack() as open_until_end,
        opened_for_writing(run, workspace, clock) as opened,
    ):
        facts = session_facts(run.command, opened)
        session = Session(
            run=run, workspace=workspace, store=opened, clock=clock, log=log, restarted=facts.restarted,
            open_until_end=open_until_end,
            ledger=SessionLedger(
                opened, facts.stream, facts.opened, opened.reader.revision, facts.holder
            ),
        )  # fmt: skip
        yield session, opened.make_checkpoint
