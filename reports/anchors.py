"""What others hold of a ledger: time stamps and cosignatures of its checkpoints, as its entries record them.

Knows what each of them shows and does not, in plain words. Verifies none: that takes the authority's
certificate or the witness's key from elsewhere, and is the audit's work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from custody.domain.entries.entry import Recorded
from custody.domain.events import CheckpointCosigned, CheckpointStamped
from custody.domain.identifiers import Position
from custody.domain.proofs import cosignature
from custody.reports.scope import LedgerHead
from custody.reports.wording import count, listed, moment, number

_MICROSECONDS: Final = 1_000_000

_NONE: Final = (
    "None is recorded as far as this report reaches. Nothing but copies of checkpoints, such as the code on "
    "these pages, then keeps the holder of the key from writing the ledger anew."
)
_NOT_JUDGED: Final = (
    "These are repeated as the ledger records them. This report has judged none of them: “custody audit” "
    "does, with the authority's certificate and the witness's key, which must come from elsewhere."
)
_STAMPS: Final = (
    "A time stamp shows that the entries it covers existed at its time, by a clock that is not the "
    "examiner's. It does not show how long before that they were made, nor that what they say is true."
)
_COSIGNATURES: Final = (
    "A cosignature shows that a witness saw this checkpoint, and had seen the ledger only grow since the "
    "one before. Its time is that of the witness's own clock. It does not show that the witness is "
    "independent of the examiner."
)
_LATER: Final = (
    "What was recorded of this after the last entry of the report is not in it. A report up to a later "
    "position tells of it, too: custody report custody --at POSITION."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLine:
    """A checkpoint that somebody else signed: who, when, how much of the ledger it covers."""

    entry: Position
    kind: str
    by: str
    mark: str  # by which it is found again at its maker
    time: str
    covers: int  # entries from the first one on

    @property
    def is_stamp(self) -> bool:
        """Tell a time stamp from a cosignature."""
        return self.kind == "time stamp"


def anchor_of(recorded: Recorded) -> AnchorLine | None:
    """Return the anchor that an entry records; None for every other entry."""
    match recorded.event:
        case CheckpointStamped() as event:
            return AnchorLine(
                entry=recorded.position, kind="time stamp", by=event.authority,
                mark=f"serial number {event.serial}, policy {event.policy}",
                time=moment(event.generated_at) + _accuracy(event.accuracy_microseconds), covers=event.size,
            )  # fmt: skip
        case CheckpointCosigned() as event:
            return AnchorLine(
                entry=recorded.position, kind="cosignature", by=event.witness,
                mark=f"key hash {event.key_hash}", time=_witnessed(event.time), covers=event.size,
            )  # fmt: skip
        case _:
            return None


def _witnessed(seconds: int) -> str:
    shown = cosignature.moment(seconds)
    return moment(shown) if shown.endswith("Z") else shown  # else a number outside of the calendar


def _accuracy(microseconds: int | None) -> str:
    if microseconds is None:
        return ""
    return f" ± {microseconds / _MICROSECONDS:g} s"


def what_others_hold(anchors: Sequence[AnchorLine], head: LedgerHead) -> tuple[str, ...]:
    """Return what the anchors show and do not, for a reader who never saw a ledger."""
    return tuple(_sentences(anchors, head)) if anchors else (_NONE, _LATER)


def _sentences(anchors: Sequence[AnchorLine], head: LedgerHead) -> Iterator[str]:
    if any(anchor.is_stamp for anchor in anchors):
        yield _STAMPS
    if not all(anchor.is_stamp for anchor in anchors):
        yield _COSIGNATURES
    covered = covered_by(anchors)
    if covered < head.size:
        rest = count(head.size - covered, "entry", "entries")
        yield f"{rest} of this report, from position {number(covered)} on, are covered by none of them."
    yield _NOT_JUDGED
    yield _LATER


def covered_by(anchors: Sequence[AnchorLine]) -> int:
    """Return how many entries at the beginning are covered; an anchor that covers itself covers none."""
    return max((anchor.covers for anchor in anchors if anchor.covers <= anchor.entry), default=0)


def in_brief(anchors: Sequence[AnchorLine], head: LedgerHead) -> str:
    """Return the sentence of the first page."""
    stamps = sum(anchor.is_stamp for anchor in anchors)
    kinds = ((stamps, "time stamp"), (len(anchors) - stamps, "cosignature"))
    told = listed(count(found, kind) for found, kind in kinds if found)
    if not told:
        return "No time stamp and no cosignature by somebody else is recorded: see section 6."
    reach = f"the first {number(covered_by(anchors))} of the {number(head.size)} entries up to here"
    return (
        f"As recorded, somebody else signed checkpoints of the ledger: {told}, over {reach}; see section 6."
    )
