"""How far an interrupted copy of a large file had come, so that it need not begin again.

Knows which entries say that a prefix is durable under the temporary name, and which take that back. Trusts
none of it: the lane reads the prefix again on both sides before it goes on.
"""

from collections.abc import Collection, Iterable
from typing import Final

from custody.domain.copying.orders import Mark
from custody.domain.entries.entry import Recorded
from custody.domain.events import Event, FileCopying, FileProgressed, FileResumed

PREFIX: Final = "prefix"


def kept_prefix(history: Iterable[Recorded], algorithms: Collection[str]) -> Mark | None:
    """Return the longest prefix that the file's last temporary name is known to hold; None for none."""
    mark: Mark | None = None
    for recorded in history:
        mark = _after(recorded.event, mark)
    return mark if mark is not None and set(mark.digests) == set(algorithms) else None


def _after(event: Event, mark: Mark | None) -> Mark | None:
    match event:
        case FileProgressed():
            return Mark(event.size, event.digests)
        case FileCopying(resumed_at=int()) | FileResumed(found="prefix"):
            return mark
        case _:
            return None
