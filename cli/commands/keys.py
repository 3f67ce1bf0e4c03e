"""``custody keys``: whose keys there are, and who may do what with them."""

from typing import Annotated, Final

import typer

from custody.cli.options import READING, SharedOptionsCommand, examples, group, invocation
from custody.cli.output import Answer

app: Final = group("Show, make, enrol, replace and revoke signing keys.")

_WRITING: Final = (0, 1, 2, 4, 5, 6, 7, 20)

_Key = Annotated[str, typer.Argument(metavar="KEY", help="Key id, or its first characters, at least six.")]
_NoPassphrase = Annotated[
    bool, typer.Option("--no-passphrase", help="Store the new key unprotected; the ledger says so.")
]
_NewPassphraseFile = Annotated[
    str | None,
    typer.Option(
        "--new-passphrase-file", metavar="FILE", help="Read the new key's passphrase from the first line."
    ),
]
_Token = Annotated[
    str | None,
    typer.Option("--token", metavar="LABEL", help="Make the key in this PKCS#11 token; it never leaves it."),
]
_Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", metavar="ROLE",
        help="examiner (default), reviewer, custodian or administrator; may be repeated.",
    ),
]  # fmt: skip


@app.command("list", cls=SharedOptionsCommand, epilog=examples("custody keys list", exits=READING))
def list_(ctx: typer.Context) -> Answer:
    """List the keys of the ledger: whose, for what, and until when."""
    from custody.cli.keys import listed_keys

    return listed_keys(invocation(ctx))


@app.command("show", cls=SharedOptionsCommand, epilog=examples("custody keys show 9f17bb", exits=READING))
def show(ctx: typer.Context, key: _Key) -> Answer:
    """Show all that the ledger knows of one key."""
    from custody.cli.keys import shown_key

    return shown_key(invocation(ctx), key)


@app.command(
    "export",
    cls=SharedOptionsCommand,
    epilog=examples(
        "custody keys export --out /mnt/stick",
        "custody keys export --request --for lab.vkey --out ortiz.request",
        exits=(0, 2, 4, 6, 7),
    ),
)
def export(
    ctx: typer.Context,
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="Key id or its beginning; by default the one that signs."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="PLACE", help="Folder for the files; with --request a new file."),
    ] = None,
    request: Annotated[
        bool,
        typer.Option("--request", help="Write a request to enrol the key in another ledger, with proof."),
    ] = False,
    for_key: Annotated[
        str | None,
        typer.Option("--for", metavar="VKEY", help="Verifier key of the person who will enrol it."),
    ] = None,
    roles: _Roles = None,
) -> Answer:
    """Write a public key as PEM and C2SP verifier key.

    With --request: the signed request that 'custody keys trust' takes in another workspace.
    """
    from custody.cli.key_requests import key_request
    from custody.cli.keys import exported_key
    from custody.domain.errors import UsageError

    if not request:
        return exported_key(invocation(ctx), key, out)
    if for_key is None or out is None:
        raise UsageError("--request needs --for VKEY and --out FILE", done="Nothing was written.")
    return key_request(invocation(ctx), key, for_key, tuple(roles or ("examiner",)), out)


@app.command(
    "new",
    cls=SharedOptionsCommand,
    epilog=examples('custody keys new --examiner "A. Novak" --role reviewer', exits=_WRITING),
)
def new(
    ctx: typer.Context,
    examiner: Annotated[str, typer.Option("--examiner", metavar="NAME", help="Whose key it is.")],
    badge: Annotated[str | None, typer.Option("--badge", metavar="ID", help="Badge number.")] = None,
    agency: Annotated[str | None, typer.Option("--agency", metavar="NAME", help="Agency.")] = None,
    roles: _Roles = None,
    no_passphrase: _NoPassphrase = False,
    new_passphrase_file: _NewPassphraseFile = None,
    token: _Token = None,
) -> Answer:
    """Make a key for a person in this workspace and enrol it."""
    from custody.cli.key_changes import Guard, made_key
    from custody.domain.keys.changes import Person

    person = Person(
        examiner=examiner, badge=badge, agency=agency, roles=tuple(roles or ("examiner",)),
        protected=not no_passphrase,
    )  # fmt: skip
    guard = Guard(protected=not no_passphrase, passphrase_file=new_passphrase_file, token=token)
    return made_key(invocation(ctx), person, guard)


@app.command(
    "trust", cls=SharedOptionsCommand, epilog=examples("custody keys trust novak.request", exits=_WRITING)
)
def trust(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What 'keys export --request' wrote.")],
) -> Answer:
    """Enrol another person's public key.

    Refused without the proof that the person has the private one.
    """
    from custody.cli.key_requests import trusted_key

    return trusted_key(invocation(ctx), file)


@app.command("rotate", cls=SharedOptionsCommand, epilog=examples("custody keys rotate", exits=_WRITING))
def rotate(
    ctx: typer.Context,
    no_passphrase: _NoPassphrase = False,
    new_passphrase_file: _NewPassphraseFile = None,
    token: _Token = None,
) -> Answer:
    """Put a new key in the place of the one that signs.

    Same person, same roles. The old key signs nothing any more; what it signed stays good.
    """
    from custody.cli.key_changes import Guard, rotated_key

    guard = Guard(protected=not no_passphrase, passphrase_file=new_passphrase_file, token=token)
    return rotated_key(invocation(ctx), guard)


@app.command(
    "revoke",
    cls=SharedOptionsCommand,
    epilog=examples('custody keys revoke 9f17bb --reason "laptop stolen"', exits=_WRITING),
)
def revoke(
    ctx: typer.Context,
    key: _Key,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")],
) -> Answer:
    """Revoke a key from here on.

    What it signed before stays good; what it signs later is a finding.
    """
    from custody.cli.key_changes import revoked_key

    return revoked_key(invocation(ctx), key, reason)
