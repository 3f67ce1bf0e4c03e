"""What somebody else gave for this ledger's checkpoints, taken in: told apart by its content.

Knows only whose business it is.
"""

from collections.abc import Sequence
from typing import Final

from custody.cli import stamping, witnessing
from custody.cli.brought_files import file_content
from custody.cli.options import Invocation
from custody.cli.output import Answer

_SEQUENCE: Final = b"\x30"  # with which everything in DER begins that an authority sends; no note does


def imported(run: Invocation, file: str, *, witnesses: Sequence[str], authorities: Sequence[str]) -> Answer:
    """Take in the reply of a time stamping authority, or a note that a witness cosigned.

    Raises UsageError for anything else.
    """
    content = file_content(file)
    if content.startswith(_SEQUENCE):
        return stamping.imported_reply(run, file, content, authorities)
    return witnessing.imported_reply(run, content, witnesses=witnesses)
