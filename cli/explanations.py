"""What is said about an error: what happened, what was and was not done, what to do next.

Knows the sentence to use where an error brings none. Writes a bug's traceback to a file; prints nothing.
"""

import tempfile
import traceback
from collections.abc import Mapping, Sequence
from typing import Final

from typer.exceptions import TyperException

from custody.cli.exit_codes import ExitCode
from custody.domain.errors import CustodyError
from custody.domain.paths import printable

Sentences = tuple[str, str, str, str]  # code word, what, done, hint

INTERRUPTED: Final[Sentences] = (
    "interrupted",
    "the command was stopped before its end",
    "What was recorded before is safe; nothing after it was done.",
    "run the same command again",
)
_NOTHING_WRITTEN: Final = "Nothing was written."
_DONE: Final[Mapping[ExitCode, str]] = {
    ExitCode.REFUTED: "Nothing was added to the ledger.",
    ExitCode.USAGE: _NOTHING_WRITTEN,
    ExitCode.CANNOT_TELL: "Nothing was decided and nothing was changed.",
    ExitCode.BUSY: _NOTHING_WRITTEN,
    ExitCode.REFUSED: _NOTHING_WRITTEN,
    ExitCode.NOT_ALLOWED: _NOTHING_WRITTEN,
    ExitCode.HALTED: "What was recorded before is safe; the rest was not done.",
}
_HINT: Final[Mapping[ExitCode, str]] = {
    ExitCode.REFUTED: "run 'custody audit' and keep the workspace as it is",
    ExitCode.CANNOT_TELL: "check the name and the rights of what is named above",
    ExitCode.BUSY: "wait for the other process, then run the same command again",
    ExitCode.REFUSED: "remove the cause, then run the same command again",
    ExitCode.NOT_ALLOWED: "use the key and the passphrase of this workspace",
    ExitCode.HALTED: "mend the cause, then go on with 'custody batch resume'",
}


def error_sentences(error: CustodyError, code: ExitCode, command: str = "") -> Sentences:
    """Return the sentences of an error of a command, with those of its exit code where it brings none."""
    done = error.done or _DONE.get(code, "")
    hint = error.hint or (_help_of(command) if code is ExitCode.USAGE else _HINT.get(code, ""))
    return error.code, error.what, done[:1].upper() + done[1:] + ("." if done[-1:].isalpha() else ""), hint


def _help_of(command: str) -> str:
    return f"see '{' '.join(('custody', *command.split()))} --help'"


def problems_of(error: CustodyError) -> Sequence[str]:
    """Return everything that was found wrong, when it was more than the error's first line says."""
    found = getattr(error, "problems", ()) or getattr(error, "mistakes", ())
    lines = [
        f"{mistake.where}: {mistake.message}" if hasattr(mistake, "where") else str(mistake)
        for mistake in found
    ]
    return lines if len(lines) > 1 else ()


def usage_sentences(error: TyperException) -> Sentences:
    """Return the sentences of a mistake in the command line."""
    ctx = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()).rstrip(".")
    return (
        "usage",
        message[:1].lower() + message[1:],
        _NOTHING_WRITTEN,
        _help_of(ctx.command_path.partition(" ")[2] if ctx else ""),
    )


def lost_answer_sentences(reason: str) -> Sentences:
    """Return what to say when the work was done and its answer could not be written."""
    return (
        "output-failed",
        f"the answer could not be written to standard output: {reason}",
        "The work itself went on to its end, and what it recorded is in the ledger.",
        "make room where the output goes, then ask again, for instance with 'custody batch show'",
    )


def bug_sentences(error: Exception) -> Sentences:
    """Save the traceback, without the values of any variable, and return what to say of it."""
    return (
        "bug",
        f"an error inside custody itself: {type(error).__name__}",
        f"What was recorded before is safe. The traceback is in {_save_traceback(error)}",
        "report it with that file, then try 'custody audit'",
    )


def _save_traceback(error: Exception) -> str:
    """Write the traceback into a new private file; the temporary folder is there when no workspace is."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            encoding="utf-8",
            errors="backslashreplace",
            prefix="custody-bug-",
            suffix=".txt",
            delete=False,
        ) as file:
            file.writelines(lines)
    except OSError as failure:
        return f"no file: it could not be saved ({failure.strerror})"
    return printable(file.name.encode(errors="surrogateescape"))
