"""What a rotation leaves behind when Ctrl+C comes around its commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from uuid import UUID

import pytest

from custody.cli.key_changes import _record_rotation
from custody.domain.events import KeyEnrolled, KeyRotated
from custody.domain.identifiers import KeyId, LedgerId, Position, Stream, key_stream
from custody.domain.keys.holders import Holder
from custody.domain.ports import Recording

LEDGER = LedgerId(UUID(int=1))
OLD, NEW = KeyId("ab"), KeyId("cd")
ENROLLED = KeyEnrolled(key=NEW, public_key="", examiner="A", protected=True, replaces=OLD)
HOLDER = Holder(
    key=OLD, raw=bytes(32), roles=frozenset({"examiner"}), enrolled_at=Position(1), enrolled_by=OLD,
    enrolment=KeyEnrolled(key=OLD, public_key="", examiner="A", protected=True),
)  # fmt: skip


@dataclass
class FakeLedger:
    """Ledger, reader and store in one: the old key's stream has one entry."""

    interrupted: str | None = None
    commits: list[Recording] = field(default_factory=list)
    done: list[object] = field(default_factory=list)
    ledger: LedgerId = LEDGER

    def revision(self, stream: Stream) -> int:
        return 1 + sum(one.stream == stream for one in self.commits)

    def append(self, recordings: Sequence[Recording]) -> None:
        if self.interrupted == "before":
            raise KeyboardInterrupt
        self.commits += recordings
        if self.interrupted == "after":
            raise KeyboardInterrupt

    def make_checkpoint(self) -> None:
        assert self.commits == []  # none may fall due in the commit that ends the old key
        self.done.append("checkpoint")

    def hand_over(self, signer: object) -> None:
        self.done.append(signer)


def rotated(ledger: FakeLedger) -> None:
    ledger_and_store = SimpleNamespace(
        reader=ledger, make_checkpoint=ledger.make_checkpoint, hand_over=ledger.hand_over
    )
    _record_rotation(SimpleNamespace(store=ledger_and_store, ledger=ledger), HOLDER, ENROLLED, "successor")


def test_a_rotation_is_two_entries_in_one_commit_and_then_the_successor_signs() -> None:
    ledger = FakeLedger()
    rotated(ledger)
    assert ledger.commits == [
        Recording(key_stream(LEDGER, NEW), 1, ENROLLED),
        Recording(key_stream(LEDGER, OLD), 2, KeyRotated(key=OLD, successor=NEW)),
    ]
    assert ledger.done == ["checkpoint", "successor"]


@pytest.mark.parametrize(("moment", "signer"), [("before", []), ("after", ["successor"])])
def test_an_interruption_leaves_the_key_signing_that_may(moment: str, signer: list[object]) -> None:
    ledger = FakeLedger(interrupted=moment)
    with pytest.raises(KeyboardInterrupt):
        rotated(ledger)
    assert ledger.done == ["checkpoint", *signer]
