"""How long a plan will take at the least: by reading the largest file of each source for a moment.

Knows only the speed of reading. What a destination takes, and what it takes to open many small files, is not
measured, since the one would mean to write there; so a run takes longer than this.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from custody.domain.copy_reports import ListedEntry, Probed
from custody.domain.copying import CopyItem, Operation, Window
from custody.domain.identifiers import JobId, transfer_id
from custody.domain.paths import RawPath, parent
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.workshop import Surveyor

MAX_PROBED: Final = 8  # of the sources with the most to copy; the others are taken to be as fast as these
_NO_JOB: Final = JobId(UUID(int=0))  # a look is nobody's transfer


@dataclass(frozen=True, slots=True)
class ReadingNeed:
    """What is to be read of one source, and its largest file."""

    source: RawPath
    bytes: int
    largest: ListedEntry


def estimate_seconds(needs: Sequence[ReadingNeed], surveyor: Surveyor) -> float | None:
    """Return the seconds that reading takes, going by some two seconds of it; None when that told nothing.

    Raises Interrupted when a stop is asked for.
    """
    total = sum(need.bytes for need in needs)
    if not total:
        return 0.0
    probed = sorted(needs, key=lambda need: need.bytes, reverse=True)[:MAX_PROBED]
    found = [(need, one) for need, one in zip(probed, _probe(probed, surveyor), strict=False) if one.size]
    if not found:
        return None
    read, took = sum(one.size for _, one in found), sum(one.seconds for _, one in found)
    known = sum(need.bytes for need, _ in found)
    return sum(need.bytes * one.seconds / one.size for need, one in found) + (total - known) * took / read


def _probe(needs: Sequence[ReadingNeed], surveyor: Surveyor) -> list[Probed]:
    feed = LaneFeed(surveyor.lane, surveyor.clock, surveyor.stop, surveyor.settings)
    feed.submit(Window(tuple(_item(need) for need in needs)))
    found: list[Probed] = []
    with suppress(LaneLost):  # of a source that does not answer nothing can be said
        found.extend(report for report in feed.reports() if isinstance(report, Probed))
    return found


def _item(need: ReadingNeed) -> CopyItem:
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
