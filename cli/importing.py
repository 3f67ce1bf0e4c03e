"""What somebody else gave for this ledger's checkpoints, taken in: told apart by its content.

Knows only whose business it is.
"""

from collections.abc import Sequence
from typing import Final

from custody.cli.brought_files import file_content
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.stamping import imported_reply
from custody.domain.errors import UsageError

_SEQUENCE: Final = b"\x30"  # with which everything in DER begins that an authority sends; no text does


def imported(run: Invocation, file: str, *, authorities: Sequence[str]) -> Answer:
    """Take in the reply of a time stamping authority. Raises UsageError for anything else."""
    content = file_content(file)
    if content.startswith(_SEQUENCE):
        return imported_reply(run, file, content, authorities)
    raise UsageError(
        "FILE is no reply of a time stamping authority",
        hint="give the file that the authority answered, in DER; often its name ends in .tsr",
    )
