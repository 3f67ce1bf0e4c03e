"""The watch over a lane: hangs, deaths, requests to stop."""

import pytest

from custody.domain.copying.orders import Walk
from custody.domain.copying.reports import (
    Advanced,
    Began,
    Done,
    Failed,
    Flushed,
    ReadBack,
    Report,
    Side,
    Stage,
)
from custody.domain.errors import Halted
from custody.domain.identifiers import JobId, transfer_id
from custody.domain.paths import RawPath
from custody.domain.ports import LaneDied
from custody.domain.use_cases.lane_feed import Interrupted, LaneFeed, LaneLost
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.clocks import ManualClock
from tests.fakes.lanes import ScriptedLane
from tests.fakes.people import StopSwitch
from tests.fakes.workbench import LEDGER

A, B = (transfer_id(JobId(LEDGER), path) for path in (b"a", b"b"))
REQUEST = Walk(RawPath(b"/"), b"x")
READ = ReadBack(transfer=A, size=1, digests={}, method="direct")
FAILED = Failed(transfer=A, stage=Stage.READ, side=Side.SOURCE, error="io-error", message="")


class Desk:
    """A feed with a scripted lane."""

    def __init__(self, *script: Report | Exception | None, settings: RunSettings | None = None) -> None:
        self.clock = ManualClock()
        self.stop = StopSwitch()
        self.lane = ScriptedLane(self.clock, script)
        self.feed = LaneFeed(self.lane, self.clock, self.stop, settings or RunSettings())

    def listen(self, *, leave: int = 0) -> list[Report | None]:
        return list(self.feed.reports(leave=leave))


def test_reports_are_given_until_every_request_is_done() -> None:
    desk = Desk(Began(A), Done(), READ, Done())
    desk.feed.submit(REQUEST)
    desk.feed.submit(REQUEST)
    assert desk.listen() == [Began(A), Done(), READ, Done()]


def test_listening_ends_when_few_enough_requests_are_left() -> None:
    desk = Desk(Done(), READ, Done())
    desk.feed.submit(REQUEST)
    desk.feed.submit(REQUEST)
    assert desk.listen(leave=1) == [Done()]


def test_there_is_nothing_to_hear_when_nothing_was_asked() -> None:
    assert Desk(Began(A)).listen() == []


def test_a_quiet_lane_is_told_as_nothing_heard() -> None:
    desk = Desk(None, Done())
    desk.feed.submit(REQUEST)
    assert desk.listen() == [None, Done()]


@pytest.mark.parametrize(
    ("heard", "suspect"),
    [
        ([], None), ([Began(A)], A), ([Began(A), Advanced(B, "copy", 1)], B), ([Began(A), READ], None),
        ([Began(A), FAILED], None), ([Began(A), READ, Advanced(A, "copy", 1)], None),
        ([Began(A), Flushed(transfer=A, size=1, digests={})], A),
    ],
)  # fmt: skip
def test_a_lane_without_progress_is_replaced_and_its_file_is_named(
    heard: list[Report], suspect: object
) -> None:
    desk = Desk(*heard, settings=RunSettings(stall_timeout_seconds=30))
    desk.feed.submit(REQUEST)
    with pytest.raises(LaneLost) as lost:
        desk.listen()
    assert (lost.value.suspect, lost.value.stalled, desk.lane.replaced) == (suspect, True, 1)
    assert 30 < desk.clock.seconds - 1000 < 31


def test_progress_keeps_a_slow_lane_alive() -> None:
    quiet = [None] * 140  # 28 seconds
    desk = Desk(
        *quiet,
        Began(A),
        *quiet,
        Advanced(A, "copy", 1),
        *quiet,
        Done(),
        settings=RunSettings(stall_timeout_seconds=30),
    )
    desk.feed.submit(REQUEST)
    assert desk.listen()[-1] == Done()
    assert desk.lane.replaced == 0


def test_time_without_any_request_is_not_a_hang() -> None:
    desk = Desk(None, Done())
    desk.clock.advance(1000)
    desk.feed.submit(REQUEST)
    assert desk.listen()[-1] == Done()


def test_a_lane_that_dies_is_replaced_and_its_file_is_named() -> None:
    desk = Desk(Began(A), LaneDied())
    desk.feed.submit(REQUEST)
    with pytest.raises(LaneLost, match="died") as lost:
        desk.listen()
    assert (lost.value.suspect, lost.value.stalled, desk.lane.replaced) == (A, False, 1)


def test_after_a_loss_the_feed_begins_anew() -> None:
    desk = Desk(LaneDied(), Done())
    desk.feed.submit(REQUEST)
    with pytest.raises(LaneLost):
        desk.listen()
    desk.feed.submit(REQUEST)
    assert desk.listen() == [Done()]


def lose(desk: Desk) -> None:
    desk.feed.submit(REQUEST)
    with pytest.raises(LaneLost):
        desk.listen()


def test_a_lane_that_dies_again_and_again_halts_the_work() -> None:
    desk = Desk(*[LaneDied() for _ in range(4)])
    for _ in range(3):
        lose(desk)
    desk.feed.submit(REQUEST)
    with pytest.raises(Halted, match="again and again"):
        desk.listen()


def test_files_that_hang_one_after_another_halt_nothing() -> None:
    desk = Desk(*[report for _ in range(6) for report in (Began(A), LaneDied())])
    for _ in range(6):
        lose(desk)
    assert desk.lane.replaced == 6


def test_what_a_lane_said_as_it_died_is_handed_on() -> None:
    desk = Desk(Began(A), LaneDied("MemoryError: buffer"))
    desk.feed.submit(REQUEST)
    with pytest.raises(LaneLost) as lost:
        desk.listen()
    assert lost.value.reason == "MemoryError: buffer"


@pytest.mark.parametrize("good", [READ, FAILED, Done()])
def test_a_lane_that_got_something_done_in_between_may_die_again(good: Report) -> None:
    desk = Desk(*[LaneDied() for _ in range(3)], good, LaneDied(), LaneDied())
    for _ in range(3):
        lose(desk)
    desk.feed.submit(REQUEST)
    desk.feed.submit(REQUEST)
    with pytest.raises(LaneLost):
        desk.listen()


def test_after_a_request_to_stop_the_current_blocks_have_their_time() -> None:
    desk = Desk(*[Advanced(A, "copy", 1)] * 5, None, Done(), settings=RunSettings(drain_seconds=2))
    desk.stop.signal = "SIGINT"
    desk.feed.submit(REQUEST)
    assert desk.feed.stopping
    assert desk.listen()[-1] == Done()


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_a_lane_that_is_not_quiet_in_time_is_left_behind(signal: str) -> None:
    desk = Desk(Began(A), settings=RunSettings(drain_seconds=2))
    desk.stop.signal = signal
    desk.feed.submit(REQUEST)
    with pytest.raises(Interrupted, match=signal) as stopped:
        desk.listen()
    assert (stopped.value.signal, desk.lane.replaced) == (signal, 1)
    assert 2 < desk.clock.seconds - 1000 < 3


def test_a_busy_lane_is_left_behind_as_well() -> None:
    desk = Desk(*[Advanced(A, "copy", 1), None] * 100, settings=RunSettings(drain_seconds=2))
    desk.stop.signal = "SIGINT"
    desk.feed.submit(REQUEST)
    with pytest.raises(Interrupted):
        desk.listen()


def test_a_pause_takes_its_time() -> None:
    desk = Desk()
    desk.feed.pause(5)
    assert 5 <= desk.clock.seconds - 1000 < 5.5


def test_a_pause_ends_with_a_request_to_stop() -> None:
    desk = Desk()
    desk.stop.signal = "SIGINT"
    desk.feed.pause(5)
    assert desk.clock.seconds == 1000


def test_a_lane_that_dies_while_nothing_is_asked_of_it_is_replaced() -> None:
    desk = Desk(LaneDied())
    desk.feed.pause(1)
    assert desk.lane.replaced == 1


def test_a_feed_that_is_closed_leaves_nothing_under_way() -> None:
    desk = Desk(Began(A))
    desk.feed.submit(REQUEST)
    desk.feed.close()
    assert desk.lane.replaced == 1
    assert desk.listen() == []


def test_a_quiet_lane_is_kept_when_the_feed_is_closed() -> None:
    desk = Desk(Done())
    desk.feed.submit(REQUEST)
    desk.listen()
    desk.feed.close()
    assert desk.lane.replaced == 0
