"""Copying the files of a window, which share their flushes.

Knows the order: stage all, flush, publish all, flush, say so, read each back, say so. A shared flush that
fails discards the whole window, whose files are then written anew, each with a flush of its own. A file
that fails never stops the others. Does not know who asked, or what is recorded of it.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence

from custody.domain.copying import Advanced, Began, CopyItem, Failed, Flushed, ReadBack, Report, Side, Stage
from custody.domain.digest import Digests
from custody.infrastructure.files.failures import FLUSHING, AttemptFailed
from custody.infrastructure.files.folders import Folders, place_of
from custody.infrastructure.files.publishing import Staged, Temporary, flush_folder, publish, retract
from custody.infrastructure.files.putting_aside import put_aside
from custody.infrastructure.files.read_back import Found, read_copy
from custody.infrastructure.files.shared_flush import SharedFlush
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.streaming import AlignedBuffer, Hashes, Pace


class WindowCopier:
    """Copies windows with one buffer and one set of open folders."""

    def __init__(self, folders: Folders, buffer: AlignedBuffer, pace: Pace, share_from: int) -> None:
        """``share_from``: how many files make a shared flush worth waiting for other writers of the disk."""
        self._folders = folders
        self._buffer = buffer
        self._pace = pace
        self._share_from = share_from

    def copy(self, root: bytes, items: Sequence[CopyItem]) -> Iterator[Report]:
        """Copy files that have one destination root."""
        shared = self._open_shared(root) if len(items) >= self._share_from else None
        try:
            yield from self._copy(items, shared)
        finally:
            if shared is not None:
                shared.close()

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
            yield Flushed(transfer=copy.item.transfer, size=copy.item.size, digests=copy.digests)
        for copy in durable:
            yield Began(copy.item.transfer)  # if it hangs now, it is this one
            yield from self._read_back(copy)
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
        staged = []
        for item in items:
            yield Began(item.transfer)
            try:
                staged.append((yield from self._stage(item, shared)))
            except AttemptFailed as failure:
                yield self._failed(item, failure)
        yield from self._settle()
        return staged

    def _stage(self, item: CopyItem, shared: SharedFlush | None) -> Generator[Report, None, Staged]:
        place = place_of(item.destination, item.path)
        if not item.temporary or b"/" in item.temporary:
            message = "the temporary name is not a bare name"
            raise AttemptFailed(Stage.WRITE, Side.DESTINATION, "unsafe-path", message)
        hashes = Hashes(item.algorithms)
        with (
            SourceFile(self._folders, item) as source,
            Temporary(self._folders, place, item.temporary) as temporary,
        ):

            def take(data: memoryview) -> None:
                hashes.update(data)
                temporary.write(data)

            yield from source.stream(self._buffer.view, take, self._pace)
            source.require_unchanged()
            # Another file system mounted below the destination is not covered by the shared flush.
            own_flush = shared is None or temporary.identity[0] != shared.device
            temporary.finish(item, flush=own_flush)
        return Staged(
            item=item,
            place=place,
            digests=hashes.digests(),
            identity=temporary.identity,
            flushed=own_flush,
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

    def _read_back(self, copy: Staged) -> Iterator[Report]:
        item = copy.item
        try:
            found = yield from read_copy(
                *(self._folders, copy.place, self._buffer.view, copy.digests, item.transfer, self._pace)
            )
            require_equal(found, item.size, copy.digests)
        except AttemptFailed as failure:
            yield put_aside(self._folders, item, failure, copy.identity)
        else:
            yield ReadBack(
                transfer=item.transfer, size=found.size, digests=found.digests, method=found.method
            )

    def _failed(self, item: CopyItem, failure: AttemptFailed) -> Failed:
        if failure.details.get("errno") is not None:
            self._folders.forget()
        return failure.report(item.transfer)


def _flushed(staged: Sequence[Staged]) -> Iterator[Advanced]:
    if staged:
        yield Advanced(staged[-1].item.transfer, "flush", sum(copy.item.size for copy in staged))


def require_equal(found: Found, size: int, digests: Digests) -> None:
    """Require that a copy read back is what it should be; raises AttemptFailed with what was found."""
    if found.size == size and found.digests == digests:
        return
    raise AttemptFailed(
        *(
            Stage.READ_BACK,
            Side.DESTINATION,
            "read-back-differs",
            "the copy read back is not what was written",
        ),
        differs=True,
        found_size=found.size,
        found_digests=found.digests,
    )
