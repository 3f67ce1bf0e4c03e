"""``custody transfer``: hand-overs of exhibits between people."""

from typing import Annotated, Final

import typer

from custody.cli.commands.exhibit import MaybeCase, Named
from custody.cli.options import READING, SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Hand exhibits over: offer, accept, decline.")

_WRITING: Final = (0, 1, 2, 4, 5, 6, 7, 20)
_READING_COPIES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 20, 130, 143)

OfferFile = Annotated[str, typer.Argument(metavar="OFFER", help="File that 'custody transfer offer' wrote.")]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="KEY", help="Trust this key of the giver: PEM or verifier key; repeatable."
    ),
]
Place = Annotated[str | None, typer.Option("--place", metavar="TEXT", help="Where it is handed over.")]
Comments = Annotated[str | None, typer.Option("--comments", metavar="TEXT", help="What else is to be said.")]


@app.command(
    "offer",
    cls=SharedOptionsCommand,
    epilog=examples("custody transfer offer A-001 --to berger.pem --out a-001.offer", exits=_WRITING),
)
def offer(
    ctx: typer.Context,
    exhibit: Named,
    to: Annotated[
        str, typer.Option("--to", metavar="KEY|FILE", help="The receiver's key: PEM, verifier key, key id.")
    ],
    out: Annotated[str, typer.Option("--out", metavar="OFFER", help="New file for the receiver.")],
    case: MaybeCase = None,
    receiver: Annotated[
        str | None, typer.Option("--receiver", metavar="NAME", help="The receiver's name.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", metavar="TEXT", help="Why it is handed over.")
    ] = None,
    place: Place = None,
    comments: Comments = None,
) -> Answer:
    """Offer an exhibit to the holder of another key.

    Nothing moves yet: you stay its custodian until the receiver's answer is imported.
    """
    from custody.cli.hand_overs import made_offer
    from custody.domain.use_cases.exhibits.offering import Terms

    terms = Terms(purpose=purpose, place=place, comments=comments)
    return made_offer(invocation(ctx), exhibit, case, to=to, out=out, receiver=receiver, terms=terms)


@app.command(
    "accept",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody transfer accept a.offer --copy /mnt/a --key o.vkey --out answer",
        exits=_READING_COPIES,
    ),
)
def accept(
    ctx: typer.Context,
    file: OfferFile,
    out: Annotated[str, typer.Option("--out", metavar="ANSWER", help="New file for the giver.")],
    copy: Annotated[
        str | None, typer.Option("--copy", metavar="DIR", help="Folder with the copy that you were given.")
    ] = None,
    keys: Keys = None,
    place: Place = None,
    comments: Comments = None,
) -> Answer:
    """Read the copy again, and sign for it if every file is as offered.

    A copy that differs is not accepted (exit code 1); that is recorded.
    """
    from custody.cli.receiving import accepted_offer

    return accepted_offer(
        invocation(ctx), file, copy=copy, out=out, keys=keys or (), place=place, comments=comments
    )


@app.command(
    "decline",
    cls=SharedOptionsCommand,
    epilog=examples('custody transfer decline a.offer --reason "Wrong seal." --out a.answer', exits=_WRITING),
)
def decline(
    ctx: typer.Context,
    file: OfferFile,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="ANSWER", help="New file for the giver; needed by a receiver."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    keys: Keys = None,
    place: Place = None,
) -> Answer:
    """Sign that an offer is not taken, or withdraw it.

    It is withdrawn when the giver does so, in the workspace that made it.
    """
    from custody.cli.receiving import declined_offer

    return declined_offer(invocation(ctx), file, out=out, keys=keys or (), place=place, reason=reason)


@app.command(
    "import",
    cls=SharedOptionsCommand,
    epilog=examples("custody transfer import a-001.answer", exits=_WRITING),
)
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="ANSWER", help="File that the receiver sent back.")],
) -> Answer:
    """Take in the receiver's answer.

    When it accepts, custody moves with this entry.
    """
    from custody.cli.hand_overs import imported_answer

    return imported_answer(invocation(ctx), file)


@app.command(
    "again",
    cls=SharedOptionsCommand,
    epilog=examples("custody transfer again A-001 --out a-001.offer", exits=(0, 1, 2, 4, 6)),
)
def again(
    ctx: typer.Context,
    exhibit: Named,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="New file.")],
    case: MaybeCase = None,
) -> Answer:
    """Write a lost offer or answer anew.

    The offer while it is open, else the last answer; nothing is recorded.
    """
    from custody.cli.hand_overs import written_again

    return written_again(invocation(ctx), exhibit, case, out)


@app.command("list", cls=SharedOptionsCommand, epilog=examples("custody transfer list", exits=READING))
def list_(ctx: typer.Context, case: MaybeCase = None) -> Answer:
    """List every hand-over: open, accepted, declined, withdrawn."""
    from custody.cli.custody_views import transfers_answer

    return transfers_answer(invocation(ctx), case)
