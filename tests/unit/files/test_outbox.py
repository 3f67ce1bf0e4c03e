"""What a lane says travels in order, without what is out of date before it is sent."""

import os
from uuid import UUID

import pytest

from custody.domain.copying.reports import Began, Failed, ReadBack, Report, Side, Stage
from custody.domain.identifiers import TransferId
from custody.infrastructure.files import lane_process
from custody.infrastructure.files.frames import FrameReader

A, B, C = (TransferId(UUID(int=number)) for number in (1, 2, 3))


def read_back(transfer: TransferId) -> ReadBack:
    return ReadBack(transfer=transfer, size=1, digests={}, method="direct")


def sent(*reports: Report) -> list[Report]:
    receiving, sending = os.pipe()
    try:
        outbox = lane_process.Outbox(sending)
        for report in reports:
            outbox.put(report)
        outbox.close()
    finally:
        os.close(sending)
    with os.fdopen(receiving, "rb") as stream:
        return [report for message in FrameReader().feed(stream.read()) for report in message]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _nothing_is_sent_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_process, "SEND_AFTER_SECONDS", 60.0)


def test_a_file_that_ended_is_not_named_as_the_one_that_may_hang() -> None:
    assert sent(Began(A), read_back(A), Began(B)) == [read_back(A), Began(B)]


def test_a_failed_file_did_not_hang_either() -> None:
    failed = Failed(
        transfer=A, stage=Stage.READ, side=Side.SOURCE, error="io-error", message="Input/output error"
    )
    assert sent(Began(A), failed) == [failed]


def test_of_files_begun_one_after_the_other_the_last_may_hang() -> None:
    assert sent(Began(A), Began(B), Began(C)) == [Began(C)]


def test_the_end_of_another_file_says_nothing_of_this_one() -> None:
    assert sent(Began(A), read_back(B)) == [Began(A), read_back(B)]
