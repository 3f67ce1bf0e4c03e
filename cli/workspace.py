"""A workspace on disk: how it is found, what lies where in it, and how a new one comes about in one step.

Knows folders and settings. Never looks into the working directory: examiners stand in evidence folders.
Opens no ledger; see ``adapters``.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.cli.options import Invocation
from custody.domain.errors import CannotTell, Refused, WorkspaceMissing
from custody.domain.paths import printable
from custody.infrastructure.settings import (
    WORKSPACE_FILE,
    RunChoices,
    UserSettings,
    WorkspaceSettings,
    read_user_settings,
    read_workspace_settings,
    run_choices,
)
from custody.infrastructure.system import TOOL, new_name

WORKSPACE_VARIABLE: Final = "CUSTODY_WORKSPACE"
LIBRARY_VARIABLE: Final = "CUSTODY_PKCS11_MODULE"
PRIVATE: Final = 0o700
KEYS: Final = "keys"
CHECKPOINTS: Final = "checkpoints"
DIAGNOSTICS: Final = "diagnostics"
WITNESSES: Final = "witnesses"
LEDGERS: Final = "ledgers"
AUTHORITIES: Final = "authorities"
STAMP_REQUESTS: Final = "stamp-requests"

_DEFAULT_NAME: Final = "default"
_UNTOUCHED: Final = "Nothing was written; what is there was not touched."


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace that exists, with its settings.

    ``token_library`` is the PKCS#11 library of the person at the keyboard: a workspace names no code.
    """

    folder: Path
    settings: WorkspaceSettings
    run: RunChoices
    token_library: Path | None = None

    @property
    def ledger_file(self) -> Path:
        """The SQLite file."""
        return self.folder / self.settings.ledger

    @property
    def keys(self) -> Path:
        """The folder of keys."""
        return self.folder / KEYS

    @property
    def checkpoints(self) -> Path:
        """The folder of signed notes."""
        return self.folder / CHECKPOINTS

    @property
    def witnesses(self) -> Path:
        """The folder of verifier keys of the witnesses that are trusted; may be missing."""
        return self.folder / WITNESSES

    @property
    def ledgers(self) -> Path:
        """The folder of verifier keys of the ledgers that this workspace cosigns; may be missing."""
        return self.folder / LEDGERS

    @property
    def authorities(self) -> Path:
        """The folder of certificates of the time stamping authorities that are trusted; may be missing."""
        return self.folder / AUTHORITIES

    @property
    def stamp_requests(self) -> Path:
        """The folder of requests whose replies are to come by hand; may be missing."""
        return self.folder / STAMP_REQUESTS

    @property
    def diagnostics(self) -> Path:
        """The folder of logs for those who mend the program."""
        return self.folder / DIAGNOSTICS

    def public_keys(self) -> Mapping[str, bytes]:
        """Return the PEM of every public key, by its id: the roots of trust.

        Raises CannotTell when a file cannot be read. Where there is none, nothing is trusted.
        """
        try:
            return {file.stem: file.read_bytes() for file in sorted(self.keys.glob("*.pem"))}
        except OSError as error:
            raise CannotTell(
                f"the public keys cannot be read: {shown(self.keys)}: {error.strerror}"
            ) from error


def locate(run: Invocation) -> Path:
    """Return where the workspace is, or would be made: option, variable, user configuration, default."""
    named = run.choices.workspace or run.environment.get(WORKSPACE_VARIABLE) or _user_settings().workspace
    if named:
        return Path(os.path.abspath(Path(named).expanduser()))  # noqa: PTH100 - links stay as they were given
    from platformdirs import user_data_path

    return user_data_path(TOOL, appauthor=False) / _DEFAULT_NAME


def open_workspace(run: Invocation) -> Workspace:
    """Return the workspace of this invocation.

    Raises WorkspaceMissing when there is none, UsageError or CannotTell when its settings cannot be used.
    """
    folder = locate(run)
    if not (folder / WORKSPACE_FILE).is_file():
        raise WorkspaceMissing(
            f"there is no workspace in {shown(folder)}",
            done="Nothing was read or written.",
            hint="make one with 'custody init', or name one with -w or CUSTODY_WORKSPACE",
        )
    settings = read_workspace_settings(folder / WORKSPACE_FILE)
    user = _user_settings()
    library = run.environment.get(LIBRARY_VARIABLE) or user.pkcs11_module
    return Workspace(
        folder=folder,
        settings=settings,
        run=run_choices(run.environment, settings.run, user.run),
        token_library=Path(library) if library else None,
    )


@contextmanager
def new_workspace_folder(target: Path) -> Iterator[Path]:
    """Give a folder to fill; when all went well it becomes ``target``, in one step and replacing nothing.

    Until then it is a sibling with a name of its own: a crash in between blocks no second attempt. Raises
    Refused when something stands at ``target`` already.
    """
    target = Path(os.path.realpath(target))
    require_free(target)
    try:
        target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        draft = target.parent / f".custody-init-{new_name()}"
        draft.mkdir(mode=PRIVATE)
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        yield draft
        flush_folder(draft)
        draft.rename(target)  # onto nothing, or an empty folder
        flush_folder(target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        _remove(draft)


def require_free(target: Path) -> None:
    """Raise Refused unless ``target`` is missing or an empty folder."""
    if (target / WORKSPACE_FILE).exists():
        raise Refused(
            f"there is a workspace already in {shown(target)}",
            done=_UNTOUCHED,
            hint="use it as it is, or give 'custody init' another folder",
        )
    try:
        free = not any(target.iterdir()) if target.is_dir() else not os.path.lexists(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    if not free:
        raise Refused(
            f"this is not an empty folder: {shown(target)}",
            done=_UNTOUCHED,
            hint="give 'custody init' a folder that does not exist yet",
        )


def shown(path: Path) -> str:
    """Return a path for people."""
    return printable(os.fsencode(path))


def _user_settings() -> UserSettings:
    from platformdirs import user_config_path

    return read_user_settings(user_config_path(TOOL, appauthor=False))


def _unwritable(target: Path, error: OSError) -> Refused:
    return Refused(
        f"the workspace cannot be made in {shown(target)}: {error.strerror}",
        hint="choose a folder you may write",
    )


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(draft: Path) -> None:
    """Remove what is left of a draft; it bears a name that only we made."""
    for folder, folders, files in os.walk(draft, topdown=False):
        for name in files:
            Path(folder, name).unlink(missing_ok=True)
        for name in folders:
            Path(folder, name).rmdir()
    if draft.exists():
        draft.rmdir()
