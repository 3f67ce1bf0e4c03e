"""``custody check-proof``: a proof judged by itself."""

from typing import Annotated, Final

import typer

from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples("custody check-proof clip.proof --key examiner.vkey", exits=(0, 1, 2, 4))


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="F", help="A file that 'custody prove' wrote.")],
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="KEY", help="Trust this verifier key, or file of one or PEM; repeatable."
        ),
    ] = None,
) -> Answer:
    """Check a proof that somebody gave you; needs no workspace.

    Without a key that you trust, nothing is decided: exit code 4.
    """
    from custody.cli.proving import checked_proof

    return checked_proof(invocation(ctx), file, keys=keys or ())
