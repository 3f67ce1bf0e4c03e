"""The ``custody.toml`` of a workspace, as this program writes it: whole under its name, or not at all."""

import os
import re
from pathlib import Path

from custody.cli.workspace import flush_folder
from custody.domain.errors import CannotTell
from custody.infrastructure.settings import WORKSPACE_FILE, workspace_text
from custody.infrastructure.system import new_name


def write_settings(folder: Path, key: str) -> None:
    """Write the ``custody.toml`` of a new workspace durably."""
    file = folder / WORKSPACE_FILE
    with file.open("x", encoding="utf-8") as stream:
        stream.write(workspace_text(key=key))
        stream.flush()
        os.fsync(stream.fileno())


def rename_signing_key(folder: Path, key: str, successor: str) -> bool:
    """Let custody.toml name a key's successor, if it names the key; the rest of the file stays as it is.

    The new file stands whole under its name, or the old one still does. Returns whether it names the
    successor now. Raises CannotTell when the folder does not take it.
    """
    file = folder / WORKSPACE_FILE
    draft = file.with_name(f".{WORKSPACE_FILE}-{new_name()}")
    try:
        text = file.read_text("utf-8")
        changed = re.sub(rf'(?m)^(\s*key\s*=\s*["\']){key}(?=["\'])', rf"\g<1>{successor}", text, count=1)
        if changed == text:
            return False
        with draft.open("x", encoding="utf-8") as stream:
            stream.write(changed)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
        flush_folder(folder)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CannotTell(
            f"custody.toml cannot be changed: {error.strerror}",
            done="The ledger has the new key; the settings still name the old one.",
            hint=f'set key = "{successor}" in custody.toml',
        ) from error
    return True
