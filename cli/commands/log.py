"""``custody log``: the entries, for people and for other programs."""

from typing import Annotated, Final

import typer

from custody.cli.options import READING, SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Show or export the signed entries.")


@app.command(
    "show",
    cls=SharedOptionsCommand,
    epilog=examples("custody log show 0", "custody log show 12 --json", exits=READING),
)
def show(
    ctx: typer.Context,
    first: Annotated[int, typer.Argument(metavar="POSITION", min=0, help="Position of the entry, from 0.")],
    last: Annotated[
        int | None, typer.Argument(metavar="LAST", min=0, help="Show all up to this position.")
    ] = None,
) -> Answer:
    """Show one entry, or a range, with all it says."""
    from custody.cli.adapters import reading_ledger
    from custody.cli.entries import entries_answer

    with reading_ledger(invocation(ctx)) as view:
        return entries_answer(
            view.reader, first, first if last is None else last, brief=False, history=view.reader.history
        )


@app.command(
    "tail",
    cls=SharedOptionsCommand,
    epilog=examples("custody log tail", "custody log tail -n 100", exits=READING),
)
def tail(
    ctx: typer.Context,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many entries.")] = 20,
) -> Answer:
    """Show the last entries, one line each."""
    from custody.cli.adapters import reading_ledger
    from custody.cli.entries import entries_answer

    with reading_ledger(invocation(ctx)) as view:
        size = view.reader.size()
        return entries_answer(
            view.reader,
            max(0, size - count),
            size - 1,
            brief=True,
            latest=True,
            history=view.reader.history,
        )


@app.command(
    "export",
    cls=SharedOptionsCommand,
    epilog=examples("custody log export --out log.jsonl", "custody log export | wc -l", exits=(0, 2, 4, 6)),
)
def export(
    ctx: typer.Context,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="New file; by default standard output.")
    ] = None,
) -> Answer:
    """Write every entry exactly as signed, one a line.

    A line is the DSSE envelope whose bytes are the leaf of the Merkle tree.
    """
    from custody.cli.adapters import reading_ledger
    from custody.cli.entries import export_entries

    run = invocation(ctx)
    with reading_ledger(run) as view:
        return export_entries(view.reader, run.output, out)


@app.command(
    "tiles", cls=SharedOptionsCommand, epilog=examples("custody log tiles --out tiles", exits=(0, 1, 2, 4, 6))
)
def tiles(
    ctx: typer.Context,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="New folder.")],
    size: Annotated[
        int | None,
        typer.Option(
            "--size", metavar="N", min=0, help="Of the checkpoint of N entries; by default the latest."
        ),
    ] = None,
) -> Answer:
    """Write the ledger as the static files that software for transparency logs reads.

    The checkpoint, the tree's hashes in tiles and the entries in bundles, as in C2SP tlog-tiles.
    """
    from custody.cli.tiling import exported_tiles

    return exported_tiles(invocation(ctx), out, size=size)
