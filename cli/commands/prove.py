"""``custody prove``: one file's entries, provable to somebody who sees nothing else of the ledger."""

from typing import Annotated, Final

import typer

from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples(
    "custody prove /mnt/evidence/card/clip.mov --out clip.proof", exits=(0, 1, 2, 3, 4, 6)
)


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A copy or a source, as for 'explain'.")],
    out: Annotated[
        str | None, typer.Option("--out", metavar="F", help="New file; by default standard output.")
    ] = None,
) -> Answer:
    """Write one file's entries with the proof that they are in the ledger.

    With RFC 6962 inclusion proofs and the signed checkpoint; nothing of other entries is revealed.
    """
    from custody.cli.proving import proof_answer

    return proof_answer(invocation(ctx), file, out)
