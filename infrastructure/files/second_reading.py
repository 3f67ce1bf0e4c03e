"""Reading a source a second time, past the cache, and requiring that it gives the same bytes.

Knows that one pass cannot see a bit that flipped on the way from the source. Cannot see one that flips the
same way twice, nor keep a device from answering out of a cache of its own.
"""

from collections.abc import Generator
from functools import partial

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Advanced, Side, Stage
from custody.domain.digest import PRIMARY, Digests
from custody.infrastructure.files.failures import READING_SOURCE, AttemptFailed
from custody.infrastructure.files.folders import Folders
from custody.infrastructure.files.hashing_files import FileHasher
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import Pace


def read_source_again(
    folders: Folders, item: CopyItem, hasher: FileHasher, pace: Pace, first: Digests
) -> Generator[Advanced, None, int]:
    """Read the source again if that is asked for; returns how often it was read in all.

    Raises AttemptFailed when the SHA-256 is not that of the ``first`` reading, or the source cannot be read.
    """
    if not item.read_twice:
        return 1
    with SourceFile(folders, item, direct=True) as source:
        source.drop_cached()
        passed = partial(pace.passed, item.transfer, "second reading")
        with READING_SOURCE:
            digests = yield from hasher.digests(source.fill, item.size, (PRIMARY,), passed)
        source.require_unchanged()
    if told := pace.settle():
        yield told
    if digests[PRIMARY] != first[PRIMARY]:
        message = "two readings of the source gave different content"
        raise AttemptFailed(Stage.READ, Side.SOURCE, "source-unstable", message, transient=True)
    return 2
