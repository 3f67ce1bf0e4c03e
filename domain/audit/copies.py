"""What the events of one file say of its copy, one after the other.

Knows when a copy of ours may stand under its own name. Judges nothing and looks at no disk.
"""

from typing import Final, NamedTuple, TypeAlias

from custody.domain.digest import Digests
from custody.domain.events import (
    Event,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
)


class Begun(NamedTuple):
    """A copy whose copying was begun; ``published``: it was found under its own name afterwards."""

    published: bool


class Flushed(NamedTuple):
    """A copy that was claimed as durable, with what was read from the source."""

    size: int
    digests: Digests
    zeroed: int = 0  # bytes that could not be read and are zeros in the copy


Copy: TypeAlias = Begun | Flushed | None

BEGINNINGS: Final = (FileQueued, FileCopying, FileFsynced, FileVerified, FileQualified, FileSkipped)
"""Events before which nothing is of any account for what is known after them."""

# Found of an interrupted file: no copy under its own name.
_NOTHING_LEFT: Final = frozenset({"temporary", "prefix", "nothing", "missing"})


def zeroed(event: FileFsynced | FileVerified | FileQualified) -> int:
    """Return how many bytes of a copy are zeros for what could not be read."""
    return 0 if isinstance(event, FileVerified) else event.unreadable_bytes or 0


def after(event: Event, copy: Copy) -> Copy:
    """Return what is known of a file's copy after one more event."""
    match event:
        case FileQueued() | FileSkipped():
            copy = None
        case FileCopying():
            copy = Begun(published=False)
        case FileFsynced() | FileVerified() | FileQualified():
            copy = Flushed(event.size, event.digests, zeroed(event))
        case FileResumed():
            copy = _after_resuming(event.found, copy)
        case FileFailed():
            aside = event.moved_to is not None or copy == Begun(published=False)
            copy = None if aside else copy
        case _:
            pass
    return copy


def _after_resuming(found: str, copy: Copy) -> Copy:
    if found in _NOTHING_LEFT:
        return None
    return Begun(published=True) if found == "published" and isinstance(copy, Begun) else copy
