"""Staging a large file: opened on three descriptors, copied and read back in one go, then finished.

Knows that it is flushed once more, whole, with its times and mode, before it may have its own name, and that
a copy which could not be proved by then leaves nothing behind.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Report, Side, Stage
from custody.infrastructure.files.arena import Arena, LargeFiles
from custody.infrastructure.files.failures import OPENING_DESTINATION, READING_BACK, AttemptFailed
from custody.infrastructure.files.folders import Folders, Place
from custody.infrastructure.files.hashing_files import FileHasher
from custody.infrastructure.files.large_copy import LargeCopy
from custody.infrastructure.files.publishing import Staged
from custody.infrastructure.files.putting_aside import condemns
from custody.infrastructure.files.read_back import StandingCopy, require_equal
from custody.infrastructure.files.second_reading import read_source_again
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import Pace
from custody.infrastructure.files.temporary import Temporary


class LargeCopier:
    """Copies one large file at a time."""

    def __init__(
        self,
        folders: Folders,
        arena: Arena,
        large: LargeFiles,
        hasher: FileHasher,
        monotonic: Callable[[], float],
    ) -> None:
        self._folders = folders
        self._hasher = hasher
        self._arena = arena
        self._large = large
        self._monotonic = monotonic
        self._held: StandingCopy | None = None

    def takes(self, item: CopyItem) -> bool:
        """Tell whether a file is worked on here."""
        return item.size >= self._large.threshold or item.resume_at is not None

    def stage(self, item: CopyItem, place: Place) -> Generator[Report, None, Staged]:
        """Copy, flush and read back under the temporary name; raises AttemptFailed.

        What was read back stays open until ``release``: no other file can get its inode number before its
        own name was seen to lead to it.
        """
        with (
            SourceFile(self._folders, item, direct=True) as source,
            Temporary(
                *(self._folders, place, item.temporary), direct=True, resume_at=item.resume_at
            ) as temporary,
            _nothing_left(),
        ):
            self._held = self._opened(item, place, temporary)
            with OPENING_DESTINATION:
                going = LargeCopy(item, source, temporary, self._held, self._large)
                digests, found = yield from going.run(
                    self._arena, Pace(self._monotonic), Pace(self._monotonic)
                )
            source.require_unchanged()
            require_equal(found, item.size, digests)
            readings = yield from read_source_again(
                self._folders, item, self._hasher, Pace(self._monotonic), digests
            )
            unkept = temporary.finish(item, source.descriptor, flush=True)
        return Staged(
            item=item,
            place=place,
            digests=digests,
            identity=temporary.identity,
            flushed=True,
            found=found,
            unkept=unkept,
            unreadable=source.unreadable,
            zeros=source.zeros,
            source_readings=readings,
        )

    def release(self) -> None:
        """Close what was read back; called once its outcome is known."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _opened(self, item: CopyItem, place: Place, temporary: Temporary) -> StandingCopy:
        with READING_BACK:
            copy = StandingCopy(self._folders, replace(place, name=item.temporary), size=item.size)
        if copy.identity != temporary.identity:
            copy.close()
            message = "another file took the place of the temporary one"
            raise AttemptFailed(Stage.READ_BACK, Side.DESTINATION, "changed", message, transient=True)
        return copy


@contextmanager
def _nothing_left() -> Iterator[None]:
    """Have a copy made again that could not be looked at: it says nothing against it, and it is gone."""
    try:
        yield
    except AttemptFailed as failure:
        if failure.stage is Stage.READ_BACK and not condemns(failure):
            failure.details["transient"] = True
        raise
