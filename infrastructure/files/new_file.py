"""Documents made for a person (a report, a log, a form): whole under their name, or not there at all.

Knows that an existing file is never replaced, on file systems without hard links (FAT, exFAT) neither.
Evidence does not go through here; see ``publishing``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from custody.domain.errors import Refused
from custody.domain.paths import printable
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from custody.infrastructure.files.publishing import flush_folder, rename_without_replacing
from custody.infrastructure.files.standing import identity_of

CREATING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
PRIVATE: Final = 0o600
_LINUX: Final = LinuxFileCalls()


def require_new(path: Path) -> None:
    """Raise Refused when something stands at ``path``: asked before work that cannot be undone."""
    if os.path.lexists(path):
        raise taken(path)


def draft_of(path: Path) -> Path:
    """Return a name beside ``path`` that nobody else has, for what is not whole yet."""
    return path.with_name(f".custody-{os.urandom(8).hex()}.part")


@contextmanager
def new_file(path: Path, calls: FileCalls = _LINUX) -> Iterator[BinaryIO]:
    """Give a stream whose content stands durably at ``path`` once the block ended well.

    Raises Refused when something stands there already, or the folder or disk does not take it: an OSError
    of the block is taken for that. Any other error of it passes through. What had been written is removed.
    """
    draft = draft_of(path)
    require_new(path)
    try:
        stream = os.fdopen(os.open(draft, CREATING, PRIVATE), "wb")
    except OSError as error:
        raise unwritable("file", path, error) from error
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if not _published(draft, path, calls):
            raise taken(path)
    except OSError as error:
        raise unwritable("file", path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink()


def _published(draft: Path, path: Path, calls: FileCalls) -> bool:
    """Give the draft its name durably, unless it is taken; one that cannot be flushed is taken back.

    Raises OSError.
    """
    ours = identity_of(draft.lstat())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rename_without_replacing(calls, folder, os.fsencode(draft.name), os.fsencode(path.name))
        flush_folder(calls, folder)
    except FileExistsError:
        return False
    except OSError:
        with suppress(OSError):
            if identity_of(path.lstat()) == ours:
                calls.unlink(os.fsencode(path.name), dir_fd=folder)
        raise
    finally:
        os.close(folder)
    return True


def taken(path: Path) -> Refused:
    """Return the error for a name under which something stands."""
    return Refused(
        f"there is something already: {printable(bytes(path))}",
        done="Nothing was written; what is there was not touched.",
        hint="give another name",
    )


def unwritable(kind: str, path: Path, error: OSError) -> Refused:
    """Return the error for a file or folder that the disk did not take, by what stands there now."""
    return Refused(
        f"the {kind} cannot be written: {printable(bytes(path))}: {error.strerror}",
        done="What is left under that name may be lost in a power cut: remove it."
        if os.path.lexists(path)
        else "Nothing was left under that name.",
        hint="choose a folder you may write, with room",
    )
