"""Re-reading copies from the command line: with a session, or only as a look.

Knows how a pass is shown. What is compared with what is the use case's business.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from custody.cli.acquisition import absolute
from custody.cli.adapters import LedgerView, reading_ledger
from custody.cli.empty_results import EMPTY_RESULTS
from custody.cli.evidence import looking, working
from custody.cli.exit_codes import ExitCode, code_of_signal, interruption
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.progress import shown_progress
from custody.cli.render import limited
from custody.cli.session import Session, in_session
from custody.cli.signals import pausing_on_signals
from custody.cli.standing import abandoned_before
from custody.cli.wording import counted, duration, size_text
from custody.domain.paths import RawPath, printable, to_json
from custody.domain.ports import Clock, Progress, StopRequest
from custody.domain.use_cases.lane_feed import Interrupted
from custody.domain.use_cases.verification.verify_copies import (
    Problem,
    Scope,
    VerifyResult,
    resolve_scope,
    verify,
)
from custody.domain.use_cases.workshop import Workshop
from custody.infrastructure.system import SystemClock

READ_ONCE: Final = 1  # a pass reads each byte once


def verify_copies(run: Invocation, scope: str | None, *, record: bool) -> Answer:
    """Read the copies in scope again. Raises NotFound for a scope that the ledger does not know."""
    if record:
        return in_session(run, lambda session: _recorded_pass(session, scope), records="CopyReverified")
    with reading_ledger(run) as view:
        return _pass(
            view, scope, SystemClock(), lambda stop, progress: looking(view, stop, progress), record=False
        )


def reread_for_audit(run: Invocation) -> VerifyResult:
    """Read every copy again and record nothing; a signal ends the command.

    Raises Busy, Halted and LedgerUnreadable.
    """
    clock = SystemClock()
    progress = shown_progress(run.output, clock, verbose=run.choices.verbose, passes=READ_ONCE, said=())
    with reading_ledger(run) as view, progress as shown:
        try:
            with (
                pausing_on_signals(run, abandoned_before(run)) as stop,
                looking(view, stop, shown) as workshop,
            ):
                return verify(workshop, Scope(), record=False)
        except Interrupted as interrupted:
            raise interruption(interrupted.signal) from interrupted


def _recorded_pass(session: Session, scope: str | None) -> Answer:
    return _pass(
        session.view(),
        scope,
        session.clock,
        lambda stop, progress: working(session, stop, progress),
        record=True,
    )


def _pass(
    view: LedgerView,
    text: str | None,
    clock: Clock,
    workshop_for: Callable[[StopRequest, Progress], AbstractContextManager[Workshop]],
    *,
    record: bool,
) -> Answer:
    scope = resolve_scope(text, absolute(text) if text else None, view.model)
    run = view.run
    with shown_progress(run.output, clock, verbose=run.choices.verbose, passes=READ_ONCE, said=()) as shown:
        noted = Noted(shown)
        with (
            pausing_on_signals(run, lambda code: _paused(code, noted, record=record)) as stop,
            workshop_for(stop, noted) as workshop,
        ):
            try:
                return _answer(verify(workshop, scope, record=record))
            except Interrupted as interrupted:
                return _paused(code_of_signal(interrupted.signal), noted, record=record)


class Noted:
    """A pass's progress (``ports.Progress``) that keeps what a pass cut short would not tell."""

    def __init__(self, shown: Progress) -> None:
        """Begin with nothing read."""
        self._shown = shown
        self.checked = 0
        self.failed: list[Problem] = []

    def plan(self, *, files: int, size: int) -> None:
        """Add to the totals."""
        self._shown.plan(files=files, size=size)

    def advance(self, path: bytes, phase: str, size: int, of: int = 0) -> None:
        """Say that more bytes of a copy were read."""
        self._shown.advance(path, phase, size, of)

    def finished(self, path: bytes, outcome: str, message: str = "") -> None:
        """Count a copy, and keep one that is not good."""
        self.checked += 1
        if outcome == "failed":
            self.failed.append(Problem(RawPath(path), message))
        self._shown.finished(path, outcome, message)

    def note(self, text: str) -> None:
        """Say something worth reading."""
        self._shown.note(text)


def _answer(result: VerifyResult) -> Answer:
    code = _code(result)
    looked_at = counted(result.checked, "copy", "copies")
    sums = f"{looked_at} looked at, {size_text(result.bytes)} read in {duration(result.seconds)}"
    return Answer(
        code=code,
        verdict=f"{_word(result, code)}  {sums}{_found(result)}",
        lines=list(limited([line for name, found in _lists(result) for line in _lines(name, found)])),
        fields={
            "checked": result.checked,
            "bytes": result.bytes,
            "seconds": round(result.seconds, 3),
            "changed": _fields(result.changed),
            "missing": _fields(result.missing),
            "extra": _fields(result.extra),
            "unreadable": _fields(result.unreadable),
        },
    )


def _code(result: VerifyResult) -> ExitCode:
    if result.refuted:
        return ExitCode.REFUTED
    if result.unreadable:
        return ExitCode.INCOMPLETE
    return ExitCode.OK if result.checked else ExitCode.CANNOT_TELL


def _word(result: VerifyResult, code: ExitCode) -> str:
    if not result.checked and code is ExitCode.CANNOT_TELL:
        return "CANNOT TELL  there is no proved copy to read;"
    return next((word for word, found in _lists(result) if found), "OK")


def _found(result: VerifyResult) -> str:
    return "".join(f", {len(found)} {word.lower()}" for word, found in _lists(result) if found)


def _lists(result: VerifyResult) -> Iterable[tuple[str, Sequence[Problem]]]:
    return (
        ("CHANGED", result.changed),
        ("MISSING", result.missing),
        ("EXTRA", result.extra),
        ("UNREAD", result.unreadable),
    )


def _lines(word: str, problems: Sequence[Problem]) -> Iterable[str]:
    for problem in problems:
        yield f"  {word:<8}  {printable(problem.path)}: {problem.message}"


def _fields(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{**to_json("path", problem.path), "message": problem.message} for problem in problems]


def _paused(code: ExitCode, noted: Noted, *, record: bool) -> Answer:
    """Return the answer of a pass that a signal ended; of what kind a failed copy is, its entry says."""
    kept = "what was found until now is recorded" if record else "nothing was recorded, as asked"
    return Answer(
        code=code,
        verdict=f"PAUSED  {counted(noted.checked, 'copy', 'copies')} looked at; {kept}; the rest was not",
        lines=(*limited(list(_lines("FAILED", noted.failed))), "  again with: custody verify"),
        fields={
            **EMPTY_RESULTS["verify"],
            "checked": noted.checked,
            "failed": _fields(noted.failed),
        },
    )
