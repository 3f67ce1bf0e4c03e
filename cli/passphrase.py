"""Where a passphrase comes from: a file, a descriptor, or the person at the terminal. Never an argument.

Knows the sources and their order; keeps nothing and shows nothing.
"""

import os
import stat
import sys
from collections.abc import Callable
from typing import Final

from custody.cli.options import Invocation
from custody.domain.errors import PassphraseMissing, UsageError
from custody.domain.paths import printable

FILE_VARIABLE: Final = "CUSTODY_PASSPHRASE_FILE"
DESCRIPTOR_VARIABLE: Final = "CUSTODY_PASSPHRASE_FD"
NEW_FILE_VARIABLE: Final = "CUSTODY_NEW_PASSPHRASE_FILE"
MAX_PASSPHRASE_BYTES: Final = 4096

_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_WAYS: Final = f"use --passphrase-file FILE, {FILE_VARIABLE} or {DESCRIPTOR_VARIABLE}, or a terminal"


def new_key_passphrase(run: Invocation, file: str | None, *, token: bool = False) -> bytes:
    """Return the passphrase for a key that is being made while another one signs: it has sources of its own.

    For a key in a ``token`` that is the token's PIN, which is there already and is typed once. Raises as the
    function of ``passphrase_source`` does.
    """
    path = file or run.environment.get(NEW_FILE_VARIABLE)
    if path:
        return _from_file(path, run.output.warn)
    return _asked("PIN of the token: ") if token else _new_from_person()


def passphrase_source(run: Invocation, *, new: bool = False) -> Callable[[], bytes]:
    """Return the function that gets the passphrase when it is needed; ``new`` has it typed twice.

    The function raises PassphraseMissing when there is no way to get one, UsageError for an unusable one.
    """
    path = run.choices.passphrase_file or run.environment.get(FILE_VARIABLE)
    if path:
        return lambda: _from_file(path, run.output.warn)
    descriptor = run.environment.get(DESCRIPTOR_VARIABLE)
    if descriptor:
        return lambda: _from_descriptor(descriptor)
    return _new_from_person if new else _from_person


def _from_file(path: str, warn: Callable[[str], None]) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a name that need not be UTF-8
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & _FOR_OTHERS:
                warn(f"other accounts may read the passphrase file {_shown(path)}; chmod 600 it")
            return _first_line(file.read(MAX_PASSPHRASE_BYTES + 1), _shown(path))
    except OSError as error:
        raise PassphraseMissing(
            f"the passphrase file cannot be read: {_shown(path)}: {error.strerror}", hint=_WAYS
        ) from error


def _from_descriptor(text: str) -> bytes:
    try:
        with os.fdopen(os.dup(int(text)), "rb") as file:
            return _first_line(file.read(MAX_PASSPHRASE_BYTES + 1), f"descriptor {text}")
    except (ValueError, OverflowError, OSError) as error:
        raise PassphraseMissing(
            f"{DESCRIPTOR_VARIABLE} names no open descriptor: {text!r}", hint=_WAYS
        ) from error


def _from_person() -> bytes:
    return _asked("Passphrase of the signing key: ")


def _new_from_person() -> bytes:
    first = _asked("New passphrase for the signing key: ")
    if first != _asked("The same again: "):
        raise UsageError("the two passphrases differ", done="Nothing was written.", hint="try again")
    return first


def _asked(prompt: str) -> bytes:
    import getpass

    if not sys.stdin.isatty():
        raise PassphraseMissing("a passphrase is needed and there is no terminal to ask for it", hint=_WAYS)
    try:
        typed = getpass.getpass(prompt, stream=sys.stderr)
    except EOFError as error:
        raise PassphraseMissing("no passphrase was typed", hint=_WAYS) from error
    return _first_line(os.fsencode(typed), "the terminal")


def _first_line(content: bytes, where: str) -> bytes:
    """Return the first line without its end: editors and ``echo`` add one."""
    line = content.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise PassphraseMissing(f"the passphrase from {where} is empty", hint=_WAYS)
    if len(line) > MAX_PASSPHRASE_BYTES:
        raise UsageError(f"the passphrase from {where} is longer than {MAX_PASSPHRASE_BYTES} bytes")
    return line


def _shown(path: str) -> str:
    return printable(os.fsencode(path))
