"""``custody case``: investigations by their numbers."""

from typing import Annotated, Final

import typer

from custody.cli.options import READING, SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Open, show and close cases.")

_WRITING: Final = (0, 1, 2, 4, 5, 6, 7, 20)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Case number, as the agency writes it.")]


@app.command(
    "open",
    cls=SharedOptionsCommand,
    epilog=examples('custody case open 2026-0147 --title "Main Street robbery"', exits=_WRITING),
)
def open_(
    ctx: typer.Context,
    number: Number,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="What it is about.")] = None,
) -> Answer:
    """Open a case, or a closed one again.

    A copy for a new case number opens the case by itself.
    """
    from custody.cli.casework import opened_case

    return opened_case(invocation(ctx), number, title)


@app.command("show", cls=SharedOptionsCommand, epilog=examples("custody case show 2026-0147", exits=READING))
def show(ctx: typer.Context, number: Number) -> Answer:
    """Show a case: its exhibits, who holds them, its notes."""
    from custody.cli.custody_views import case_answer

    return case_answer(invocation(ctx), number)


@app.command("list", cls=SharedOptionsCommand, epilog=examples("custody case list", exits=READING))
def list_(ctx: typer.Context) -> Answer:
    """List the cases of this ledger."""
    from custody.cli.custody_views import cases_answer

    return cases_answer(invocation(ctx))


@app.command(
    "note",
    cls=SharedOptionsCommand,
    epilog=examples('custody case note 2026-0147 "Court order 12/26 received."', exits=_WRITING),
)
def note(
    ctx: typer.Context,
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be on record.")],
) -> Answer:
    """Add a note to a case, closed or not."""
    from custody.cli.casework import noted_case

    return noted_case(invocation(ctx), number, text)


@app.command(
    "close",
    cls=SharedOptionsCommand,
    epilog=examples('custody case close 2026-0147 --reason "Verdict final."', exits=_WRITING),
)
def close(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
) -> Answer:
    """Close a case: no acquisition, exhibit or offer until it is opened again."""
    from custody.cli.casework import closed_case

    return closed_case(invocation(ctx), number, reason)
