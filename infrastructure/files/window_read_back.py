"""Reading the copies of a window back; each is judged and told as soon as it was read.

Knows that a small copy is read while others still come from the device, and what becomes of a copy that is
not what was written. Does not know how copies are made.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator

from custody.domain.copying.reports import Began, Failed, ReadBack, Report
from custody.infrastructure.files.failures import AttemptFailed
from custody.infrastructure.files.folders import Folders
from custody.infrastructure.files.hashing_files import FileHasher
from custody.infrastructure.files.publishing import Staged, require_standing
from custody.infrastructure.files.putting_aside import put_aside
from custody.infrastructure.files.read_back import Found, read_copy, require_equal
from custody.infrastructure.files.reading_ahead import SLOTS, AheadReader, BegunReading
from custody.infrastructure.files.streaming import Pace


class WindowReadBack:
    """Reads back with the buffer and the open folders of the copier."""

    def __init__(self, folders: Folders, hasher: FileHasher, ahead: AheadReader, pace: Pace) -> None:
        self._folders = folders
        self._hasher = hasher
        self._ahead = ahead
        self._pace = pace

    def read_back(self, copies: Iterable[Staged]) -> Iterator[Report]:
        """Read each copy back, small ones while others still come from the device."""
        begun: deque[tuple[Staged, BegunReading]] = deque()
        try:
            for copy in copies:
                yield Began(copy.item.transfer)  # if it hangs now, it is this one
                reading = yield from self._begin_reading(copy)
                if reading is not None:
                    begun.append((copy, reading))
                if len(begun) == SLOTS:
                    yield from self._end_reading(begun)
            while begun:
                yield from self._end_reading(begun)
        finally:
            for _, reading in begun:
                reading.abandon()

    def _begin_reading(self, copy: Staged) -> Generator[Report, None, BegunReading | None]:
        """Begin to read a small copy; what is not one is judged at once, and None returned."""
        try:
            reading = self._ahead.begin(copy.place) if self._is_small(copy) else None
            if reading is not None:
                return reading
            found = yield from self._found(copy)
        except AttemptFailed as failure:
            yield put_aside(self._folders, copy.item, failure, copy.identity)
        else:
            yield self._judged(copy, found)
        return None

    def _is_small(self, copy: Staged) -> bool:
        return copy.found is None and self._ahead.takes(copy.item.size)

    def _found(self, copy: Staged) -> Generator[Report, None, Found]:
        if copy.found:
            require_standing(self._folders, copy)
            return copy.found
        return (yield from read_copy(self._folders, copy.place, self._hasher, copy.item.transfer, self._pace))

    def _end_reading(self, begun: deque[tuple[Staged, BegunReading]]) -> Iterator[Report]:
        """Judge the copy whose reading began first."""
        copy, reading = begun[0]
        yield Began(copy.item.transfer)  # if it hangs now, it is this one again
        begun.popleft()
        try:
            found = reading.found()
        except AttemptFailed as failure:
            yield put_aside(self._folders, copy.item, failure, copy.identity)
            return
        if told := self._pace.passed(copy.item.transfer, "read back", found.size):
            yield told
        yield self._judged(copy, found)

    def _judged(self, copy: Staged, found: Found) -> ReadBack | Failed:
        item = copy.item
        try:
            require_equal(found, item.size, copy.digests)
        except AttemptFailed as failure:
            return put_aside(self._folders, item, failure, copy.identity)
        return ReadBack(transfer=item.transfer, size=found.size, digests=copy.digests, method=found.method)
