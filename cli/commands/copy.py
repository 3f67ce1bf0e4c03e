"""``custody copy``: one acquisition, by the same pipeline as a batch."""

from typing import Annotated, Final

import typer

from custody.cli.options import ACQUIRING, examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples(
    "custody copy /mnt/card --to /mnt/evidence --case 2026-0147",
    "custody copy clip.mov notes --to /mnt/evidence --case 2026-0147 --hash md5",
    exits=ACQUIRING,
)


def command(
    ctx: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="Files and folders to copy.")],
    to: Annotated[str, typer.Option("--to", metavar="DEST", help="Folder that receives them.")],
    case: Annotated[str, typer.Option("--case", metavar="NUMBER", help="Case number.")],
    exhibit: Annotated[str | None, typer.Option("--exhibit", metavar="N", help="Exhibit number.")] = None,
    hashes: Annotated[
        list[str] | None,
        typer.Option("--hash", metavar="A,B", help="More hashes: md5, sha1, sha512; SHA-256 is always made."),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="T", help="Folder below DEST, such as '{case_number}/{exhibit}'."),
    ] = None,
    salvage: Annotated[
        bool,
        typer.Option("--salvage", help="Of dying media: zeros for what cannot be read, listed; exit 3."),
    ] = False,
    read_source_twice: Annotated[
        bool,
        typer.Option("--read-source-twice", help="Read every source again, past the cache, and compare."),
    ] = False,
) -> Answer:
    """Copy evidence, prove every copy, sign every step.

    A folder x lands in DEST/x, a file in DEST/file. The same command again continues what was
    interrupted, and copies nothing twice.
    """
    from custody.cli.acquisition import absolute, acquire
    from custody.cli.workspace import open_workspace
    from custody.domain.copying.plan import copy_plan

    run = invocation(ctx)
    chosen = [name for text in hashes or () for name in text.split(",")]
    plan = copy_plan(
        [absolute(source) for source in sources],
        to=absolute(to),
        case_number=case,
        exhibit=exhibit,
        hashes=chosen or open_workspace(run).run.hashes,
        template=template,
        salvage=salvage,
        read_source_twice=read_source_twice,
    )
    return acquire(run, plan)
