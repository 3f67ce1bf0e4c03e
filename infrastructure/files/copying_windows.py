"""Copying the files of a window, which share their flushes.

Knows the order: stage all, flush, publish all, flush, say so, read each back, say so. A shared flush that
fails discards the whole window, whose files are then written anew, each with a flush of its own. Large files
go through the same steps one by one, and are read back while they are staged. A file that fails never stops
the others. Does not know who asked, or what is recorded of it.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Advanced, Began, Failed, Flushed, Report, Side, Stage
from custody.infrastructure.files.copying_large import LargeCopier
from custody.infrastructure.files.failures import FLUSHING, AttemptFailed
from custody.infrastructure.files.folders import Folders, Place, place_of
from custody.infrastructure.files.hashing_files import FileHasher, in_turn
from custody.infrastructure.files.publishing import (
    Staged,
    flush_folder,
    publish,
    retract,
)
from custody.infrastructure.files.second_reading import read_source_again
from custody.infrastructure.files.shared_flush import SharedFlush
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import AlignedBuffer, Hashes, Pace
from custody.infrastructure.files.temporary import Temporary
from custody.infrastructure.files.window_read_back import WindowReadBack

OPENED_AHEAD: Final = 8  # sources whose data is on its way from the device while another one is copied


class WindowCopier:
    """Copies windows with one buffer and one set of open folders."""

    def __init__(
        self,
        folders: Folders,
        buffer: AlignedBuffer,
        hasher: FileHasher,
        large: LargeCopier,
        read_back: WindowReadBack,
        pace: Pace,
        share_from: int,
    ) -> None:
        """``share_from``: how many files make a shared flush worth waiting for other writers of the disk."""
        self._folders = folders
        self._buffer = buffer
        self._hasher = hasher
        self._large = large
        self._read_back = read_back
        self._pace = pace
        self._share_from = share_from

    def copy(self, root: bytes, items: Sequence[CopyItem]) -> Iterator[Report]:
        """Copy files that have one destination root."""
        small = [item for item in items if not self._large.takes(item)]
        shared = self._open_shared(root) if len(small) >= self._share_from else None
        try:
            yield from self._copy(small, shared)
        finally:
            if shared is not None:
                shared.close()
        for item in items:
            if self._large.takes(item):
                yield from self._copy_large(item)

    def _copy_large(self, item: CopyItem) -> Iterator[Report]:
        try:
            yield from self._copy([item], None)
        finally:
            self._large.release()

    def _open_shared(self, root: bytes) -> SharedFlush | None:
        try:
            return SharedFlush.opened(self._folders.calls, self._folders.descriptor(root, b""))
        except OSError:
            return None  # each file will meet this trouble, and say so, by itself

    def _copy(self, items: Sequence[CopyItem], shared: SharedFlush | None) -> Iterator[Report]:
        staged = yield from self._stage_all(items, shared)
        if shared is not None and staged and not shared.succeeds():
            yield from self._copy_anew(staged)
            return
        yield from _flushed(staged)
        published = yield from self._publish_all(staged)
        if shared is not None and published and not shared.succeeds():
            yield from self._copy_anew(published)
            return
        durable = yield from self._flush_folders(published)
        for copy in durable:
            yield _durable(copy)
        yield from self._read_back.read_back(durable)
        yield from self._settle()

    def _settle(self) -> Iterator[Advanced]:
        if told := self._pace.settle():
            yield told

    def _copy_anew(self, copies: Sequence[Staged]) -> Iterator[Report]:
        for copy in copies:
            retract(self._folders, copy)
        for copy in copies:
            yield from self._copy([copy.item], None)

    def _stage_all(
        self, items: Iterable[CopyItem], shared: SharedFlush | None
    ) -> Generator[Report, None, list[Staged]]:
        staged: list[Staged] = []
        opened: deque[SourceFile] = deque()
        try:
            for item in items:
                yield Began(item.transfer)
                try:
                    if self._large.takes(item):
                        staged.append((yield from self._large.stage(item, self._place(item))))
                    else:
                        opened.append(self._opened(item))
                except AttemptFailed as failure:
                    yield self._failed(item, failure)
                if len(opened) > OPENED_AHEAD:
                    yield from self._stage_next(opened, staged, shared)
            while opened:
                yield from self._stage_next(opened, staged, shared)
        finally:
            for source in opened:
                source.close()
        yield from self._settle()
        return staged

    def _place(self, item: CopyItem) -> Place:
        place = place_of(item.destination, item.path)
        if not item.temporary or b"/" in item.temporary:
            message = "the temporary name is not a bare name"
            raise AttemptFailed(Stage.WRITE, Side.DESTINATION, "unsafe-path", message)
        return place

    def _opened(self, item: CopyItem) -> SourceFile:
        self._place(item)
        source = SourceFile(self._folders, item)
        source.announce()
        return source

    def _stage_next(
        self, opened: deque[SourceFile], staged: list[Staged], shared: SharedFlush | None
    ) -> Iterator[Report]:
        """Stage the source that was opened first."""
        source = opened[0]
        yield Began(source.item.transfer)  # if it hangs now, it is this one again
        opened.popleft()
        try:
            with source:
                staged.append((yield from self._stage(source.item, source, shared)))
        except AttemptFailed as failure:
            yield self._failed(source.item, failure)

    def _stage(
        self, item: CopyItem, source: SourceFile, shared: SharedFlush | None
    ) -> Generator[Report, None, Staged]:
        place = self._place(item)
        hashes = Hashes(item.algorithms)
        with Temporary(self._folders, place, item.temporary) as temporary:

            def take(data: memoryview) -> None:
                hashes.update(data)
                temporary.write(data)

            passed = partial(self._pace.passed, item.transfer, "copy")
            yield from in_turn(source.fill, self._buffer.view, take, passed)
            source.require_unchanged()
            digests = hashes.digests()
            readings = yield from read_source_again(self._folders, item, self._hasher, self._pace, digests)
            # Another file system mounted below the destination is not covered by the shared flush.
            own_flush = shared is None or temporary.identity[0] != shared.device
            unkept = temporary.finish(item, source.descriptor, flush=own_flush)
        return Staged(
            item=item,
            place=place,
            digests=digests,
            identity=temporary.identity,
            flushed=own_flush,
            unkept=unkept,
            unreadable=source.unreadable,
            zeros=source.zeros,
            source_readings=readings,
        )

    def _publish_all(self, staged: Iterable[Staged]) -> Generator[Report, None, list[Staged]]:
        published = []
        for copy in staged:
            try:
                publish(self._folders, copy)
            except AttemptFailed as failure:
                yield self._failed(copy.item, failure)
            else:
                published.append(copy)
        return published

    def _flush_folders(self, published: Sequence[Staged]) -> Generator[Report, None, list[Staged]]:
        durable = [copy for copy in published if not copy.flushed]
        together: dict[bytes, list[Staged]] = {}
        for copy in published:
            if copy.flushed:
                together.setdefault(copy.place.folder, []).append(copy)
        for copies in together.values():
            try:
                with FLUSHING:
                    flush_folder(self._folders.calls, self._folders.of(copies[0].place))
            except AttemptFailed as failure:
                for copy in copies:
                    retract(self._folders, copy)
                    yield self._failed(copy.item, failure)
            else:
                durable += copies
        return durable

    def _failed(self, item: CopyItem, failure: AttemptFailed) -> Failed:
        if failure.details.get("errno") is not None:
            self._folders.forget()
        return failure.report(item.transfer)


def _durable(copy: Staged) -> Flushed:
    return Flushed(
        transfer=copy.item.transfer,
        size=copy.item.size,
        digests=copy.digests,
        unkept=copy.unkept,
        unreadable=copy.unreadable,
        zeros=copy.zeros,
        source_readings=copy.source_readings,
    )


def _flushed(staged: Sequence[Staged]) -> Iterator[Advanced]:
    if staged:
        yield Advanced(staged[-1].item.transfer, "flush", sum(copy.item.size for copy in staged))
