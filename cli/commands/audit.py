"""``custody audit``: the ledger against itself."""

from typing import Annotated, Final

import typer

from custody.cli.options import Witnesses, examples, invocation
from custody.cli.output import Answer
from custody.domain.errors import UsageError

EXAMPLES: Final = examples(
    "custody audit",
    "custody audit --checkpoint note-of-2026-03-01.txt",
    "custody audit --policy lab-policy.toml --files",
    "custody audit bundle.zip --key examiner.vkey",
    exits=(0, 1, 2, 4, 130, 143),
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
    witnesses: Witnesses = None,
    authorities: Annotated[
        list[str] | None,
        typer.Option(
            "--authority", metavar="FILE", help="Trust this certificate for stamps, not the workspace's."
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="What else is required (TOML), such as stamps."),
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Read the copies again, too; nothing is recorded.")
    ] = False,
) -> Answer:
    """Check the whole ledger, or a bundle of it, against itself.

    The checks: structure, signatures, authorisation, chain, tree, checkpoints, anchors, completeness,
    projections, evidence. Writes nothing and needs no passphrase. Exit code 0 only if every check that is
    required or was carried out passed. Of a bundle, whose keys may be anyone's, nothing is proved without
    --key.
    """
    from custody.cli.auditing import Brought, audit_of_bundle, audit_workspace

    brought = Brought(
        checkpoints=checkpoints or (),
        keys=keys or (),
        witnesses=witnesses or (),
        authorities=authorities or (),
        policy=policy,
    )
    if bundle is None:
        return audit_workspace(invocation(ctx), brought, files=files)
    if files:
        raise UsageError("--files reads the copies of a workspace; a bundle has none")
    return audit_of_bundle(bundle, brought)
