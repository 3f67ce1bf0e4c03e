"""The options that every command has, before and after its name, and what a person chose with them.

Knows Typer's classes; knows no command. Values are gathered in one place while the line is read, so that a
command only declares what is its own.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from custody.cli.exit_codes import MEANING, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typer._click.core import Context, Parameter

    from custody.cli.output import Output

HELP_NAMES: Final = ("-h", "--help")
READING: Final = (0, 2, 4)  # the exit codes of a command that only looks
ACQUIRING: Final = (0, 1, 2, 3, 4, 5, 6, 7, 20, 130, 143)


Witnesses: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--witness", metavar="VKEY", help="Trust this witness's verifier key, or file of one; repeatable."
    ),
]


class Color(StrEnum):
    """When to colour what a terminal shows; meaning is never in colour alone."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True, kw_only=True)
class Choices:
    """What was chosen on the command line so far; None where nothing was."""

    workspace: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: int = 0
    color: Color | None = None
    passphrase_file: str | None = None

    def keep(self, name: str, value: object) -> None:
        """Keep one option's value; a repeated ``-v`` adds up, otherwise the last one wins."""
        if name == "verbose" and isinstance(value, int):
            self.verbose += value
        elif value is not None and value is not False:
            setattr(self, name, value)


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One run of the program: what was chosen, where it answers, its environment, and the command's words."""

    choices: Choices
    output: "Output"
    environment: "Mapping[str, str]"
    command: str = ""


def invocation(ctx: "Context") -> Invocation:
    """Return the invocation that a command belongs to."""
    found = ctx.find_object(Invocation)
    if found is None:
        raise RuntimeError("a command was called outside the command line")
    return found


def command_words(ctx: "Context") -> str:
    """Return the words of a command without the program's name: ``batch run``."""
    return ctx.command_path.partition(" ")[2]


def examples(*lines: str, exits: "Iterable[int]" = READING) -> str:
    """Return what ends a command's help: exit codes and examples; the marks keep Typer from refilling."""
    codes = [f"  {code:<4} {MEANING[ExitCode(code)]}" for code in exits]
    return "\n".join(("\b", "Exit codes:", *codes, "", "\b", "Examples:", *(f"  {line}" for line in lines)))


def _declaration(
    workspace: Annotated[
        str | None,
        typer.Option(
            "-w", "--workspace", metavar="DIR", help="Workspace; else CUSTODY_WORKSPACE, else your own."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, progress too.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only the verdict and errors.")] = False,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, metavar="", help="Say more; -vv still more.")
    ] = 0,
    color: Annotated[Color | None, typer.Option("--color", help="Colour on a terminal.")] = None,
    passphrase_file: Annotated[
        str | None,
        typer.Option(
            "--passphrase-file", metavar="FILE", help="Read the key's passphrase from the first line of FILE."
        ),
    ] = None,
) -> None:
    """Exist so that Typer makes parameters of these; never called."""


@cache
def _shared() -> "tuple[Parameter, ...]":
    probe = typer.Typer(add_completion=False)
    probe.command()(_declaration)
    parameters = tuple(typer.main.get_command(probe).params)
    for parameter in parameters:
        parameter.expose_value = False
        parameter.callback = _keep
    return parameters


def _keep(ctx: "Context", parameter: "Parameter", value: object) -> None:
    if not ctx.resilient_parsing:
        invocation(ctx).choices.keep(parameter.name or "", value)


class SharedOptionsCommand(TyperCommand):
    """A command that takes the shared options as well."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Pass everything on and add the shared options."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        self.params.extend(_shared())

    def invoke(self, ctx: "Context") -> object:
        """Note which command runs, then run it."""
        invocation(ctx).command = command_words(ctx)
        result: object = super().invoke(ctx)
        return result


class SharedOptionsGroup(TyperGroup):
    """A group of commands that takes the shared options as well."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Pass everything on and add the shared options."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        self.params.extend(_shared())


def group(help_text: str) -> typer.Typer:
    """Return a Typer for one noun's commands."""
    return typer.Typer(cls=SharedOptionsGroup, help=help_text, rich_markup_mode=None)
