"""``custody checkpoint``: the signed size and root of the ledger."""

from typing import Final

import typer

from custody.cli.options import SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Sign or show the ledger's size and root.")


@app.command("make", cls=SharedOptionsCommand, epilog=examples("custody checkpoint make"))
def make(ctx: typer.Context) -> Answer:
    """Sign a checkpoint of the ledger as it is.

    Where there is one of this size already, nothing changes.
    """
    from custody.cli.checkpoints import made_checkpoint

    return made_checkpoint(invocation(ctx))


@app.command(
    "show",
    cls=SharedOptionsCommand,
    epilog=examples("custody checkpoint show", "custody checkpoint show > note.txt"),
)
def show(ctx: typer.Context) -> Answer:
    """Print the latest signed note, its bytes exactly as signed."""
    from custody.cli.checkpoints import shown_checkpoint

    return shown_checkpoint(invocation(ctx))
