"""Documents made for a person (a report, a log, a form): whole under their name, or not there at all.

Knows that an existing file is never replaced. Evidence does not go through here; see ``publishing``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from custody.domain.errors import Refused
from custody.domain.paths import printable

_CREATING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE: Final = 0o600


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content stands durably at ``path`` once the block ended well.

    Raises Refused when something stands there already, or the folder or disk does not take it.
    """
    draft = path.with_name(f".custody-{os.urandom(8).hex()}.part")
    if os.path.lexists(path):
        raise _taken(path)
    try:
        stream = os.fdopen(os.open(draft, _CREATING, _PRIVATE), "wb")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, path, follow_symlinks=False)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink()
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(path: Path) -> Refused:
    return Refused(
        f"there is a file already: {printable(bytes(path))}",
        done="Nothing was written; the existing file was not touched.",
        hint="give another name",
    )


def _unwritable(path: Path, error: OSError) -> Refused:
    return Refused(
        f"the file cannot be written: {printable(bytes(path))}: {error.strerror}",
        done="Nothing was written under that name.",
        hint="choose a folder you may write, with room",
    )
