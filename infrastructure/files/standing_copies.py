"""Files that already stand at the destination: adopting one that equals its source, reading one back later.

Knows that nothing that stands there is ever written to, and that only a copy of our own making may be moved
aside.
"""

import errno
from collections.abc import Generator, Iterator
from functools import partial
from typing import NoReturn

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Began, Flushed, ReadBack, Report, Side, Stage
from custody.domain.digest import PRIMARY, Digests
from custody.infrastructure.files.failures import (
    FLUSHING,
    OPENING_DESTINATION,
    READING_BACK,
    READING_SOURCE,
    AttemptFailed,
)
from custody.infrastructure.files.folders import Folders, Place, place_of
from custody.infrastructure.files.hashing_files import FileHasher
from custody.infrastructure.files.publishing import flush_folder
from custody.infrastructure.files.putting_aside import put_aside, regular_file_at
from custody.infrastructure.files.read_back import Found, StandingCopy, read_copy
from custody.infrastructure.files.second_reading import read_source_again
from custody.infrastructure.files.source_reading import SourceFile
from custody.infrastructure.files.standing import identity_of
from custody.infrastructure.files.streaming import Pace


def adopt(folders: Folders, item: CopyItem, hasher: FileHasher, pace: Pace) -> Iterator[Report]:
    """Claim the file under the final name if it equals the source; it is flushed, and never changed."""
    yield Began(item.transfer)
    try:
        digests, source = yield from _hash_source(folders, item, hasher, pace)
        found = yield from _read_standing(folders, item, hasher, pace)
        if not found.equals(digests) or found.size != item.size:
            _collide("a different file stands there", found=found)
        readings = yield from read_source_again(folders, item, hasher, pace, digests)
    except AttemptFailed as failure:
        folders.forget()
        yield failure.report(item.transfer)
        return
    yield Flushed(
        transfer=item.transfer,
        size=found.size,
        digests=digests,
        unreadable=source.unreadable,
        zeros=source.zeros,
        source_readings=readings,
    )
    yield ReadBack(transfer=item.transfer, size=found.size, digests=digests, method=found.method)


def _hash_source(
    folders: Folders, item: CopyItem, hasher: FileHasher, pace: Pace
) -> Generator[Report, None, tuple[Digests, SourceFile]]:
    with SourceFile(folders, item, direct=hasher.is_large(item.size)) as source:
        place = place_of(item.destination, item.path)
        with OPENING_DESTINATION:
            standing = folders.calls.stat(place.name, dir_fd=folders.of(place), follow_symlinks=False)
        if identity_of(standing) == identity_of(source.status):
            _collide("the source itself stands there under a second name")
        if standing.st_size != item.size:
            _collide(f"a file of {standing.st_size} bytes stands there", size=standing.st_size)
        passed = partial(pace.passed, item.transfer, "copy")
        with READING_SOURCE:
            digests = yield from hasher.digests(source.fill, item.size, item.algorithms, passed)
        source.require_unchanged()
    return digests, source


def _read_standing(
    folders: Folders, item: CopyItem, hasher: FileHasher, pace: Pace
) -> Generator[Report, None, Found]:
    place = place_of(item.destination, item.path)
    with OPENING_DESTINATION:
        copy = StandingCopy(folders, place)
    try:
        with FLUSHING:
            copy.flush()
            flush_folder(folders.calls, folders.of(place))
        with READING_BACK:
            return (yield from copy.read(hasher, item.transfer, pace))
    finally:
        copy.close()


def _collide(message: str, *, size: int | None = None, found: Found | None = None) -> NoReturn:
    raise AttemptFailed(
        *(Stage.PUBLISH, Side.DESTINATION, "collision", message),
        differs=True,
        found_size=found.size if found else size,
        found_digests=found.digests if found else None,
    )


def read_again(folders: Folders, item: CopyItem, hasher: FileHasher, pace: Pace) -> Iterator[Report]:
    """Compare a copy with what the ledger says of it; moved aside only where ``set_aside`` asks for it."""
    yield Began(item.transfer)
    ours = None
    try:
        place = place_of(item.destination, item.path)
        ours = regular_file_at(folders, place) if item.set_aside else None
        found = yield from _read_expected(folders, place, item, hasher, pace)
    except AttemptFailed as failure:
        if item.set_aside and failure.error != "unsafe-path":
            yield put_aside(folders, item, failure, ours)
        else:
            folders.forget()
            yield failure.report(item.transfer)
        return
    digests = item.expected or {}
    yield ReadBack(transfer=item.transfer, size=found.size, digests=digests, method=found.method)


def _read_expected(
    folders: Folders, place: Place, item: CopyItem, hasher: FileHasher, pace: Pace
) -> Generator[Report, None, Found]:
    if not item.expected or PRIMARY not in item.expected:
        message = "there is no hash value to compare with"
        raise AttemptFailed(Stage.READ_BACK, Side.DESTINATION, "other", message)
    try:
        found = yield from read_copy(folders, place, hasher, item.transfer, pace)
    except AttemptFailed as failure:
        raise _as_finding(failure) from failure
    if found.size != item.size or not found.equals(item.expected):
        raise AttemptFailed(
            *(Stage.READ_BACK, Side.DESTINATION, "changed", "the copy is not what was recorded"),
            differs=True,
            found_size=found.size,
            found_digests=found.digests,
        )
    return found


def _as_finding(failure: AttemptFailed) -> AttemptFailed:
    """Say in the words of a verification that a copy is gone, is something else, or could not be read."""
    code = failure.details.get("errno")
    if code in {errno.ENOENT, errno.ENOTDIR}:
        message = "nothing stands under this name"
        return AttemptFailed(
            failure.stage, failure.side, "missing", message, **(failure.details | {"differs": True})
        )
    if code == errno.ELOOP or failure.error == "not-a-regular-file":
        message = "something other than a regular file stands there"
        return AttemptFailed(
            failure.stage, failure.side, "changed", message, **(failure.details | {"differs": True})
        )
    return AttemptFailed(failure.stage, failure.side, "unreadable", failure.message, **failure.details)
