"""``custody explain``: the story of one thing."""

from typing import Annotated, Final

import typer

from custody.cli.options import READING, examples, invocation
from custody.cli.output import Answer

EXAMPLES: Final = examples("custody explain /mnt/evidence/card/clip.mov", "custody explain 12", exits=READING)


def command(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="FILE|EXHIBIT|POSITION", help="A copy or a source, an exhibit, an entry.")
    ],
) -> Answer:
    """Tell the story of a file, an exhibit or an entry."""
    from custody.cli.stories import story_answer

    return story_answer(invocation(ctx), target)
