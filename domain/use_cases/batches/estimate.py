"""How long a plan will take at the least, by reading sources and writing at destinations for a moment.

Knows only these speeds. Reading and writing go on at the same time, so the slower counts; opening many small
files and the read-back come on top, so a run takes longer than this.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.copying.reports import ListedEntry, Probed
from custody.domain.identifiers import JobId, transfer_id
from custody.domain.paths import RawPath, parent
from custody.domain.use_cases.batches.rooms import RoomSurvey
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.workshop import Surveyor

MAX_PROBED: Final = (
    8  # of the sources, or file systems, with the most to copy; the others are taken to be alike
)
WRITTEN_BYTES: Final = 256 << 20  # at most, and no more than
WRITTEN_SHARE: Final = 100  # a hundredth of the free space
_NO_JOB: Final = JobId(UUID(int=0))  # a look is nobody's transfer


@dataclass(frozen=True, slots=True)
class ReadingNeed:
    """What is to be read of one source, and its largest file."""

    source: RawPath
    bytes: int
    largest: ListedEntry


def estimate_seconds(
    needs: Sequence[ReadingNeed], rooms: Sequence[RoomSurvey], surveyor: Surveyor
) -> float | None:
    """Return the seconds that reading or writing takes; None when two seconds of each told nothing.

    Raises Interrupted when a stop is asked for.
    """
    if not sum(need.bytes for need in needs):
        return 0.0
    reading = sorted(needs, key=lambda need: need.bytes, reverse=True)
    writing = sorted(rooms, key=lambda room: room.needed_bytes, reverse=True)
    read = _probe([_reading(need) for need in reading[:MAX_PROBED]], surveyor)
    written = _probe([_writing(room) for room in writing[:MAX_PROBED]], surveyor)
    found = [
        _seconds([need.bytes for need in reading], read),
        _seconds([room.needed_bytes for room in writing], written),
    ]
    return max((seconds for seconds in found if seconds is not None), default=None)


def _seconds(sizes: Sequence[int], probed: Iterable[Probed]) -> float | None:
    """Return how long so many bytes each take, where of the first ones the speed is known; None without."""
    known = [(size, one) for size, one in zip(sizes, probed, strict=False) if one.size]
    if not known:
        return None
    size, took = sum(one.size for _, one in known), sum(one.seconds for _, one in known)
    others = sum(sizes) - sum(size for size, _ in known)
    return sum(size * one.seconds / one.size for size, one in known) + others * took / size


def _probe(items: Sequence[CopyItem], surveyor: Surveyor) -> list[Probed]:
    feed = LaneFeed(surveyor.lane, surveyor.clock, surveyor.stop, surveyor.settings)
    feed.submit(Window(tuple(items)))
    found: list[Probed] = []
    with suppress(LaneLost):  # of a disk that does not answer nothing can be said
        found.extend(report for report in feed.reports() if isinstance(report, Probed))
    return found


def _reading(need: ReadingNeed) -> CopyItem:
    entry = need.largest
    return CopyItem(
        transfer=transfer_id(_NO_JOB, entry.path),
        operation=Operation.PROBE,
        source_root=parent(need.source) or RawPath(b"/"),
        destination=RawPath(b""),
        path=entry.path,
        temporary=b"",
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        atime_ns=entry.atime_ns,
        mode=entry.mode,
        device=entry.device,
        inode=entry.inode,
        algorithms=(),
    )


def _writing(room: RoomSurvey) -> CopyItem:
    return CopyItem(
        transfer=transfer_id(_NO_JOB, room.destination),
        operation=Operation.PROBE_WRITING,
        source_root=RawPath(b""),
        destination=room.destination,
        path=RawPath(b""),
        temporary=b"",
        size=min(WRITTEN_BYTES, room.needed_bytes, room.free_bytes // WRITTEN_SHARE),
        mtime_ns=0,
        atime_ns=0,
        mode=0,
        device=0,
        inode=0,
        algorithms=(),
    )
