"""``custody audit``: the ledger against itself."""

from typing import Annotated, Final

import typer

from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples(
    "custody audit",
    "custody audit --checkpoint note-of-2026-03-01.txt",
    "custody audit bundle.zip --key examiner.vkey",
    exits=(0, 1, 2, 4),
)


def command(
    ctx: typer.Context,
    bundle: Annotated[
        str | None,
        typer.Argument(metavar="BUNDLE", help="A bundle (folder or ZIP) instead of the workspace's ledger."),
    ] = None,
    checkpoints: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", metavar="FILE", help="A signed note kept elsewhere; may be repeated."),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="FILE", help="Trust this public key (PEM) instead of the workspace's."),
    ] = None,
) -> Answer:
    """Check the whole ledger, or a bundle of it, against itself.

    The checks: structure, signatures, chain, tree, checkpoints, projections. Writes nothing and needs no
    passphrase. Exit code 0 only if every check passed. Of a bundle, whose keys may be anyone's, nothing is
    proved without --key.
    """
    from custody.cli.auditing import audit_of_bundle, audit_workspace

    if bundle is not None:
        return audit_of_bundle(invocation(ctx), bundle, checkpoints=checkpoints or (), keys=keys or ())
    return audit_workspace(invocation(ctx), checkpoints=checkpoints or (), keys=keys or ())
