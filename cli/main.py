"""The entry point: which commands there are.

Runs none of them; see ``boundary``. Heavy libraries are imported inside commands, so that help and completion
answer at once.
"""

import os
import sys
from typing import Annotated, Final

import typer

from custody.cli.boundary import PROGRAM, answer, prepare_process
from custody.cli.commands import (
    audit,
    batch,
    case,
    check_proof,
    checkpoint,
    copy,
    demo,
    exhibit,
    explain,
    export,
    init,
    keys,
    log,
    prove,
    rebuild,
    report,
    transfer,
    verify,
)
from custody.cli.exit_codes import ExitCode
from custody.cli.options import HELP_NAMES, SharedOptionsCommand, SharedOptionsGroup, examples

_COMPLETION_VARIABLE: Final = "_CUSTODY_COMPLETE"

app = typer.Typer(
    cls=SharedOptionsGroup,
    name=PROGRAM,
    help="Copies digital evidence, signs every step, and can prove afterwards what it did.",
    epilog=examples(
        'custody init --examiner "J. Ortiz"',
        "custody copy /mnt/card --to /mnt/evidence --case 2026-0147",
        "custody audit",
        exits=ExitCode,
    ),
    context_settings={"help_option_names": list(HELP_NAMES)},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("init", cls=SharedOptionsCommand, epilog=init.EXAMPLES)(init.command)
app.command("demo", cls=SharedOptionsCommand, epilog=demo.EXAMPLES)(demo.command)
app.command("copy", cls=SharedOptionsCommand, epilog=copy.EXAMPLES)(copy.command)
app.add_typer(batch.app, name="batch")
app.command("verify", cls=SharedOptionsCommand, epilog=verify.EXAMPLES)(verify.command)
app.command("audit", cls=SharedOptionsCommand, epilog=audit.EXAMPLES)(audit.command)
app.add_typer(log.app, name="log")
app.command("explain", cls=SharedOptionsCommand, epilog=explain.EXAMPLES)(explain.command)
app.add_typer(checkpoint.app, name="checkpoint")
app.command("prove", cls=SharedOptionsCommand, epilog=prove.EXAMPLES)(prove.command)
app.command("check-proof", cls=SharedOptionsCommand, epilog=check_proof.EXAMPLES)(check_proof.command)
app.add_typer(case.app, name="case")
app.add_typer(exhibit.app, name="exhibit")
app.add_typer(transfer.app, name="transfer")
app.add_typer(report.app, name="report")
app.add_typer(keys.app, name="keys")
app.add_typer(export.app, name="export")
app.command("rebuild", cls=SharedOptionsCommand, epilog=rebuild.EXAMPLES)(rebuild.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        from custody.infrastructure.system import version

        sys.stdout.write(f"{PROGRAM} {version()}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Exist to give the whole command its options."""


def main() -> None:
    """Run the command line of this process and exit."""
    prepare_process()
    if _COMPLETION_VARIABLE in os.environ:
        app(prog_name=PROGRAM)
    code, output = answer(typer.main.get_command(app), sys.argv[1:] or ["--help"], os.environ)
    if output.closed:
        # What is still buffered for a stream that takes no more would fail in the interpreter's own flush.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
