"""``custody export``: what is given to others, made only from the ledger."""

from typing import Annotated, Final

import typer

from custody.cli.options import SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Give the ledger, or the part about a case, to somebody else.")


@app.command(
    "bundle",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody export bundle --out bundle.zip",
        "custody export bundle --case 2026-0147 --report report.pdf --out disclosure",
        exits=(0, 1, 2, 4, 5, 6, 7, 20),
    ),
)
def bundle(
    ctx: typer.Context,
    out: Annotated[str, typer.Option("--out", metavar="DIR|FILE.zip", help="New folder, or ZIP file.")],
    case: Annotated[
        str | None, typer.Option("--case", metavar="NUMBER", help="Disclose only what belongs to this case.")
    ] = None,
    exhibit: Annotated[
        str | None, typer.Option("--exhibit", metavar="N", help="Disclose only this exhibit of the case.")
    ] = None,
    reports: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="FILE", help="Put in this report; may be repeated."),
    ] = None,
) -> Answer:
    """Write a folder or ZIP that a stranger can verify.

    With the entries, checkpoints, public keys, tiles, a verifier in one file and the commands to use.

    With --case or --exhibit, all other entries are given as hashes only: the tree still verifies.
    """
    from custody.cli.exporting import export_bundle

    return export_bundle(invocation(ctx), out, case=case, exhibit=exhibit, reports=reports or ())
