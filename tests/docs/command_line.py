"""The command line as Typer holds it: every command with its options, and which of them a line names."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from custody.cli.main import app


@dataclass(frozen=True, slots=True)
class Command:
    words: tuple[str, ...]
    options: dict[str, bool]  # each spelling, and whether a value follows it
    children: dict[str, "Command"]

    @property
    def line(self) -> str:
        return " ".join(self.words)

    def walk(self) -> Iterator["Command"]:
        yield self
        for child in self.children.values():
            yield from child.walk()


def _read(node: object, words: tuple[str, ...]) -> Command:
    options = {
        spelling: not (getattr(parameter, "is_flag", False) or getattr(parameter, "count", False))
        for parameter in getattr(node, "params", [])
        if not getattr(parameter, "hidden", False)
        for spelling in (*parameter.opts, *parameter.secondary_opts)
        if spelling.startswith("-")
    }
    children = {
        name: _read(child, (*words, name))
        for name, child in getattr(node, "commands", {}).items()
        if not getattr(child, "hidden", False)
    }
    return Command(words, options, children)


def command_line() -> Command:
    return _read(typer.main.get_command(app), ("custody",))


def mistakes(line: str, root: Command) -> Iterator[str]:
    """What in a ``custody …`` line the real command would not know: a command or a long option."""
    command, expects_value = root, False
    for token in shlex.split(line, comments=True)[1:]:
        if token in {"|", ">", ">>", "&&", "||", ";", "&"}:
            return
        if expects_value:
            expects_value = False
        elif token.startswith("-"):
            name, _, value = token.partition("=")
            known = {"--help": False} | root.options | command.options
            if token.startswith("--") and name not in known:
                yield f"{command.line}: no option {name}"
            expects_value = known.get(name, False) and not value
        elif command.children and token not in command.children:
            yield f"{command.line}: no command {token}"
            return
        else:
            command = command.children.get(token, command)
