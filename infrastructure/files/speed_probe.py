"""How fast sources are read: a short look, past the page cache where that can be done.

Knows no copy and writes nothing, so it says nothing of how fast a destination takes what was read.
"""

from collections.abc import Callable, Iterator, Sequence

from custody.domain.copy_reports import Probed
from custody.domain.copying import CopyItem
from custody.infrastructure.files.failures import AttemptFailed
from custody.infrastructure.files.folders import Folders
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import AlignedBuffer

PROBE_SECONDS = 2.0  # of all files together


def probe(
    folders: Folders, items: Sequence[CopyItem], buffer: AlignedBuffer, monotonic: Callable[[], float]
) -> Iterator[Probed]:
    """Read each file for its share of the time, and say how far that came; 0 bytes if it cannot be read."""
    for item in items:
        begun = monotonic()
        size = _read_for(PROBE_SECONDS / len(items), folders, item, buffer, monotonic)
        yield Probed(size, monotonic() - begun)


def _read_for(
    seconds: float, folders: Folders, item: CopyItem, buffer: AlignedBuffer, monotonic: Callable[[], float]
) -> int:
    until, size = monotonic() + seconds, 0
    try:
        with SourceFile(folders, item, direct=True) as source:
            while monotonic() < until and (read := source.fill(buffer.view)):
                size += read
    except AttemptFailed:
        return 0
    return size
