"""``custody report``: documents for people, made only from the ledger."""

from typing import Annotated, Final

import typer

from custody.cli.options import SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Make documents from the ledger alone.")


@app.command(
    "custody",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody report custody --out report.pdf",
        "custody report custody 3f9a1c --out report.pdf",
        exits=(0, 1, 2, 4, 5, 6, 7, 20),
    ),
)
def custody(
    ctx: typer.Context,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="New PDF file.")],
    batch: Annotated[
        str | None, typer.Argument(metavar="BATCH", help="Batch id, or its first characters; by default all.")
    ] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="J", help="Number of one job of it.")] = None,
    at: Annotated[
        int | None,
        typer.Option("--at", metavar="POSITION", min=0, help="Report on the ledger up to this position."),
    ] = None,
) -> Answer:
    """Make the custody report as a PDF.

    It says what was copied, how each copy was proved, and what went wrong.

    The same ledger position always gives the same bytes. The ledger records the file's SHA-256.
    """
    from custody.cli.reporting import report_custody

    return report_custody(invocation(ctx), out, batch=batch, job=job, at=at)
