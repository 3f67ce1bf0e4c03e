"""``custody rebuild``: the read models, made anew from the ledger."""

from typing import Final

import typer

from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples("custody rebuild", exits=(0, 1, 4, 5, 7, 20))


def command(ctx: typer.Context) -> Answer:
    """Drop the projections and replay the ledger.

    No entry is written: the projections hold nothing that the ledger does not.
    """
    from custody.cli.adapters import opened_for_writing
    from custody.cli.wording import counted
    from custody.cli.workspace import open_workspace
    from custody.infrastructure.system import SystemClock

    run = invocation(ctx)
    with opened_for_writing(run, open_workspace(run), SystemClock()) as ledger:
        count = ledger.rebuild()
    return Answer(verdict=f"OK  {counted(count, 'entry', 'entries')} replayed", fields={"entries": count})
