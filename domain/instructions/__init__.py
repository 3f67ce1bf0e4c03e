"""Batch files: the instruction a person gives, compiled to one canonical plan.

Every mistake is found and reported with its row or key before anything is written.
"""

from collections.abc import Callable, Mapping
from typing import Final

from custody.domain.copying.plan import Plan
from custody.domain.errors import UsageError
from custody.domain.instructions.compile import compile_plan
from custody.domain.instructions.csv_file import read_csv
from custody.domain.instructions.draft import BadInstruction, Draft, Mistake
from custody.domain.instructions.toml_file import read_toml
from custody.domain.paths import RawPath

MAX_INSTRUCTION_BYTES: Final = 64 * 1024 * 1024  # DESIGN section 5

_READERS: Final[Mapping[str, Callable[[str], Draft]]] = {".toml": read_toml, ".csv": read_csv}


def read_instruction(file_name: str, content: bytes, *, folder: RawPath) -> Plan:
    """Compile a batch file. Relative paths in it are taken from ``folder``, where the file lies.

    Raises BadInstruction with every mistake found, UsageError for a file of another kind or over 64 MiB.
    """
    ending = file_name[file_name.rfind(".") :].lower() if "." in file_name else ""
    read = _READERS.get(ending)
    if read is None:
        message = f"not a batch file Custody can read: {file_name}"
        raise UsageError(message, done="nothing was written", hint="give a .toml or .csv file")
    if len(content) > MAX_INSTRUCTION_BYTES:
        message = f"the batch file is larger than {MAX_INSTRUCTION_BYTES >> 20} MiB: {file_name}"
        raise UsageError(message, done="nothing was written", hint="split it into several batches")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInstruction(
            file_name, (Mistake(f"line {line}", "is not UTF-8 text; save a table as 'CSV UTF-8'"),)
        ) from error
    return compile_plan(file_name, read(text), folder=folder)


__all__ = ["MAX_INSTRUCTION_BYTES", "BadInstruction", "Mistake", "read_instruction"]
