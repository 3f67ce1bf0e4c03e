"""Where a command answers: stdout for the answer, stderr for progress, notes and errors. Nothing else, ever.

Knows the streams, JSON and plain text; knows no command. Neither a reader that goes away nor a full disk
behind stdout stops the work.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

from custody.cli.empty_results import EMPTY_RESULTS
from custody.cli.exit_codes import ExitCode
from custody.cli.options import Choices, Color
from custody.cli.wording import folded
from custody.domain.paths import escape_text

_RED: Final = "\x1b[1;31m"
_GREEN: Final = "\x1b[1;32m"
_PLAIN: Final = "\x1b[0m"
_SHORT_ANSWER_LINES: Final = 8
_USUAL_COLUMNS: Final = 80
_LEAST_COLUMNS: Final = 40  # on anything narrower, folding helps nobody
_WAIT_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended: its exit code, one sentence, the details for people, the fields for programs.

    ``verdict`` may be empty where the data itself is the answer; ``status`` is the word in the JSON result,
    by default that of the exit code.
    """

    code: ExitCode = ExitCode.OK
    verdict: str = ""
    lines: Sequence[str] = ()
    status: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    error: tuple[str, str, str, str] | None = None  # code word, what happened, what was done, hint


def _error_fields(sentences: tuple[str, str, str, str]) -> dict[str, str]:
    word, what, done, hint = (escape_text(sentence) for sentence in sentences)
    return {"code": word, "message": what, "done": done, "hint": hint}


class OutputClosed(Exception):
    """Stdout takes nothing more: its reader went away, or its disk failed."""


class Output:
    """The two streams of one invocation."""

    def __init__(self, choices: Choices, environment: Mapping[str, str]) -> None:
        """Answer on the process's own streams, as the choices say once they are read."""
        self._choices = choices
        self._environment = environment
        self.closed = False  # stdout takes nothing more
        self.lost: str | None = None  # why the answer is not there, where somebody may still look for it
        self._turn = threading.RLock()  # of whoever writes to stdout
        self._answered = False
        self.clear_display: Callable[[], None] = lambda: None  # takes away what stands beside the answer

    @property
    def json(self) -> bool:
        """Whether the answer is for programs."""
        return self._choices.json

    @property
    def quiet(self) -> bool:
        """Whether only the verdict and errors are wanted."""
        return self._choices.quiet

    def colored(self, stream: TextIO) -> bool:
        """Whether to colour what goes to a stream (https://no-color.org)."""
        choice = self._choices.color or self._environment.get("CUSTODY_COLOR")
        if choice in {Color.ALWAYS, Color.NEVER}:
            return choice == Color.ALWAYS
        return not self._environment.get("NO_COLOR") and self.interactive(stream)

    def interactive(self, stream: TextIO) -> bool:
        """Whether a stream is a terminal that can do more than print lines."""
        dumb = self._environment.get("TERM") == "dumb" or bool(self._environment.get("CI"))
        return stream.isatty() and not dumb

    def width(self, stream: TextIO) -> int | None:
        """Return how many columns a terminal has; None for what is no terminal, whose lines stay whole."""
        if not stream.isatty():
            return None
        try:
            found = int(self._environment.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns)
        except (OSError, ValueError):
            found = 0
        return max(found or _USUAL_COLUMNS, _LEAST_COLUMNS)

    def data(self, content: bytes) -> None:
        """Write bytes to stdout exactly. Raises OutputClosed when they are not taken."""
        try:
            with self._turn:
                sys.stdout.flush()
                sys.stdout.buffer.write(content)
        except OSError as error:
            self._give_up(error)
            raise OutputClosed from error

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines for people as they come, in the default and the verbose mode. Raises OutputClosed."""
        for line in lines:
            if not self._tell(line):
                raise OutputClosed

    def record(self, kind: str, fields: Mapping[str, object]) -> None:
        """Write one JSON line of a type; goes on without a word when stdout does not take it."""
        self._print(json.dumps({"type": kind, **fields}, separators=(",", ":")))

    def note(self, text: str) -> None:
        """Say something worth reading beside the answer."""
        if not self.quiet and not self.json:
            self._say_folded(escape_text(text))

    def warn(self, text: str) -> None:
        """Say something that must be read, whatever was chosen."""
        self._say_folded(f"warning: {escape_text(text)}")

    def flush(self) -> bool:
        """Hand over what is still buffered; False when stdout does not take it."""
        if self.closed:
            return False
        try:
            sys.stdout.flush()
        except OSError as error:
            self._give_up(error)
            return False
        return True

    def finish(self, command: str, answer: Answer) -> None:
        """Write a command's answer: its result as the last JSON line, or its verdict first and last."""
        self._answered = True
        if self.json:
            told = {} if answer.error is None else {"error": _error_fields(answer.error)}
            self._result(command, answer.code, answer.status, {**answer.fields, **told})
        else:
            self._finish_for_people(answer)
        if answer.error is not None:
            self._complain(answer.error)

    def fail(
        self, command: str, code: ExitCode, sentences: tuple[str, str, str, str], details: Sequence[str] = ()
    ) -> ExitCode:
        """Write an error and return its code: three lines on stderr, with ``--json`` on stdout as well.

        The sentences are the code word, what happened, what was done, and the hint.
        """
        self._answered = True
        if self.json:
            error: dict[str, object] = {**_error_fields(sentences)}
            if details:
                error["problems"] = [escape_text(detail) for detail in details]
            self._result(command, code, "", {**EMPTY_RESULTS.get(command, {}), "error": error})
        else:
            for detail in details:
                self._say_folded(f"  - {escape_text(detail)}")
        self._complain(sentences)
        return code

    def last_words(self, command: str, answer: Answer) -> bool:
        """Write the answer of a command that is ended from outside, on another thread than its own.

        Nothing can be written after it. False when the command is giving an answer itself, or when stdout is
        stuck.
        """
        if not self._turn.acquire(timeout=_WAIT_SECONDS):
            return False
        if self._answered:
            self._turn.release()
            return False
        self.clear_display()
        self.finish(command, answer)
        return True

    def _complain(self, sentences: tuple[str, str, str, str]) -> None:
        word, what, done, hint = (escape_text(sentence) for sentence in sentences)
        name = f"error[{word}]:"
        lines = "\n".join(self._folded(f"{name} {what}", sys.stderr))
        dressed = self._dressed(name, _RED, sys.stderr)
        self._say(lines.replace(name, dressed, 1))
        self._say_folded(f"  {done}")
        self._say_folded(f"  hint: {hint}")

    def _finish_for_people(self, answer: Answer) -> None:
        color = _GREEN if answer.code is ExitCode.OK else _RED
        verdict = self._folded(escape_text(answer.verdict), sys.stdout) if answer.verdict else []
        lines = [] if self.quiet else [escape_text(line) for line in answer.lines]
        for line in verdict:
            self._print(self._dressed(line, color, sys.stdout))
        for line in lines:
            self._tell(line)
        for line in verdict if len(lines) > _SHORT_ANSWER_LINES else ():
            self._print(self._dressed(line, color, sys.stdout))

    def _folded(self, line: str, stream: TextIO) -> list[str]:
        width = self.width(stream)
        return [line] if width is None else folded(line, width)

    def _tell(self, line: str) -> bool:
        return all(self._print(part) for part in self._folded(line, sys.stdout))

    def _say_folded(self, line: str) -> None:
        self._say("\n".join(self._folded(line, sys.stderr)))

    def _result(self, command: str, code: ExitCode, status: str, fields: Mapping[str, object]) -> None:
        schema = f"custody.{command.replace(' ', '-') or 'command-line'}/1"
        self.record("result", {"schema": schema, "status": status or code.word, "exit": int(code), **fields})

    def _dressed(self, text: str, color: str, stream: TextIO) -> str:
        return f"{color}{text}{_PLAIN}" if text and self.colored(stream) else text

    def _print(self, line: str) -> bool:
        if self.closed:
            return False
        try:
            with self._turn:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        except OSError as error:
            self._give_up(error)
            return False
        return True

    def _give_up(self, error: OSError) -> None:
        """Write no more: what came after a gap would look like the whole answer."""
        self.closed = True
        if not isinstance(error, BrokenPipeError):
            self.lost = error.strerror or str(error)

    def _say(self, text: str) -> None:
        try:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
        except OSError:
            pass  # nobody listens; the exit code still speaks
