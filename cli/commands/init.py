"""``custody init``: a workspace, its ledger and its first key."""

from typing import Annotated, Final

import typer

from custody.cli.exit_codes import ExitCode
from custody.cli.options import examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples(
    'custody init --examiner "J. Ortiz" --badge 4411',
    'custody init /srv/case --examiner "J. Ortiz"',
    exits=(0, 2, 4, 6),
)


def command(
    ctx: typer.Context,
    examiner: Annotated[
        str, typer.Option("--examiner", metavar="NAME", help="Who signs with the first key.")
    ],
    folder: Annotated[
        str | None, typer.Argument(metavar="DIR", help="New folder; by default the workspace that -w names.")
    ] = None,
    badge: Annotated[str | None, typer.Option("--badge", metavar="ID", help="Badge number.")] = None,
    agency: Annotated[str | None, typer.Option("--agency", metavar="NAME", help="Agency.")] = None,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Store the key unprotected; the ledger says so.")
    ] = False,
) -> Answer:
    """Make a workspace: a ledger, and the key that signs it."""
    from custody.cli.founding import Founder, found_workspace
    from custody.cli.workspace import shown

    run = invocation(ctx)
    if folder is not None:
        run.choices.workspace = folder
    founded = found_workspace(
        run, Founder(examiner=examiner, badge=badge, agency=agency, protected=not no_passphrase)
    )
    if no_passphrase:
        run.output.warn("the key is stored without a passphrase: whoever reads its file can sign as you")
    return Answer(
        verdict=f"OK  workspace made: {shown(founded.folder)}",
        lines=(
            f"  examiner  {examiner}",
            f"  key       {founded.key}",
            f"  ledger    {founded.ledger}",
            "  next      custody copy SOURCE --to FOLDER --case NUMBER",
        ),
        fields=founded.to_json(),
        code=ExitCode.OK,
    )
