"""The one boundary: a command line goes in; an answer or a three-line error and an exit code come out.

Knows every kind of error there is, bugs included. Knows no command.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from typer._click.core import Command  # Typer's own copy of Click has no public name for it
from typer.exceptions import Abort, Exit, TyperException

from custody.cli.exit_codes import ExitCode, Terminated, code_of, code_of_interruption, worst
from custody.cli.explanations import (
    INTERRUPTED,
    bug_sentences,
    error_sentences,
    lost_answer_sentences,
    problems_of,
    usage_sentences,
)
from custody.cli.options import Choices, Invocation
from custody.cli.output import Answer, Output, OutputClosed
from custody.domain.errors import CustodyError

PROGRAM: Final = "custody"
_PRIVATE_UMASK: Final = 0o077


def prepare_process() -> None:
    """Make this process safe to stand in a folder of evidence, whose files must not become code."""
    os.umask(_PRIVATE_UMASK)
    os.environ["PYTHONSAFEPATH"] = "1"  # for the processes we start: no import from the working directory
    if not sys.flags.safe_path and sys.path and sys.path[0] in {"", _working_directory()}:
        del sys.path[0]
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def answer(
    command: Command, arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[ExitCode, Output]:
    """Run one command line and write its answer; raises nothing."""
    choices = Choices(json="--json" in arguments)  # for a mistake in the line itself
    output = Output(choices, environment)
    run = Invocation(choices=choices, output=output, environment=environment)
    code = _outcome(command, arguments, run)
    output.flush()
    if output.lost is not None:
        sentences = lost_answer_sentences(output.lost)
        code = worst(code, output.fail(run.command, ExitCode.INCOMPLETE, sentences))
    return code, output


def _outcome(command: Command, arguments: Sequence[str], run: Invocation) -> ExitCode:
    output = run.output
    try:
        return _run(command, arguments, run)
    except TyperException as error:
        return output.fail(_words(error) or run.command, ExitCode.USAGE, usage_sentences(error))
    except CustodyError as error:
        code = code_of(error)
        return output.fail(run.command, code, error_sentences(error, code, run.command), problems_of(error))
    except OutputClosed:
        return ExitCode.INCOMPLETE
    except (KeyboardInterrupt, Abort) as error:
        return output.fail(run.command, code_of_interruption(error), INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the one boundary: a bug must not look like a refuted copy
        return _unexpected(error, run)


def _unexpected(error: Exception, run: Invocation) -> ExitCode:
    # Typer writes help by itself, past our output: an answer that was not taken is no bug.
    if isinstance(error, OSError) and not run.output.closed and not run.output.flush():
        return ExitCode.INCOMPLETE
    return run.output.fail(run.command, ExitCode.BUG, bug_sentences(error))


def _run(command: Command, arguments: Sequence[str], run: Invocation) -> ExitCode:
    try:
        with command.make_context(PROGRAM, list(arguments), obj=run) as ctx:
            result = command.invoke(ctx)
    except Exit as end:  # help and version were shown
        return ExitCode(end.exit_code)
    if not isinstance(result, Answer):
        raise TypeError(f"the command {run.command!r} returned no answer")
    run.output.finish(run.command, result)
    return result.code


def _words(error: TyperException) -> str:
    ctx = getattr(error, "ctx", None)
    return ctx.command_path.partition(" ")[2] if ctx else ""


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Terminated


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return ""
