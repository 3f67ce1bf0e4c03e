"""``custody exhibit``: items of evidence, and who holds them."""

from typing import Annotated, Final

import typer

from custody.cli.options import READING, SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Register, show and release exhibits.")

_WRITING: Final = (0, 1, 2, 4, 5, 6, 7, 20)

Named = Annotated[str, typer.Argument(metavar="EXHIBIT", help="Exhibit number, or CASE/EXHIBIT.")]
Case = Annotated[str, typer.Option("--case", metavar="NUMBER", help="Case number.")]
MaybeCase = Annotated[
    str | None, typer.Option("--case", metavar="NUMBER", help="Case number; needed where several fit.")
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="POSITION|TIME", help="As it stood then; a time like 2026-03-01T21:10:00Z."),
]


@app.command(
    "register",
    cls=SharedOptionsCommand,
    epilog=examples('custody exhibit register A-001 --case 2026-0147 --seal "bag 5512"', exits=_WRITING),
)
def register(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="EXHIBIT", help="Exhibit number, unique in its case.")],
    case: Case,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="What it is.")
    ] = None,
    make: Annotated[str | None, typer.Option("--make", metavar="TEXT", help="Manufacturer.")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="TEXT", help="Model.")] = None,
    serial: Annotated[str | None, typer.Option("--serial", metavar="TEXT", help="Serial number.")] = None,
    seal: Annotated[str | None, typer.Option("--seal", metavar="TEXT", help="Seal or bag number.")] = None,
    condition: Annotated[
        str | None, typer.Option("--condition", metavar="TEXT", help="Its state when it was taken in.")
    ] = None,
) -> Answer:
    """Register an exhibit; whoever does so is its first custodian.

    A copy with a new --exhibit registers it by itself, without a description.
    """
    from custody.cli.casework import registered_exhibit
    from custody.domain.exhibits.exhibit import Description

    what = Description(
        description=description, make=make, model=model, serial=serial, seal=seal, condition=condition
    )
    return registered_exhibit(invocation(ctx), number, case, what)


@app.command(
    "show",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody exhibit show A-001", "custody exhibit show A-001 --case 2026-0147 --at 120", exits=READING
    ),
)
def show(ctx: typer.Context, exhibit: Named, case: MaybeCase = None, at: At = None) -> Answer:
    """Show an exhibit: what it is, who holds it, every hand-over."""
    from custody.cli.custody_views import exhibit_answer

    return exhibit_answer(invocation(ctx), exhibit, case, at)


@app.command(
    "list",
    cls=SharedOptionsCommand,
    epilog=examples("custody exhibit list", "custody exhibit list --at 2026-03-01T21:10:00Z", exits=READING),
)
def list_(ctx: typer.Context, case: MaybeCase = None, at: At = None) -> Answer:
    """List exhibits and who holds them, now or at a position or time."""
    from custody.cli.custody_views import exhibits_answer

    return exhibits_answer(invocation(ctx), case, at)


@app.command(
    "note",
    cls=SharedOptionsCommand,
    epilog=examples('custody exhibit note A-001 "Seal 5512 broken for the copy."', exits=_WRITING),
)
def note(
    ctx: typer.Context,
    exhibit: Named,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be on record.")],
    case: MaybeCase = None,
) -> Answer:
    """Add a note to an exhibit."""
    from custody.cli.casework import noted_exhibit

    return noted_exhibit(invocation(ctx), exhibit, case, text)


@app.command(
    "release",
    cls=SharedOptionsCommand,
    epilog=examples('custody exhibit release A-001 --to "M. Berger (owner)"', exits=_WRITING),
)
def release(
    ctx: typer.Context,
    exhibit: Named,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Who has it from now on.")],
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    place: Annotated[str | None, typer.Option("--place", metavar="TEXT", help="Where.")] = None,
    case: MaybeCase = None,
) -> Answer:
    """Let an exhibit leave custody for good: to its owner, a court, destruction.

    Only its custodian may. To hand it to somebody with a key, use 'custody transfer offer'.
    """
    from custody.cli.casework import released_exhibit

    return released_exhibit(invocation(ctx), exhibit, case, to=to, reason=reason, place=place)
