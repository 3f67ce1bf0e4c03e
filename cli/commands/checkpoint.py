"""``custody checkpoint``: the signed size and root of the ledger."""

from typing import Annotated, Final, TypeAlias

import typer

from custody.cli.options import SharedOptionsCommand, Witnesses, examples, group, invocation
from custody.cli.output import Answer
from custody.domain.errors import UsageError

Out: TypeAlias = Annotated[
    str | None, typer.Option("--out", metavar="FILE", help="New file; by default standard output.")
]

app: Final = group("Sign, show or check the ledger's size and root, and have others vouch for it.")


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
    witnesses: Witnesses = None,
) -> Answer:
    """Prove that today's ledger extends the one that a checkpoint was signed over.

    By a consistency proof (RFC 6962). Exit code 1 when it was cut, changed or forked, 4 when the note is of
    another ledger.
    """
    from custody.cli.checkpoints import checked_checkpoint

    return checked_checkpoint(invocation(ctx), file, keys=keys or (), witnesses=witnesses or ())


@app.command(
    "export",
    cls=SharedOptionsCommand,
    epilog=examples("custody checkpoint export --out request.txt", exits=(0, 1, 2, 4, 6)),
)
def export(
    ctx: typer.Context,
    size: Annotated[
        int | None, typer.Option("--size", metavar="N", min=0, help="Of N entries; by default the latest.")
    ] = None,
    since: Annotated[
        int | None,
        typer.Option("--since", metavar="OLD", min=0, help="What the witness cosigned last; 0: nothing yet."),
    ] = None,
    out: Out = None,
) -> Answer:
    """Write what a witness needs to cosign the ledger's checkpoint.

    The signed note, and the proof that the ledger only grew since the witness saw it last.
    """
    from custody.cli.witnessing import exported_request

    return exported_request(invocation(ctx), out, size=size, since=since)


@app.command(
    "cosign",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody checkpoint cosign request.txt --key ledger.vkey --out cosigned.note",
        exits=(0, 1, 2, 4, 5, 6, 7, 20),
    ),
)
def cosign(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What 'custody checkpoint export' wrote.")],
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="Trust this verifier key or PEM file of the ledger."),
    ] = None,
    out: Out = None,
) -> Answer:
    """Cosign somebody else's checkpoint, as a witness.

    Only if their ledger grew from what was cosigned before; that is recorded in this workspace's own ledger.
    Two histories are refused, and both signed notes shown (exit code 1).
    """
    from custody.cli.witnessing import cosigned_checkpoint

    return cosigned_checkpoint(invocation(ctx), file, out, keys=keys or ())


_AUTHORITY = typer.Option(
    "--authority", metavar="FILE", help="Trust this certificate instead of the workspace's; repeatable."
)


@app.command(
    "stamp",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody checkpoint stamp --tsa https://tsa.example/",
        "custody checkpoint stamp --request for-the-authority.tsq",
        exits=(0, 1, 2, 3, 4, 5, 6, 7, 20),
    ),
)
def stamp(
    ctx: typer.Context,
    authorities_asked: Annotated[
        list[str] | None,
        typer.Option("--tsa", metavar="URL", help="Ask this time stamping authority; repeatable."),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option("--request", metavar="OUT", help="Write a request to carry there by hand instead."),
    ] = None,
    authorities: Annotated[list[str] | None, _AUTHORITY] = None,
) -> Answer:
    """Have the checkpoint stamped by others, who vouch for its time (RFC 3161).

    What is recorded was judged before. An authority that gives no stamp that holds costs that stamp, and the
    command ends with exit code 3.
    """
    from custody.cli.stamping import stamped_checkpoint, written_request

    if (request is None) == (not authorities_asked):
        raise UsageError("give either --tsa URL, once or more, or --request OUT")
    if request is not None and authorities:
        raise UsageError("--authority says whom to trust for a reply; a request has none yet")
    if request is not None:
        return written_request(invocation(ctx), request)
    return stamped_checkpoint(invocation(ctx), authorities_asked or (), authorities or ())


@app.command(
    "import",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody checkpoint import cosigned.note --witness witness.vkey",
        "custody checkpoint import reply.tsr",
        exits=(0, 1, 2, 4, 5, 6, 7, 20),
    ),
)
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A cosigned note, or an authority's reply.")],
    witnesses: Witnesses = None,
    authorities: Annotated[list[str] | None, _AUTHORITY] = None,
) -> Answer:
    """Record what somebody else signed of this ledger: a witness's cosignature, or a time stamp.

    A cosignature only if it is good, the witness is trusted, and today's ledger extends that checkpoint. A
    stamp only if it holds, as that of an authority that is trusted.
    """
    from custody.cli.importing import imported

    return imported(invocation(ctx), file, witnesses=witnesses or (), authorities=authorities or ())


@app.command(
    "witness",
    cls=SharedOptionsCommand,
    epilog=examples("custody checkpoint witness > witness.vkey", exits=(0, 4)),
)
def witness(ctx: typer.Context) -> Answer:
    """Print the verifier key of this workspace as a witness.

    Those who are to trust its cosignatures put it into their workspace's 'witnesses'.
    """
    from custody.cli.witnessing import witness_key

    return witness_key(invocation(ctx))
