"""Whether the entries stand where they belong, and each was made after the one before it.

Knows places and links (``previous``). Deliberately tells one cause once: after a record that was changed,
removed, inserted or moved it finds the place where the order goes on, so that the rest is not blamed.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.entries.entry import NO_PREVIOUS

_CHAIN_BROKEN: Final = (
    "the chain breaks here: this entry and its neighbours were not made one after the other"
)


class _Place(NamedTuple):
    """A record that another may follow: where it stands, where it belongs, its leaf hash."""

    slot: int
    position: int
    leaf: bytes


class EntrySequence:
    """Follows the records in the order in which they are stored."""

    def __init__(self, findings: Findings, refuted: Callable[[int], bool]) -> None:
        """Take where findings go, and who can say whether the signature of a recent slot was refuted."""
        self._findings = findings
        self._refuted = refuted
        self._last: _Place | None = None  # the last one in order
        self._before: _Place | None = None  # the one before, in order or not
        self._doubt: int | None = None  # the first slot since `_last` that is known to be wrong
        self._shift = 0  # how far the entries stand from where they belong
        self._broken_at: int | None = None
        self.size = 0
        self.orderly = True

    def place(self, position: object) -> int | None:
        """Return the slot of the next record; None, with a finding, for one that has no place of its own."""
        if type(position) is not int or position < 0:
            self._disorder("no-position", self.size, "a record stands under something that is no position")
            return None
        if position < self.size:
            self._disorder("repeated-position", position, f"position {position} stands more than once")
            return None
        if position > self.size:
            self._miss(position)
        self.size = position + 1
        return position

    def skip(self, slot: int) -> None:
        """Pass over a record that could not be opened; there is a finding about it already."""
        self._suspect(slot)
        self._before = None

    def withhold(self, slot: int, leaf: bytes) -> None:
        """Pass over a record of which only the leaf hash is given: the one after it must follow that."""
        self._last = self._before = _Place(slot, slot, leaf)
        self._doubt = None
        self._shift = 0

    def admit(self, opened: OpenedRecord) -> None:
        """Take the next record."""
        shift = opened.entry.position - opened.slot
        if _follows(self._last, opened):
            moved = shift not in {0, self._shift}
            self._accept(opened, shift)
            if moved:  # something was put in before it, or two neighbours were exchanged
                self._misplaced(opened)
        elif shift == 0:
            self._chain_broken(self._culprit(opened))
            self._accept(opened, shift)
        elif self._goes_on(opened, shift):
            self._accept(opened, shift)
        else:
            self._misplaced(opened)
            self._chain_broken(opened.slot)
            self._before = _place(opened)

    def _accept(self, opened: OpenedRecord, shift: int) -> None:
        self._last = self._before = _place(opened)
        self._doubt = None
        self._shift = shift

    def _goes_on(self, opened: OpenedRecord, shift: int) -> bool:
        """Tell whether the record continues one that was reported as misplaced, at the same distance."""
        before = self._before
        return before is not None and _follows(before, opened) and before.position - before.slot == shift

    def _culprit(self, opened: OpenedRecord) -> int:
        """Return the slot to blame for a link that does not hold although the place is right.

        A changed entry breaks the link of the one after it; whose own signature is bad is the changed one.
        """
        if self._doubt is not None:
            return self._doubt
        if self._last is None:
            return opened.slot
        before = self._last.slot
        return opened.slot if self._refuted(opened.slot) and not self._refuted(before) else before

    def _miss(self, position: int) -> None:
        first, last = self.size, position - 1
        message = (
            f"the entry of position {first} is missing"
            if first == last
            else f"the entries of positions {first} to {last} are missing"
        )
        self._disorder("missing-entry", first, message)
        self._suspect(first)

    def _misplaced(self, opened: OpenedRecord) -> None:
        message = f"the entry of position {opened.entry.position} stands at position {opened.slot}"
        self._disorder("misplaced-entry", opened.slot, message)
        self._suspect(opened.slot)

    def _suspect(self, slot: int) -> None:
        if self._doubt is None:
            self._doubt = slot

    def _disorder(self, code: str, position: int, message: str) -> None:
        self.orderly = False
        self._findings.note("structure", code, position, message)

    def _chain_broken(self, slot: int) -> None:
        if slot != self._broken_at:
            self._broken_at = slot
            self._findings.note("chain", "chain-broken", slot, _CHAIN_BROKEN)


def _place(opened: OpenedRecord) -> _Place:
    return _Place(opened.slot, opened.entry.position, opened.leaf)


def _follows(before: _Place | None, opened: OpenedRecord) -> bool:
    if before is None:
        return opened.entry.position == 0 and opened.entry.previous == NO_PREVIOUS
    return opened.entry.position == before.position + 1 and opened.entry.previous == before.leaf.hex()
