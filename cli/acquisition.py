"""Acquisitions from the command line: the checks before, the run with its progress, the answer.

Knows the order: nothing is written before every check has passed. What copying means is for the pipeline.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from custody.cli.adapters import LedgerView, reading_ledger
from custody.cli.evidence import surveying, working
from custody.cli.exit_codes import interruption
from custody.cli.meter import NOTHING, Amount
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.progress import shown_progress
from custody.cli.render import batch_answer, batch_code
from custody.cli.run_log import log_result, log_start
from custody.cli.session import Session, in_session
from custody.cli.signals import LastWords, pausing_on_signals
from custody.cli.standing import abandoned_before, abandoned_run, nothing_left
from custody.cli.surveys import room_text, survey_answer, unlisted_lines
from custody.domain.copying.plan import Plan
from custody.domain.errors import UsageError
from custody.domain.instructions import MAX_INSTRUCTION_BYTES, read_instruction
from custody.domain.paths import RawPath, parent, printable
from custody.domain.use_cases.batch_names import named_batch, named_or_unfinished_batch
from custody.domain.use_cases.batches.estimate import estimate_seconds
from custody.domain.use_cases.batches.preflight import look_at_places, survey
from custody.domain.use_cases.batches.queue_batch import Instruction, plan_of
from custody.domain.use_cases.batches.run_batch import batch_to_resume, resume, retry, start
from custody.domain.use_cases.lane_feed import Interrupted
from custody.domain.use_cases.workshop import BatchResult, Surveyor, Workshop
from custody.infrastructure.collecting import collecting_seldom

Work = Callable[[Workshop], BatchResult]
_Seen = TypeVar("_Seen")


def absolute(path: str) -> RawPath:
    """Return a path of the command line as absolute raw bytes, without resolving links. Raises UsageError."""
    if not path or "\0" in path:
        raise UsageError(f"not a path: {path!r}")
    return RawPath(os.path.abspath(os.fsencode(path)))  # noqa: PTH100 - raw bytes, links kept


def read_batch_file(file: str) -> tuple[Plan, Instruction]:
    """Read a batch file. Raises UsageError when it cannot be read, and with every mistake in it."""
    path = absolute(file)
    try:
        with Path(os.fsdecode(path)).open("rb") as stream:
            content = stream.read(MAX_INSTRUCTION_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"the batch file cannot be read: {printable(path)}: {error.strerror}",
            hint="check its name and rights",
        ) from error
    plan = read_instruction(
        printable(Path(file).name.encode(errors="surrogateescape")), content, folder=parent(path)
    )
    return plan, Instruction(path=path, content=content)


def check_plan(run: Invocation, plan: Plan) -> Answer:
    """Make every check of a plan that only reads. Raises Refused with all that speaks against it."""

    def checked(surveyor: Surveyor) -> Answer:
        found = survey(plan, surveyor)
        return survey_answer(plan, found, estimate_seconds(found.reading, found.rooms, surveyor))

    with reading_ledger(run) as view:
        return _looked(run, view, checked)


def acquire(run: Invocation, plan: Plan, instruction: Instruction | None = None) -> Answer:
    """Check a plan, then run it. Raises Refused before anything is written."""

    def checked_run(session: Session) -> Answer:
        found = _looked(run, session.view(), lambda surveyor: survey(plan, surveyor))
        for room in found.rooms:
            run.output.note(room_text(room))
        for line in unlisted_lines(found):
            run.output.note(line)
        return _run(
            session,
            plan.id,
            lambda workshop: start(workshop, plan, instruction=instruction),
            Amount(found.files, found.bytes),
        )

    return in_session(run, checked_run, records="BatchQueued")


def resume_batch(run: Invocation, batch: str | None) -> Answer:
    """Continue an unfinished batch, or say that nothing is left of it. Raises NotFound, UsageError."""
    with reading_ledger(run) as view:
        row = named_or_unfinished_batch(view.model, batch)
        if row.state == "completed":
            return nothing_left(view.model, row, "resume")
    return _go_on(run, row.batch, lambda workshop: resume(workshop, row.batch))


def retry_batch(run: Invocation, batch: str) -> Answer:
    """Try the failed files of a batch again, if there are any. Raises NotFound, UsageError."""
    with reading_ledger(run) as view:
        row = named_batch(view.model, batch)
        if row.state == "completed":
            return nothing_left(view.model, row, "try again")
    return _go_on(run, row.batch, lambda workshop: retry(workshop, row.batch))


def _go_on(run: Invocation, batch: str, work: Work) -> Answer:
    """Look whether sources and destinations are there, then go on. Raises Refused before any writing."""

    def checked_work(session: Session) -> Answer:
        view = session.view()
        plan = plan_of(view.reader, batch_to_resume(view.model, batch))
        _looked(run, view, lambda surveyor: look_at_places(plan, surveyor), abandoned_run(run, batch))
        return _run(session, batch, work)

    return in_session(run, checked_work, records="BatchQueued")


def _looked(
    run: Invocation, view: LedgerView, look: Callable[[Surveyor], _Seen], told: LastWords | None = None
) -> _Seen:
    """Look before the work; a signal ends the command, since there is nothing yet to pause.

    Asked once more at the end: a look that is over sooner than a stop takes effect must not swallow it.
    """
    try:
        with (
            pausing_on_signals(run, told or abandoned_before(run)) as stop,
            surveying(view, stop) as surveyor,
        ):
            seen = look(surveyor)
    except Interrupted as interrupted:
        raise interruption(interrupted.signal) from interrupted
    signal = stop.requested()
    if signal is not None:
        raise interruption(signal)
    return seen


def _run(session: Session, batch: str, work: Work, expected: Amount = NOTHING) -> Answer:
    run = session.run
    log_start(session.log, run.command)
    with (
        pausing_on_signals(run, abandoned_run(run, batch)) as stop,
        shown_progress(run.output, session.clock, verbose=run.choices.verbose, expected=expected) as progress,
        working(session, stop, progress) as workshop,
        collecting_seldom(),
    ):
        result = work(workshop)
    log_result(session.log, result, batch_code(result))
    return batch_answer(result)
