"""Where a command answers: stdout for the answer, stderr for progress, notes and errors. Nothing else, ever.

Knows the streams, JSON and plain text; knows no command. Neither a reader that goes away nor a full disk
behind stdout stops the work.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

from custody.cli.empty_results import EMPTY_RESULTS
from custody.cli.exit_codes import ExitCode
from custody.cli.options import Choices, Color
from custody.domain.paths import escape_text

_RED: Final = "\x1b[1;31m"
_GREEN: Final = "\x1b[1;32m"
_PLAIN: Final = "\x1b[0m"
_SHORT_ANSWER_LINES: Final = 8


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

    def data(self, content: bytes) -> None:
        """Write bytes to stdout exactly. Raises OutputClosed when they are not taken."""
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        except OSError as error:
            self._give_up(error)
            raise OutputClosed from error

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines for people as they come, in the default and the verbose mode. Raises OutputClosed."""
        for line in lines:
            if not self._print(line):
                raise OutputClosed

    def record(self, kind: str, fields: Mapping[str, object]) -> None:
        """Write one JSON line of a type; goes on without a word when stdout does not take it."""
        self._print(json.dumps({"type": kind, **fields}, separators=(",", ":")))

    def note(self, text: str) -> None:
        """Say something worth reading beside the answer."""
        if not self.quiet and not self.json:
            self._say(escape_text(text))

    def warn(self, text: str) -> None:
        """Say something that must be read, whatever was chosen."""
        self._say(f"warning: {escape_text(text)}")

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
        if self.json:
            error: dict[str, object] = {**_error_fields(sentences)}
            if details:
                error["problems"] = [escape_text(detail) for detail in details]
            self._result(command, code, "", {**EMPTY_RESULTS.get(command, {}), "error": error})
        else:
            for detail in details:
                self._say(f"  - {escape_text(detail)}")
        self._complain(sentences)
        return code

    def _complain(self, sentences: tuple[str, str, str, str]) -> None:
        word, what, done, hint = (escape_text(sentence) for sentence in sentences)
        name = self._dressed(f"error[{word}]:", _RED, sys.stderr)
        self._say(f"{name} {what}\n  {done}\n  hint: {hint}")

    def _finish_for_people(self, answer: Answer) -> None:
        color = _GREEN if answer.code is ExitCode.OK else _RED
        verdict = self._dressed(escape_text(answer.verdict), color, sys.stdout)
        if answer.verdict:
            self._print(verdict)
        if self.quiet:
            return
        for line in answer.lines:
            self._print(escape_text(line))
        if answer.verdict and len(answer.lines) > _SHORT_ANSWER_LINES:
            self._print(verdict)

    def _result(self, command: str, code: ExitCode, status: str, fields: Mapping[str, object]) -> None:
        schema = f"custody.{command.replace(' ', '-') or 'command-line'}/1"
        self.record("result", {"schema": schema, "status": status or code.word, "exit": int(code), **fields})

    def _dressed(self, text: str, color: str, stream: TextIO) -> str:
        return f"{color}{text}{_PLAIN}" if text and self.colored(stream) else text

    def _print(self, line: str) -> bool:
        if self.closed:
            return False
        try:
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
