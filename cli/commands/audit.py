"""``custody audit``: the ledger against itself."""

from typing import Final

import typer

from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples("custody audit", "custody audit --json")


def command(ctx: typer.Context) -> Answer:
    """Check the whole ledger against itself.

    The checks: structure, signatures, chain, tree, checkpoints, projections. Writes nothing and needs no key. Exit code 0 only if every check passed.
    """
    from custody.cli.auditing import audit_workspace

    return audit_workspace(invocation(ctx))
