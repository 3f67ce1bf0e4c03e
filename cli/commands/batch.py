"""``custody batch``: many acquisitions from one batch file."""

from typing import Annotated, Final

import typer

from custody.cli.options import ACQUIRING, READING, SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Run many acquisitions from one batch file.")

BatchFile = Annotated[str, typer.Argument(metavar="FILE", help="Batch file, .toml or .csv.")]
Batch = Annotated[
    str, typer.Argument(metavar="BATCH", help="Batch id, or its first characters, six or more.")
]
MaybeBatch = Annotated[
    str | None,
    typer.Argument(
        metavar="BATCH", help="Batch id, or its first characters, six or more; by default the last."
    ),
]


@app.command(
    "template",
    cls=SharedOptionsCommand,
    epilog=examples("custody batch template batch.toml", exits=(0, 2, 6)),
)
def template(
    ctx: typer.Context,
    out: Annotated[str, typer.Argument(metavar="OUT", help="New file.")],
    csv: Annotated[bool, typer.Option("--csv", help="A table; by default as OUT ends.")] = False,
    toml: Annotated[bool, typer.Option("--toml", help="A TOML file; by default as OUT ends.")] = False,
) -> Answer:
    """Write a batch file to fill in."""
    from custody.cli.batch_forms import write_form

    del ctx
    return write_form(out, csv=csv, toml=toml)


@app.command(
    "check",
    cls=SharedOptionsCommand,
    epilog=examples("custody batch check batch.toml", exits=(0, 2, 3, 4, 6)),
)
def check(ctx: typer.Context, file: BatchFile) -> Answer:
    """Make every check that only reads; no event is written."""
    from custody.cli.acquisition import check_plan, read_batch_file

    plan, _ = read_batch_file(file)
    return check_plan(invocation(ctx), plan)


@app.command(
    "run", cls=SharedOptionsCommand, epilog=examples("custody batch run batch.toml", exits=ACQUIRING)
)
def run(ctx: typer.Context, file: BatchFile) -> Answer:
    """Run a batch file; the same file again copies nothing twice.

    What is unfinished is continued, what is finished is checked and skipped.
    """
    from custody.cli.acquisition import acquire, read_batch_file

    plan, instruction = read_batch_file(file)
    return acquire(invocation(ctx), plan, instruction)


@app.command(
    "resume",
    cls=SharedOptionsCommand,
    epilog=examples("custody batch resume", "custody batch resume 3f9a1c", exits=ACQUIRING),
)
def resume(ctx: typer.Context, batch: MaybeBatch = None) -> Answer:
    """Continue the last unfinished batch, or the named one."""
    from custody.cli.acquisition import resume_batch

    return resume_batch(invocation(ctx), batch)


@app.command(
    "retry", cls=SharedOptionsCommand, epilog=examples("custody batch retry 3f9a1c", exits=ACQUIRING)
)
def retry(ctx: typer.Context, batch: Batch) -> Answer:
    """Try only the failed files of a batch again."""
    from custody.cli.acquisition import retry_batch

    return retry_batch(invocation(ctx), batch)


@app.command("status", cls=SharedOptionsCommand, epilog=examples("custody batch status", exits=READING))
def status(ctx: typer.Context, batch: MaybeBatch = None) -> Answer:
    """Show how far a batch is."""
    from custody.cli.adapters import ledger_paths, reading_ledger
    from custody.cli.batch_views import status_answer
    from custody.infrastructure.event_store.lock_holder import lock_holder

    with reading_ledger(invocation(ctx)) as view:
        return status_answer(view.model, batch, lock_holder(ledger_paths(view.workspace).lock))


@app.command("list", cls=SharedOptionsCommand, epilog=examples("custody batch list", exits=(0, 4)))
def list_(ctx: typer.Context) -> Answer:
    """List all batches, the last one first."""
    from custody.cli.adapters import reading_ledger
    from custody.cli.batch_views import list_answer

    with reading_ledger(invocation(ctx)) as view:
        return list_answer(view.model)


@app.command("show", cls=SharedOptionsCommand, epilog=examples("custody batch show 3f9a1c", exits=READING))
def show(ctx: typer.Context, batch: Batch) -> Answer:
    """Show a batch's plan, its jobs, and its failures."""
    from custody.cli.adapters import reading_ledger
    from custody.cli.batch_views import show_answer

    with reading_ledger(invocation(ctx)) as view:
        return show_answer(view.reader, view.model, batch)
