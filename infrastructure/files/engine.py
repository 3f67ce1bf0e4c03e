"""The copy engine: works through one request and says what is true of it, when it is true.

Knows which operation goes where. Does not know the pipeline, the ledger or the process it runs in.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final, assert_never

from custody.domain.copying.orders import CopyItem, Operation, Request, Walk, Window
from custody.domain.copying.reports import Done, Report
from custody.infrastructure.files.arena import Arena, LargeFiles
from custody.infrastructure.files.copying_large import LargeCopier
from custody.infrastructure.files.copying_windows import WindowCopier
from custody.infrastructure.files.extended_attributes import keep_folder_attributes
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.folders import Folders
from custody.infrastructure.files.hashing_files import FileHasher
from custody.infrastructure.files.reading_ahead import AheadReader, AtOnce, Helpers
from custody.infrastructure.files.speed_probe import probe, probe_writing
from custody.infrastructure.files.standing_copies import adopt, read_again
from custody.infrastructure.files.streaming import AlignedBuffer, Pace
from custody.infrastructure.files.temporary import try_temporary
from custody.infrastructure.files.walking import walk
from custody.infrastructure.files.window_read_back import WindowReadBack

SHARE_FROM: Final = 8
LARGE_FILES: Final = LargeFiles()


class CopyEngine:
    """Reads sources, writes copies and lists folders through one port; close it."""

    def __init__(
        self,
        calls: FileCalls,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        share_from: int = SHARE_FROM,
        large: LargeFiles = LARGE_FILES,
        helpers: Helpers | None = None,
    ) -> None:
        """Open nothing yet.

        ``share_from``: the number of files of a window from which on they share one flush. ``helpers``: who
        reads small copies back ahead; by default each is read at once.
        """
        self._folders = Folders(calls)
        self._buffer = AlignedBuffer()
        self._arena = Arena(large)
        self._monotonic = monotonic
        self._pace = Pace(monotonic)
        self._hasher = FileHasher(self._buffer, self._arena, large)
        self._ahead = AheadReader(self._folders, helpers or AtOnce())
        self._windows = WindowCopier(
            *(self._folders, self._buffer, self._hasher),
            LargeCopier(self._folders, self._arena, large, self._hasher, monotonic),
            WindowReadBack(self._folders, self._hasher, self._ahead, self._pace),
            *(self._pace, share_from),
        )

    def work(self, request: Request) -> Iterator[Report]:
        """Work through a request; after exactly one outcome for each file, the last report is Done.

        An item that is only tried has no outcome.
        """
        match request:
            case Walk():
                yield from walk(self._folders, request, self._monotonic)
            case Window():
                yield from self._window(request)
            case _:
                assert_never(request)
        yield Done()

    def _window(self, window: Window) -> Iterator[Report]:
        to_copy: dict[bytes, list[CopyItem]] = {}
        for item in window.items:
            if item.destination_identity is not None:
                self._folders.pin(item.destination, item.destination_identity)
            if item.operation is Operation.COPY:
                to_copy.setdefault(item.destination, []).append(item)
        for root, items in to_copy.items():
            yield from self._windows.copy(root, items)
        for item in window.items:
            yield from self._single(item)
        probed = [item for item in window.items if item.operation is Operation.PROBE]
        yield from probe(self._folders, probed, self._buffer, self._monotonic)
        written = [item for item in window.items if item.operation is Operation.PROBE_WRITING]
        yield from probe_writing(self._folders.calls, written, self._monotonic)
        if told := self._pace.settle():
            yield told

    def _single(self, item: CopyItem) -> Iterator[Report]:
        match item.operation:
            case Operation.ADOPT:
                yield from adopt(self._folders, item, self._hasher, self._pace)
            case Operation.READ_BACK:
                yield from read_again(self._folders, item, self._hasher, self._pace)
            case Operation.KEEP_ATTRIBUTES:
                yield keep_folder_attributes(self._folders, item)
            case Operation.TRY_TEMPORARY:
                try_temporary(self._folders, item)
            case _:
                return

    def close(self) -> None:
        """Close the folders and give the buffers back."""
        self._folders.forget()
        self._ahead.close()
        self._arena.close()
        self._buffer.close()
