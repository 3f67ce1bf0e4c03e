"""Small copies of a window are read back while others still come from the device."""

import errno
import os
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Window
from custody.domain.copying.reports import Began, Failed, ReadBack, Report
from custody.infrastructure.files.engine import CopyEngine
from custody.infrastructure.files.file_calls import FileCalls
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from custody.infrastructure.files.reading_ahead import SLOT_BYTES, SLOTS, Fill, Outcome, ReadingThreads
from tests.faults.evidence import item_for
from tests.unit.files.engine_runs import ChangedCalls

COUNT = 3 * SLOTS
SIZES = (1, 4096, 4097, SLOT_BYTES - 4096, SLOT_BYTES - 4095, 3 * SLOT_BYTES)


@pytest.fixture
def items(tmp_path: Path) -> list[CopyItem]:
    (tmp_path / "destination").mkdir()
    (tmp_path / "source").mkdir()
    for number in range(COUNT):
        (tmp_path / "source" / f"{number:03}.bin").write_bytes(os.urandom(SIZES[number % len(SIZES)]))
    names = sorted(os.listdir(os.fsencode(tmp_path / "source")))
    return [item_for(tmp_path / "source", tmp_path / "destination", name) for name in names]


def reports(items: list[CopyItem], calls: FileCalls, helpers: Any) -> list[Report]:
    engine = CopyEngine(calls, helpers=helpers)
    try:
        return list(engine.work(Window(tuple(items))))
    finally:
        engine.close()


def outcomes(found: list[Report]) -> list[tuple[object, type[Report]]]:
    """Each file's, in the order of their ids: what is too large for a slot is not waited with."""
    return sorted(
        ((one.transfer, type(one)) for one in found if isinstance(one, ReadBack | Failed)),
        key=lambda outcome: str(outcome[0]),
    )


def all_read(items: list[CopyItem], *, but: int | None = None) -> list[tuple[object, type[Report]]]:
    found = [(one.transfer, Failed if number == but else ReadBack) for number, one in enumerate(items)]
    return sorted(found, key=lambda outcome: str(outcome[0]))


def test_threads_say_the_same_as_one_after_the_other(items: list[CopyItem]) -> None:
    found = reports(items, LinuxFileCalls(), ReadingThreads())

    assert outcomes(found) == all_read(items)


class Late:
    """Fills nothing before all slots are asked for, and then the last one first."""

    def __init__(self) -> None:
        self.asked: list[tuple[Fill, SimpleQueue[Outcome]]] = []
        self.most = 0

    def begin(self, fill: Fill, done: SimpleQueue[Outcome], /) -> None:
        self.asked.append((fill, done))
        self.most = max(self.most, len(self.asked))
        if len(self.asked) == SLOTS:
            self.fill_all()
        else:
            timer = threading.Timer(2.0, self.fill_all)
            timer.daemon = True
            timer.start()

    def fill_all(self) -> None:
        while self.asked:
            fill, done = self.asked.pop()
            done.put(fill())


def test_as_many_copies_are_under_way_as_there_are_slots_and_none_takes_the_slot_of_another(
    tmp_path: Path, items: list[CopyItem]
) -> None:
    small = [item for item in items if item.size <= SLOT_BYTES - 4096][: 2 * SLOTS]
    late = Late()

    found = reports(small, LinuxFileCalls(), late)

    assert outcomes(found) == all_read(small)
    assert late.most == SLOTS
    for item in small:
        name = os.fsdecode(item.path)
        assert (tmp_path / "destination" / name).read_bytes() == (tmp_path / "source" / name).read_bytes()


def test_each_outcome_comes_behind_the_name_of_its_file(items: list[CopyItem]) -> None:
    found = [
        one for one in reports(items, LinuxFileCalls(), ReadingThreads()) if isinstance(one, Began | ReadBack)
    ]
    ends = [index for index, one in enumerate(found) if isinstance(one, ReadBack)]

    assert len(ends) == COUNT
    assert [found[index - 1] for index in ends] == [Began(found[index].transfer) for index in ends]


@pytest.mark.parametrize("place", [0, 1, SLOTS, COUNT - 1])
def test_one_copy_that_cannot_be_read_fails_alone(items: list[CopyItem], place: int) -> None:
    def readv(real: Any, fd: int, *rest: Any) -> Any:
        name = os.readlink(f"/proc/self/fd/{fd}")
        if f"/destination/{place:03}.bin" in name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, *rest)

    found = reports(items, ChangedCalls(readv=readv), ReadingThreads())

    assert outcomes(found) == all_read(items, but=place)


def test_a_copy_that_changed_under_the_reading_is_told(tmp_path: Path, items: list[CopyItem]) -> None:
    target = tmp_path / "destination" / "001.bin"

    def renamed(real: Any, *given: Any, **named: Any) -> Any:
        result = real(*given, **named)
        if given[1] == b"001.bin":
            content = bytearray(target.read_bytes())
            content[-1] ^= 1
            target.write_bytes(content)
        return result

    found = reports(items, ChangedCalls(rename_noreplace=renamed), ReadingThreads())

    [failed] = [one for one in found if isinstance(one, Failed)]
    assert (failed.transfer, failed.error) == (items[1].transfer, "read-back-differs")


def test_a_copy_that_grew_too_large_for_its_slot_is_still_read_to_its_end(
    tmp_path: Path, items: list[CopyItem]
) -> None:
    target = tmp_path / "destination" / "000.bin"

    def renamed(real: Any, *given: Any, **named: Any) -> Any:
        result = real(*given, **named)
        if given[1] == b"000.bin":
            target.write_bytes(bytes(2 * SLOT_BYTES))
        return result

    found = reports(items, ChangedCalls(rename_noreplace=renamed), ReadingThreads())

    [failed] = [one for one in found if isinstance(one, Failed)]
    assert (failed.transfer, failed.found_size) == (items[0].transfer, 2 * SLOT_BYTES)


def test_without_threads_the_copies_are_read_all_the_same(
    items: list[CopyItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    helpers = ReadingThreads()
    monkeypatch.undo()

    assert outcomes(reports(items, LinuxFileCalls(), helpers)) == all_read(items)
