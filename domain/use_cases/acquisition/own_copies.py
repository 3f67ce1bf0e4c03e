"""Whether a file that stands under a copy's name is the copy that this job published there.

Knows the life of one file as the ledger has it. Looks at no disk: what a file holds is the lane's to compare.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from custody.domain.copying.failure_words import DIFFERENCES
from custody.domain.copying.reports import Stage
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    Event,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileQualified,
    FileQueued,
    FileResumed,
    FileSkipped,
    FileVerified,
)

PUBLISHED: Final = "published"
_STILL_FOUND: Final = frozenset({PUBLISHED, "fsynced", "qualified"})
_LEAVES_IT: Final = frozenset({Stage.OPEN.value, Stage.READ.value, Stage.READ_BACK.value})


@dataclass(frozen=True, slots=True)
class Publication:
    """``ours``: what stands is our copy. ``announced``: the ledger's last word on the file says that."""

    ours: bool
    announced: bool


def publication(history: Iterable[Recorded]) -> Publication:
    """Return what the life of a file says of what stands under its name; in doubt it is not ours."""
    ours = announced = False
    for recorded in history:
        ours = _after(recorded.event, ours=ours)
        announced = isinstance(recorded.event, FileResumed) and recorded.event.found == PUBLISHED
    return Publication(ours, announced)


def is_unproved(history: Iterable[Recorded]) -> bool:
    """Tell whether the copy that was flushed last has not been proved since, whatever earlier ones were."""
    unproved = False
    for recorded in history:
        match recorded.event:
            case FileFsynced():
                unproved = True
            case FileVerified() | FileQualified():
                unproved = False
            case _:
                continue
    return unproved


def _after(event: Event, *, ours: bool) -> bool:
    match event:
        case FileQueued() | FileSkipped() | FileCopying():
            return False
        case FileFsynced() | FileVerified() | FileQualified():
            return True
        case FileResumed(found="failed"):
            return ours
        case FileResumed(found=found):
            return found in _STILL_FOUND
        case FileFailed():
            return ours and _left_standing(event)
        case _:
            return ours


def _left_standing(failed: FileFailed) -> bool:
    return (
        failed.moved_to is None
        and failed.stage in _LEAVES_IT
        and not (failed.stage == Stage.READ_BACK.value and failed.error in DIFFERENCES)
    )
