"""The settings of a workspace and of a person: which there are, where they come from, which one wins.

Precedence: option > ``CUSTODY_*`` variable > ``custody.toml`` > user configuration > default. Knows no
passphrase, never looks into the working directory. An unknown key is an error: a misspelt one must not be
ignored.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from custody.domain.digest import algorithms
from custody.domain.errors import CannotTell, UsageError
from custody.domain.paths import escape_text, printable

FORMAT: Final = 1
WORKSPACE_FILE: Final = "custody.toml"
USER_FILE: Final = "config.toml"
MAX_SETTINGS_BYTES: Final = 1024 * 1024

DEFAULT_LEDGER: Final = "ledger.db"

_WORKSPACE_KEYS: Final = {"format": int, "ledger": str, "key": str, "session_keys": bool}
_RUN_KEYS: Final = {
    "retries": int,
    "stall_timeout_seconds": float,
    "window_files": int,
    "window_bytes": int,
    "final_pass": bool,
    "hashes": list,
}
_USER_KEYS: Final = {"workspace": str, "pkcs11_module": str}
_LEAST: Final = {"retries": 0, "stall_timeout_seconds": 0.1, "window_files": 1, "window_bytes": 4096}
_YES_OR_NO: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoices:
    """How batches are run, where the batch file does not say."""

    retries: int = 2
    stall_timeout_seconds: float = 60.0
    window_files: int = 500
    window_bytes: int = 64 * 1024 * 1024
    final_pass: bool = False
    hashes: tuple[str, ...] = ("sha256",)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSettings:
    """What ``custody.toml`` says: the ledger's file in the workspace, and the key that signs, if it says one.

    With ``session_keys`` a key made for each session alone signs in its place.
    """

    ledger: str
    key: str | None
    run: Mapping[str, object]
    session_keys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """What the user configuration says."""

    workspace: str | None
    run: Mapping[str, object]
    pkcs11_module: str | None = None


def read_workspace_settings(file: Path) -> WorkspaceSettings:
    """Read ``custody.toml``.

    Raises CannotTell when it cannot be read, UsageError for unknown keys, wrong values, another format, and
    for a ledger on PostgreSQL, which this version does not have.
    """
    table = _read(file)
    run = _section(table, file)
    values = _known(table, _WORKSPACE_KEYS, file)
    if values.get("format") != FORMAT:
        raise _mistake(file, f"format is {values.get('format')!r}, this version knows format {FORMAT}")
    ledger = str(values.get("ledger", DEFAULT_LEDGER))
    if "://" in ledger:
        raise UsageError(
            f"the ledger is a database URL, but this version has SQLite files only: {_shown(file)}",
            done="Nothing was opened or written.",
            hint=f'set ledger = "{DEFAULT_LEDGER}" in custody.toml',
        )
    if "/" in ledger or ledger in {"", ".", ".."}:
        raise _mistake(file, "ledger must be the bare name of a file in the workspace")
    key = values.get("key")
    return WorkspaceSettings(
        ledger=ledger,
        key=None if key is None else str(key),
        run=run,
        session_keys=values.get("session_keys") is True,
    )


def read_user_settings(folder: Path) -> UserSettings:
    """Read the user configuration in ``folder``; a missing file says nothing. Raises as its sibling does."""
    file = folder / USER_FILE
    table = _read(file) if file.exists() else {}
    run = _section(table, file)
    values = _known(table, _USER_KEYS, file)
    workspace = values.get("workspace")
    module = values.get("pkcs11_module")
    return UserSettings(
        workspace=None if workspace is None else str(workspace),
        run=run,
        pkcs11_module=None if module is None else str(module),
    )


def workspace_text(*, key: str) -> str:
    """Return the ``custody.toml`` of a new workspace."""
    return (
        f"format = {FORMAT}\n"
        f'ledger = "{DEFAULT_LEDGER}"  # a file in this folder\n'
        f'key = "{key}"  # signs entries; its public part is keys/<id>.pem\n'
        "# session_keys = false\n"
        "\n"
        "[run]\n" + "".join(f"# {field.name} = {_toml(field.default)}\n" for field in fields(RunChoices))
    )


def run_choices(
    environment: Mapping[str, str], workspace: Mapping[str, object], user: Mapping[str, object]
) -> RunChoices:
    """Return how to run, each value from the most binding place that has it. Raises UsageError."""
    variables = _from_variables(environment)
    chosen = {**user, **workspace, **variables}
    return RunChoices(**chosen)  # type: ignore[arg-type]  # every value was checked against its type when read


def _read(file: Path) -> dict[str, object]:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_SETTINGS_BYTES)
        return tomllib.loads(content.decode())
    except OSError as error:
        raise CannotTell(
            f"the settings cannot be read: {_shown(file)}: {error.strerror}", done="Nothing was written."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _mistake(file, f"it is not TOML: {error}") from error


def _section(table: dict[str, object], file: Path) -> dict[str, object]:
    """Take the ``[run]`` table out of ``table`` and return it checked."""
    run = table.pop("run", {})
    if not isinstance(run, dict):
        raise _mistake(file, "run must be a table")
    values = _known(run, _RUN_KEYS, file)
    return {name: _checked(name, value, str(file)) for name, value in values.items()}


def _known(table: Mapping[str, object], kinds: Mapping[str, type], file: Path) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in table.items():
        kind = kinds.get(name)
        if kind is None:
            raise _mistake(file, f"unknown key {name!r}; known: {', '.join(sorted(kinds))}")
        right = isinstance(value, int | float) if kind is float else isinstance(value, kind)
        if not right or (isinstance(value, bool) and kind is not bool):
            raise _mistake(file, f"{name} has a value of a wrong kind")
        values[name] = value
    return values


def _from_variables(environment: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, kind in _RUN_KEYS.items():
        variable = f"CUSTODY_{name.upper()}"
        text = environment.get(variable)
        if text is None:
            continue
        try:
            values[name] = _checked(name, _parsed(text, kind), variable)
        except (ValueError, KeyError) as error:
            raise UsageError(
                f"{variable} has no usable value: {escape_text(text)}", done="Nothing was written."
            ) from error
    return values


def _parsed(text: str, kind: type) -> object:
    if kind is bool:
        return _YES_OR_NO[text.strip().lower()]
    if kind is list:
        return [part for part in text.split(",") if part.strip()]
    return kind(text)


def _checked(name: str, value: object, where: str) -> object:
    if name == "hashes" and isinstance(value, list):
        return algorithms(str(part) for part in value)
    least = _LEAST.get(name)
    if least is not None and isinstance(value, int | float) and not value >= least:
        raise UsageError(
            f"{name} must be at least {least}: {escape_text(where)}", done="Nothing was written."
        )
    return value


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{part}"' for part in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(file: Path) -> str:
    return printable(bytes(file))


def _mistake(file: Path, message: str) -> UsageError:
    return UsageError(
        f"{_shown(file)}: {escape_text(message)}", done="Nothing was written.", hint="correct the file"
    )
