"""The threads of large files, forced on small ones with small steps."""

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.copying.reports import Advanced, Failed, Flushed, Marked, ReadBack, Report, Side, Stage
from custody.infrastructure.files.arena import Arena
from custody.infrastructure.files.crew import Durable, Prefix
from custody.infrastructure.files.engine import CopyEngine
from custody.infrastructure.files.marks import Marks
from tests.faults.evidence import ALGORITHMS, FILES, contents, item_for, items_for, state_of
from tests.faults.faulty_calls import FaultyCalls
from tests.faults.large_files import CAMERA, TINY, mark_of
from tests.unit.files.engine_runs import (
    TMPFS,
    ChangedCalls,
    copy,
    of_kind,
    only_failure,
    refusing,
    without_direct,
)

CONTENT = FILES[CAMERA]


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA)


def large(*items: CopyItem, calls: FaultyCalls | None = None) -> list[Report]:
    return copy(*items, calls=calls, large=TINY)


def at_destination(fd: int) -> bool:
    return "/destination" in os.readlink(f"/proc/self/fd/{fd}")


def only_there(call: Callable[..., Any], *, there: bool = True) -> Callable[..., Any]:
    """The replacement for the reads of one side only."""

    def chosen(real: Any, fd: int, *rest: Any) -> Any:
        return call(real, fd, *rest) if at_destination(fd) is there else real(fd, *rest)

    return chosen


def flip(real: Any, fd: int, buffers: Any) -> int:
    read = real(fd, buffers)
    if read:
        buffers[0][read // 2] ^= 1
    return read


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 8192, 8193, 32_768, 65_536, 65_537, 131_072, 200_000])
def test_a_large_file_of_any_size_is_copied_and_proved(source: Path, destination: Path, size: int) -> None:
    (source / "case" / "odd").write_bytes(CONTENT[:size])
    item = item_for(source, destination, b"case/odd")

    reports = large(item)

    (flushed,), (proof,) = of_kind(Flushed, reports), of_kind(ReadBack, reports)
    assert contents(destination) == {b"case/odd": CONTENT[:size]}
    assert proof.size == flushed.size == size
    assert proof.digests == flushed.digests == mark_of(CONTENT, size).digests
    assert reports.index(flushed) < reports.index(proof)


def test_a_large_copy_has_the_times_and_the_mode_of_its_source(
    source: Path, destination: Path, item: CopyItem
) -> None:
    large(item)

    assert state_of(destination) == {CAMERA: state_of(source)[CAMERA]}


def test_large_and_small_files_of_a_window_are_all_proved(source: Path, destination: Path) -> None:
    mixed = replace(TINY, threshold=100_000)

    reports = copy(*items_for(source, destination), large=mixed, share_from=1)

    assert len(of_kind(ReadBack, reports)) == len(FILES)
    assert contents(destination) == FILES


@pytest.mark.parametrize(
    ("replaced", "filesystem", "method"),
    [
        ({}, 0xEF53, "direct"),
        ({"open": without_direct}, 0xEF53, "dropped"),
        ({"open": without_direct, "fadvise": refusing(errno.EINVAL)}, 0xEF53, "cached"),
        ({"set_status_flags": refusing(errno.EINVAL)}, 0xEF53, "direct"),
        ({}, TMPFS, "cached"),
    ],
)
def test_the_method_says_how_far_the_cache_was_left_out(
    source: Path, destination: Path, replaced: dict[str, Any], filesystem: int, method: str
) -> None:
    (source / "case" / "whole").write_bytes(CONTENT[:196_608])  # whole blocks: nothing need leave O_DIRECT
    item = item_for(source, destination, b"case/whole")

    (proof,) = of_kind(ReadBack, large(item, calls=ChangedCalls(filesystem=filesystem, **replaced)))

    assert proof.method == method


def test_nothing_is_read_back_before_it_was_flushed(item: CopyItem) -> None:
    written, flushed, read, early = 0, 0, 0, []

    def write(real: Any, fd: int, data: Any) -> int:
        nonlocal written
        done = real(fd, data)
        written += done
        return done

    def fdatasync(real: Any, fd: int) -> None:
        nonlocal flushed
        promised = written
        real(fd)
        flushed = promised

    def readv(real: Any, fd: int, buffers: Any) -> int:
        nonlocal read
        known = flushed
        done = real(fd, buffers)
        read += done
        if read > known:
            early.append((read, known))
        return done

    calls = ChangedCalls(write=write, fdatasync=fdatasync, readv=only_there(readv))
    large(item, calls=calls)

    assert read == written == len(CONTENT)
    assert early == []


@pytest.mark.parametrize("algorithms", [("sha256",), ALGORITHMS])
def test_marks_are_told_of_durable_prefixes(item: CopyItem, algorithms: tuple[str, ...]) -> None:
    reports = large(replace(item, algorithms=algorithms))

    marks = of_kind(Marked, reports)
    assert [mark.size for mark in marks] == [65_536, 131_072, 196_608]
    for mark in marks:
        assert mark.digests == {
            name: hashlib.new(name, CONTENT[: mark.size]).hexdigest() for name in algorithms
        }


def test_a_mark_waits_for_its_flush_and_for_every_digest(item: CopyItem) -> None:
    marks = Marks(item)
    steps = [
        *(Prefix(100, "md5", "a"), Prefix(100, "sha256", "b"), Durable(99)),
        *(Durable(100), Durable(300), Prefix(200, "sha256", "d"), Prefix(200, "md5", "c")),
    ]

    assert [[mark.size for mark in marks.after(step)] for step in steps] == [[], [], [], [100], [], [], [200]]


def test_no_mark_is_told_when_the_flush_fails(destination: Path, item: CopyItem) -> None:
    calls = ChangedCalls(fdatasync=refusing(errno.EIO))

    reports = large(item, calls=calls)

    failure = only_failure(reports)
    assert (failure.stage, failure.side, failure.error) == (Stage.FLUSH, Side.DESTINATION, "io-error")
    assert of_kind(Marked, reports) == []
    assert contents(destination) == {}


def test_a_failed_flush_is_never_tried_again(item: CopyItem) -> None:
    tried = []

    def fdatasync(real: Any, fd: int) -> None:
        tried.append(fd)
        raise OSError(errno.EIO, "Input/output error")

    large(item, calls=ChangedCalls(fdatasync=fdatasync))

    assert len(tried) == 1


def test_both_phases_are_told_and_add_up(item: CopyItem) -> None:
    told = {"copy": 0, "flush": 0, "read back": 0}
    for report in of_kind(Advanced, large(item)):
        told[report.phase] += report.size

    assert told == {"copy": item.size, "flush": item.size, "read back": item.size}


def test_a_copy_that_differs_is_reported_with_what_was_found_and_leaves_nothing(
    destination: Path, item: CopyItem
) -> None:
    reports = large(item, calls=ChangedCalls(readv=only_there(flip)))

    failure = only_failure(reports)
    assert (failure.error, failure.differs, failure.stage, failure.side, failure.transient) == (
        *("read-back-differs", True, Stage.READ_BACK, Side.DESTINATION, False),
    )
    assert failure.found_size == item.size
    assert failure.found_digests is not None
    assert failure.found_digests != mark_of(CONTENT, item.size).digests
    assert failure.moved_to is None
    assert of_kind(Flushed, reports) == []
    assert contents(destination) == {}


@pytest.mark.parametrize(("code", "transient"), [(errno.EIO, True), (errno.EACCES, True)])
def test_a_copy_that_cannot_be_read_back_leaves_nothing(
    destination: Path, item: CopyItem, code: int, transient: bool
) -> None:
    failure = only_failure(large(item, calls=ChangedCalls(readv=only_there(lambda *_: refuse(code)))))

    assert (failure.stage, failure.errno, failure.transient) == (Stage.READ_BACK, code, transient)
    assert contents(destination) == {}


def refuse(code: int) -> int:
    raise OSError(code, os.strerror(code))


def test_a_source_that_cannot_be_read_is_told_with_the_offset(destination: Path, item: CopyItem) -> None:
    passed = 0

    def readv(real: Any, fd: int, buffers: Any) -> int:
        nonlocal passed
        if passed >= 100_000:
            refuse(errno.EIO)
        read = real(fd, buffers)
        passed += read
        return read

    failure = only_failure(large(item, calls=ChangedCalls(readv=only_there(readv, there=False))))

    assert (failure.stage, failure.side, failure.errno, failure.offset) == (
        *(Stage.READ, Side.SOURCE, errno.EIO, 106_496),
    )
    assert contents(destination) == {}


@pytest.mark.parametrize("error", ["grew", "truncated"])
def test_a_source_of_another_size_than_it_said_is_not_copied(
    source: Path, destination: Path, item: CopyItem, error: str
) -> None:
    camera = source / os.fsdecode(CAMERA)

    def readv(real: Any, fd: int, buffers: Any) -> int:
        os.truncate(camera, 150_000 if error == "truncated" else 300_000)
        return real(fd, buffers)

    failure = only_failure(large(item, calls=ChangedCalls(readv=only_there(readv, there=False))))

    assert (failure.error, failure.side, failure.transient) == (error, Side.SOURCE, True)
    assert contents(destination) == {}


def test_a_source_that_changes_meanwhile_is_not_copied(
    source: Path, destination: Path, item: CopyItem
) -> None:
    def fdatasync(real: Any, fd: int) -> None:
        os.utime(source / os.fsdecode(CAMERA))

    failure = only_failure(large(item, calls=ChangedCalls(fdatasync=fdatasync)))

    assert (failure.error, failure.side) == ("changed", Side.SOURCE)
    assert contents(destination) == {}


@pytest.mark.parametrize("step", [4096, 10_000])
def test_short_reads_and_writes_go_on(destination: Path, item: CopyItem, step: int) -> None:
    calls = ChangedCalls(
        readv=lambda real, fd, buffers: real(fd, (buffers[0][:step],)),
        write=lambda real, fd, data: real(fd, data[:step]),
    )

    (proof,) = of_kind(ReadBack, large(item, calls=calls))

    assert proof.digests == mark_of(CONTENT, item.size).digests
    assert contents(destination) == {CAMERA: CONTENT}


def test_direct_use_that_is_refused_late_goes_on_without(destination: Path, item: CopyItem) -> None:
    def when_direct(real: Any, fd: int, *rest: Any) -> Any:
        if calls.status_flags(fd) & os.O_DIRECT:
            refuse(errno.EINVAL)
        return real(fd, *rest)

    calls = ChangedCalls(readv=when_direct, write=when_direct)
    (proof,) = of_kind(ReadBack, large(item, calls=calls))

    assert proof.method == "dropped"
    assert contents(destination) == {CAMERA: CONTENT}


def test_a_source_read_through_the_cache_is_not_left_in_it(
    item: CopyItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = []

    def fadvise(real: Any, fd: int, offset: int, length: int, advice: int) -> None:
        dropped.append((offset, length, advice))

    monkeypatch.setattr("custody.infrastructure.files.direct_io.DROP_EVERY_BYTES", 65_536)
    calls = ChangedCalls(open=without_direct, fadvise=only_there(fadvise, there=False))
    large(item, calls=calls)

    assert [(offset, length) for offset, length, _ in dropped] == [
        *((0, 65_536), (65_536, 65_536), (131_072, 65_536)),
    ]
    assert {advice for *_, advice in dropped} == {os.POSIX_FADV_DONTNEED}


@pytest.mark.parametrize("instead", ["nothing", "file", "longer"])
def test_what_was_exchanged_after_the_read_back_is_never_proved(
    destination: Path, item: CopyItem, instead: str
) -> None:
    place = destination / os.fsdecode(CAMERA)

    def rename(real: Any, old: bytes, new: bytes, **named: Any) -> None:
        real(old, new, **named)
        match instead:
            case "nothing":
                place.unlink()
            case "file":
                place.unlink()
                place.write_bytes(CONTENT)
            case "longer":
                with place.open("ab") as opened:
                    opened.write(b"!")

    reports = large(item, calls=ChangedCalls(rename_noreplace=rename))

    assert only_failure(reports).stage is Stage.READ_BACK
    assert of_kind(ReadBack, reports) == []


def test_a_temporary_file_that_was_exchanged_is_noticed(destination: Path, item: CopyItem) -> None:
    def opened(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if path == item.temporary and not flags & os.O_CREAT:
            temporary = destination / "case" / "clips" / os.fsdecode(path)
            temporary.unlink()
            temporary.write_bytes(CONTENT)
        return real(path, flags, *more, **named)

    failure = only_failure(large(item, calls=ChangedCalls(open=opened)))

    assert (failure.stage, failure.error, failure.transient) == (Stage.READ_BACK, "changed", True)
    assert contents(destination) == {}


@pytest.mark.parametrize("damaged", [False, True])
def test_a_large_copy_is_read_again_later(destination: Path, item: CopyItem, damaged: bool) -> None:
    (proof,) = of_kind(ReadBack, large(item))
    if damaged:
        with open(destination / os.fsdecode(CAMERA), "r+b") as opened:
            opened.seek(150_000)
            opened.write(b"??")
    again = replace(item, operation=Operation.READ_BACK, expected=proof.digests, temporary=b"")

    (ended,) = of_kind(Failed if damaged else ReadBack, large(again))

    if damaged:
        assert (ended.error, ended.differs, ended.found_size) == ("changed", True, item.size)
    else:
        assert (ended.digests, ended.method) == (proof.digests, "direct")


@pytest.mark.parametrize("equal", [True, False])
def test_a_large_file_that_stands_there_is_adopted_only_when_equal(
    destination: Path, item: CopyItem, equal: bool
) -> None:
    place = destination / os.fsdecode(CAMERA)
    place.write_bytes(CONTENT if equal else CONTENT[:-1] + b"?")
    before = state_of(destination)

    reports = large(replace(item, operation=Operation.ADOPT))

    assert len(of_kind(ReadBack, reports)) == equal
    assert [failure.error for failure in of_kind(Failed, reports)] == ([] if equal else ["collision"])
    assert state_of(destination) == before


class Unforeseen(BaseException):
    pass


@pytest.mark.parametrize("thread", ["source reader", "source writer", "copy reader"])
def test_whatever_is_raised_in_a_thread_is_raised_by_the_engine(
    destination: Path, item: CopyItem, thread: str
) -> None:
    def raise_there(real: Any, *arguments: Any) -> Any:
        if threading.current_thread().name == thread:
            raise Unforeseen
        return real(*arguments)

    before = threading.active_count()
    with pytest.raises(Unforeseen):
        large(item, calls=ChangedCalls(readv=raise_there, write=raise_there))

    assert threading.active_count() == before
    assert contents(destination) == {}


@pytest.mark.parametrize("allowed", range(5))
def test_a_system_that_gives_no_more_threads_fails_the_file_for_now(
    destination: Path, item: CopyItem, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = threading.Thread.start

    def limited(thread: threading.Thread) -> None:
        if len(started) >= allowed:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    before = threading.active_count()
    failure = only_failure(large(item))

    assert (failure.errno, failure.transient) == (errno.EAGAIN, True)
    assert threading.active_count() == before
    assert contents(destination) == {}


def test_no_memory_for_the_blocks_fails_the_file_for_now(
    destination: Path, item: CopyItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(size: int) -> memoryview:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr("custody.infrastructure.files.arena._huge", no_memory)
    failure = only_failure(large(item))

    assert (failure.error, failure.transient) == ("out-of-memory", True)
    assert contents(destination) == {}


@pytest.mark.parametrize(
    ("call", "thread"), [("readv", "source reader"), ("readv", "copy reader"), ("write", "source writer")]
)
def test_a_thread_that_hangs_shows_as_silence_and_not_as_an_end(
    item: CopyItem, call: str, thread: str
) -> None:
    hanging, go_on, reports = threading.Event(), threading.Event(), []

    def hang(real: Any, *arguments: Any) -> Any:
        if threading.current_thread().name == thread:
            hanging.set()
            assert go_on.wait(20)
        return real(*arguments)

    engine = CopyEngine(ChangedCalls(**{call: hang}), large=TINY)  # type: ignore[arg-type]
    working = threading.Thread(target=lambda: reports.extend(engine.work(Window((item,)))))
    working.start()
    assert hanging.wait(20)
    working.join(0.2)
    silent = working.is_alive()
    go_on.set()
    working.join(20)
    engine.close()

    assert silent
    assert len(of_kind(ReadBack, reports)) == 1


def test_work_that_is_broken_off_leaves_no_thread_and_no_file(destination: Path, item: CopyItem) -> None:
    before = threading.active_count()
    engine = CopyEngine(ChangedCalls(), large=TINY)  # type: ignore[arg-type]
    working = engine.work(Window((item,)))
    while not isinstance(next(working), Marked):
        pass
    working.close()  # type: ignore[attr-defined]  # the engine's work is a generator
    engine.close()

    assert threading.active_count() == before
    assert contents(destination) == {}


def test_blocks_lie_apart_and_aligned() -> None:
    arena = Arena(TINY)
    blocks = [*arena.for_copy, *arena.for_read_back]
    for number, block in enumerate(blocks):
        block[:] = bytes([number]) * len(block)

    assert len(blocks) == TINY.copy_blocks + TINY.read_back_blocks
    assert [block[0] for block in blocks] == list(range(len(blocks)))
    assert all(len(block) == TINY.block and len(set(block)) == 1 for block in blocks)
