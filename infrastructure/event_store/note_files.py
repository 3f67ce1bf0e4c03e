"""Checkpoint files: ``checkpoints/<size>.note``, written once, durably, never replaced.

Knows names and the order of writing. Deliberately does not know whether a note is good.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from custody.domain.errors import LedgerFailed, LedgerUnreadable, Tampered
from custody.domain.proofs.checkpoint import MAX_NOTE_BYTES

_NAME: Final = re.compile(r"(0|[1-9][0-9]{0,18})\.note")
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def note_sizes(folder: Path) -> list[int]:
    """Return the sizes for which there is a file, ascending; none when there is no folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error
    return sorted(int(match[1]) for match in map(_NAME.fullmatch, names) if match)


def read_note(folder: Path, size: int) -> bytes:
    """Return the content of a checkpoint file, cut behind the longest note there can be."""
    path = folder / f"{size}.note"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_NOTE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_notes(folder: Path, *, first: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield size and content of the checkpoint files from a size on."""
    for size in note_sizes(folder):
        if size >= first:
            yield size, read_note(folder, size)


def keep_note(folder: Path, size: int, note: bytes) -> None:
    """Write a checkpoint file; on return it is durable under its name.

    A file that is there already stays: an equal one is fine, another one raises Tampered. Raises
    LedgerFailed when the disk does not take it. The caller holds the ledger's lock, so nobody else writes.
    """
    final = folder / f"{size}.note"
    try:
        if not os.path.lexists(final):
            _publish(folder, final, note)
    except OSError as error:
        message = f"the checkpoint file {os.fspath(final)!a} cannot be written: {error.strerror}"
        done = "The entries and the checkpoint are safe in the ledger."
        raise LedgerFailed(message, done=done) from error
    if read_note(folder, size) != note:
        message = f"{os.fspath(final)!a} holds another checkpoint than the ledger"
        raise Tampered(message, done="It was left as it is.", hint="run custody audit")


def _publish(folder: Path, final: Path, note: bytes) -> None:
    """Write under a temporary name, flush, link to the final name, flush the folder."""
    if not folder.exists():
        folder.mkdir()
        _flush_folder(folder.parent)
    temporary = folder / f".{final.name}.part"
    with suppress(FileNotFoundError):
        temporary.unlink()  # left by a crash
    with os.fdopen(os.open(temporary, _NEW_FILE, 0o644), "wb") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, final)
        temporary.unlink()
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        os.rename(temporary, final)  # noqa: PTH104 - no other writer, and the name was free just now
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError) -> LedgerUnreadable:
    return LedgerUnreadable(f"{os.fspath(path)!a} cannot be read: {error.strerror}")
