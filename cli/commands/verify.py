"""``custody verify``: the copies, read again and compared with the ledger."""

from typing import Annotated, Final

import typer

from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples(
    "custody verify",
    "custody verify /mnt/evidence/card",
    "custody verify --no-record 3f9a1c",
    exits=(0, 1, 2, 3, 4, 5, 7, 20, 130, 143),
)


def command(
    ctx: typer.Context,
    scope: Annotated[
        str | None,
        typer.Argument(metavar="PATH|BATCH|JOB", help="What to read; by default every copy of this ledger."),
    ] = None,
    no_record: Annotated[
        bool, typer.Option("--no-record", help="Only look: record nothing, need no key.")
    ] = False,
) -> Answer:
    """Read copies again and compare them with the ledger.

    Reads from the device, not from memory. Names what changed, is missing, is extra or cannot be read.
    Each pass is recorded.
    """
    from custody.cli.verification import verify_copies

    return verify_copies(invocation(ctx), scope, record=not no_record)
