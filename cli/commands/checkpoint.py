"""``custody checkpoint``: the signed size and root of the ledger."""

from typing import Annotated, Final

import typer

from custody.cli.options import SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Sign, show or check the ledger's size and root.")


@app.command(
    "make", cls=SharedOptionsCommand, epilog=examples("custody checkpoint make", exits=(0, 1, 4, 5, 7, 20))
)
def make(ctx: typer.Context) -> Answer:
    """Sign a checkpoint of the ledger as it is.

    Where there is one of this size already, nothing changes.
    """
    from custody.cli.checkpoints import made_checkpoint

    return made_checkpoint(invocation(ctx))


@app.command(
    "show",
    cls=SharedOptionsCommand,
    epilog=examples("custody checkpoint show", "custody checkpoint show > note.txt", exits=(0, 4)),
)
def show(ctx: typer.Context) -> Answer:
    """Print the latest signed note, its bytes exactly as signed."""
    from custody.cli.checkpoints import shown_checkpoint

    return shown_checkpoint(invocation(ctx))


@app.command(
    "check",
    cls=SharedOptionsCommand,
    epilog=examples("custody checkpoint check note-of-2026-03-01.txt", exits=(0, 1, 2, 4)),
)
def check(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A signed note that was kept elsewhere.")],
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="Trust this PEM file or verifier key instead; repeatable."),
    ] = None,
) -> Answer:
    """Prove that today's ledger extends the one that a checkpoint was signed over.

    By a consistency proof (RFC 6962). Exit code 1 when it was cut, changed or forked, 4 when the note is of
    another ledger.
    """
    from custody.cli.checkpoints import checked_checkpoint

    return checked_checkpoint(invocation(ctx), file, keys=keys or ())
