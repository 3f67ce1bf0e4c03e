import errno
import os
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain.copying.reports import Advanced, Side, Stage
from custody.domain.identifiers import TransferId
from custody.infrastructure.files.failures import WORDS, AttemptFailed, Blame, word_for
from custody.infrastructure.files.frames import FrameReader, frame
from custody.infrastructure.files.shared_flush import SharedFlush, kernel_tells_errors
from custody.infrastructure.files.streaming import HEARTBEAT_BYTES, Hashes, Pace
from tests.unit.files.engine_runs import ChangedCalls, refusing

TRANSFER = TransferId(UUID(int=1))


@pytest.mark.parametrize(
    ("release", "tells"),
    [
        ("5.7.19", False),
        ("5.16.0-rc1", False),
        ("5.17.0", True),
        ("6.1.0-18-amd64", True),
        ("10.0", True),
        ("strange", False),
    ],
)
def test_only_kernels_that_report_every_error_share_flushes(release: str, tells: bool) -> None:
    assert kernel_tells_errors(release) is tells


@pytest.mark.parametrize("call", ["open", "filesystem_type", "fstat"])
def test_a_shared_flush_that_cannot_be_had_is_none_and_leaks_nothing(call: str) -> None:
    root = os.open("/", os.O_PATH)
    before = os.listdir("/proc/self/fd")

    assert SharedFlush.opened(ChangedCalls(**{call: refusing(errno.EIO)}), root) is None
    assert os.listdir("/proc/self/fd") == before
    os.close(root)


def test_many_small_steps_are_told_together_and_add_up() -> None:
    pace = Pace(lambda: 0.0)
    told = [pace.passed(TRANSFER, "copy", 1 << 20) for _ in range(100)]
    told.append(pace.settle())

    reports = [report for report in told if report is not None]
    assert [report.size for report in reports] == [HEARTBEAT_BYTES, (100 << 20) - HEARTBEAT_BYTES]
    assert reports[0] == Advanced(TRANSFER, "copy", HEARTBEAT_BYTES)


def test_slow_steps_are_told_one_by_one() -> None:
    ticks = count()
    pace = Pace(lambda: float(next(ticks)))

    assert pace.passed(TRANSFER, "copy", 1) == Advanced(TRANSFER, "copy", 1)


def test_nothing_is_told_when_nothing_passed() -> None:
    assert Pace(lambda: 0.0).settle() is None


def test_digests_are_those_of_the_standards() -> None:
    hashes = Hashes(("md5", "sha1", "sha256", "sha512"))
    for part in (b"a", b"bc"):
        hashes.update(memoryview(part))

    found = hashes.digests()

    assert found["md5"] == "900150983cd24fb0d6963f7d28e17f72"  # RFC 1321, A.5
    assert found["sha1"] == "a9993e364706816aba3e25717850c26c9cd0d89d"  # RFC 3174, 7.3
    assert found["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180
    assert found["sha512"].startswith("ddaf35a193617abacc417349ae204131")


@given(st.lists(st.binary() | st.integers() | st.text()), st.integers(1, 50))
def test_messages_survive_any_cut_of_the_stream(messages: list[object], size: int) -> None:
    stream = b"".join(frame(message) for message in messages)
    reader = FrameReader()

    received = [
        message
        for start in range(0, len(stream), size)
        for message in reader.feed(stream[start : start + size])
    ]

    assert received == messages


def test_what_is_missing_has_a_word_for_each_side() -> None:
    assert word_for(errno.ENOENT, Side.SOURCE) == "vanished"
    assert word_for(errno.ENOENT, Side.DESTINATION) == "missing"


@given(st.integers(1, 140))
def test_every_error_number_has_a_stable_word(code: int) -> None:
    expected = {*WORDS.values(), "vanished", "other"}

    with pytest.raises(AttemptFailed) as caught, Blame(Stage.READ, Side.SOURCE):
        raise OSError(code, "")
    report = caught.value.report(TRANSFER)
    assert report.error in expected
    assert report.errno == code
    assert report.message


def test_blame_leaves_other_errors_alone() -> None:
    with pytest.raises(KeyError), Blame(Stage.READ, Side.SOURCE):
        raise KeyError
