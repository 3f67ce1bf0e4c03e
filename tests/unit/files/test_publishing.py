import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.copying.reports import Advanced, Flushed, ReadBack, Side, Stage
from custody.infrastructure.files.engine import CopyEngine
from tests.faults.evidence import FILES, contents, item_for, items_for, make_destination, state_of
from tests.unit.files.engine_runs import TMPFS, ChangedCalls, copy, of_kind, only_failure, refusing

CAMERA = b"case/clips/cam01.mov"
RENAME_REFUSED = [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM]


@pytest.fixture
def item(source: Path, destination: Path) -> CopyItem:
    return item_for(source, destination, CAMERA)


def test_a_copy_has_content_times_and_mode_of_its_source(source: Path, destination: Path) -> None:
    copy(*items_for(source, destination))

    atime_ns = os.stat(destination / "case" / "clips" / "cam01.mov").st_atime_ns  # before this test reads it
    assert atime_ns == 1_600_000_000_123_456_789
    assert state_of(destination) == state_of(source)


@pytest.mark.parametrize(("mode", "kept"), [(0o7755, 0o755), (0o000, 0o400), (0o604, 0o604)])
def test_special_bits_are_not_set_and_the_owner_may_read(
    destination: Path, item: CopyItem, mode: int, kept: int
) -> None:
    copy(replace(item, mode=mode))

    assert os.stat(destination / "case" / "clips" / "cam01.mov").st_mode & 0o7777 == kept


@pytest.mark.parametrize("refusal", [0, *RENAME_REFUSED])
def test_an_existing_file_is_never_replaced(destination: Path, item: CopyItem, refusal: int) -> None:
    (destination / "case" / "clips" / "cam01.mov").write_bytes(b"other evidence")
    calls = ChangedCalls(rename_noreplace=refusing(refusal)) if refusal else ChangedCalls()

    failure = only_failure(copy(item, calls=calls))

    assert (failure.error, failure.side, failure.stage) == ("collision", Side.DESTINATION, Stage.PUBLISH)
    assert not failure.transient
    assert contents(destination) == {CAMERA: b"other evidence"}


@pytest.mark.parametrize("refusal", RENAME_REFUSED)
def test_where_renaming_could_replace_a_link_publishes(
    destination: Path, item: CopyItem, refusal: int
) -> None:
    calls = ChangedCalls(rename_noreplace=refusing(refusal))

    assert of_kind(ReadBack, copy(item, calls=calls))
    assert contents(destination) == {CAMERA: FILES[CAMERA]}


def test_where_neither_is_possible_the_file_fails(destination: Path, item: CopyItem) -> None:
    calls = ChangedCalls(rename_noreplace=refusing(errno.EINVAL), link=refusing(errno.EPERM))

    assert only_failure(copy(item, calls=calls)).error == "permission-denied"
    assert contents(destination) == {}


def test_a_link_whose_first_name_stays_is_taken_back(destination: Path, item: CopyItem) -> None:
    unlinked = []

    def unlink(real: Any, name: bytes, **named: Any) -> None:
        unlinked.append(name)
        if len(unlinked) <= 2:
            raise OSError(errno.EIO, "Input/output error")
        real(name, **named)

    calls = ChangedCalls(rename_noreplace=refusing(errno.EINVAL), unlink=unlink)

    assert only_failure(copy(item, calls=calls)).error == "io-error"
    assert contents(destination) == {}


def test_a_rename_that_was_carried_out_in_spite_of_its_error_is_taken_as_done(
    destination: Path, item: CopyItem
) -> None:
    def rename(real: Any, *arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        raise OSError(errno.EIO, "the answer was lost")

    reports = copy(item, calls=ChangedCalls(rename_noreplace=rename))

    assert of_kind(ReadBack, reports)
    assert contents(destination) == {CAMERA: FILES[CAMERA]}


def test_a_leftover_under_the_temporary_name_is_not_written_to(destination: Path, item: CopyItem) -> None:
    leftover = os.path.join(os.fsencode(destination), b"case/clips", item.temporary)
    with open(leftover, "wb") as opened:
        opened.write(b"of another run")

    failure = only_failure(copy(item))

    assert (failure.stage, failure.error) == (Stage.WRITE, "collision")
    with open(leftover, "rb") as opened:
        assert opened.read() == b"of another run"


@pytest.mark.parametrize("name", [b"", b"../x", b"a/b"])
def test_a_temporary_name_is_a_bare_name(item: CopyItem, name: bytes) -> None:
    assert only_failure(copy(replace(item, temporary=name))).error == "unsafe-path"


def test_a_folder_exchanged_for_a_link_is_not_written_through(
    tmp_path: Path, destination: Path, item: CopyItem
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (destination / "case" / "clips").rmdir()
    (destination / "case" / "clips").symlink_to(tmp_path / "elsewhere")

    assert only_failure(copy(item)).error == "unsafe-path"
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_failed_flush_is_not_tried_again_and_its_file_is_discarded(
    destination: Path, item: CopyItem
) -> None:
    calls = ChangedCalls(fsync=refusing(errno.EIO))

    failure = only_failure(copy(item, calls=calls))

    assert (failure.stage, failure.side, failure.error) == (Stage.FLUSH, Side.DESTINATION, "io-error")
    assert calls.trace.count("fsync") == 0
    assert contents(destination) == {}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing(destination: Path, item: CopyItem, code: int) -> None:
    failure = only_failure(copy(item, calls=ChangedCalls(write=refusing(code))))

    assert (failure.error, failure.errno, failure.side) == ("no-space", code, Side.DESTINATION)
    assert contents(destination) == {}


def test_a_disk_that_takes_nothing_is_not_asked_for_ever(item: CopyItem) -> None:
    failure = only_failure(copy(item, calls=ChangedCalls(write=lambda real, fd, data: 0)))

    assert (failure.error, failure.stage) == ("io-error", Stage.WRITE)


def test_an_error_at_close_discards_the_file(destination: Path, item: CopyItem) -> None:
    written = set()

    def write(real: Any, fd: int, data: Any) -> int:
        written.add(fd)
        return real(fd, data)

    def close(real: Any, fd: int) -> None:
        real(fd)
        if fd in written:
            written.clear()
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    failure = only_failure(copy(item, calls=ChangedCalls(write=write, close=close)))

    assert (failure.error, failure.stage) == ("no-space", Stage.FLUSH)
    assert contents(destination) == {}


@pytest.mark.parametrize(("filesystem", "succeeds"), [(0x2011BAB0, True), (0xEF53, False)])
def test_a_mode_is_left_out_only_where_the_file_system_keeps_none(
    destination: Path, item: CopyItem, filesystem: int, succeeds: bool
) -> None:
    calls = ChangedCalls(fchmod=refusing(errno.EPERM), filesystem=filesystem)

    assert bool(of_kind(ReadBack, copy(item, calls=calls))) is succeeds


def test_memory_that_runs_out_fails_one_file(source: Path, destination: Path) -> None:
    writes = []

    def write(real: Any, fd: int, data: Any) -> int:
        writes.append(fd)
        if len(writes) == 1:
            raise MemoryError
        return real(fd, data)

    reports = copy(*items_for(source, destination), calls=ChangedCalls(write=write))

    failure = only_failure(reports)
    assert (failure.error, failure.transient) == ("out-of-memory", True)
    assert len(of_kind(ReadBack, reports)) == len(FILES) - 1


def test_a_name_too_long_fails_one_file(source: Path, destination: Path) -> None:
    def open_short(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT and path.startswith(b".custody"):
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        return real(path, flags, *more, **named)

    item = item_for(source, destination, CAMERA)

    assert only_failure(copy(item, calls=ChangedCalls(open=open_short))).error == "name-too-long"


def test_large_files_are_flushed_on_the_way(source: Path, destination: Path) -> None:
    big = source / "case" / "big"
    with open(big, "wb") as opened:
        opened.truncate(150 << 20)
    calls = ChangedCalls()

    reports = copy(item_for(source, destination, b"case/big"), calls=calls)

    assert calls.trace.count("fdatasync") == 3
    told = {"copy": 0, "flush": 0, "read back": 0}
    for report in of_kind(Advanced, reports):
        told[report.phase] += report.size
    assert told == dict.fromkeys(told, 150 << 20)


def test_in_a_shared_flush_no_file_is_flushed_alone(source: Path, destination: Path) -> None:
    calls = ChangedCalls()
    copy(*items_for(source, destination), calls=calls, share_from=1)

    assert calls.trace.count("syncfs") == 2
    assert "fsync" not in calls.trace


@pytest.mark.parametrize("filesystem", [TMPFS, 0x6969, 0x65735546])
def test_elsewhere_each_file_and_each_folder_is_flushed(
    source: Path, destination: Path, filesystem: int
) -> None:
    calls = ChangedCalls(filesystem=filesystem)
    copy(*items_for(source, destination), calls=calls, share_from=1)

    assert "syncfs" not in calls.trace
    assert calls.trace.count("fsync") == len(FILES) + 2


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failed_shared_flush_discards_the_window_and_writes_it_anew(
    source: Path, destination: Path, failing: int
) -> None:
    flushes = []

    def syncfs(real: Any, fd: int) -> None:
        flushes.append(fd)
        if len(flushes) == failing:
            raise OSError(errno.EIO, "Input/output error")

    calls = ChangedCalls(syncfs=syncfs)
    reports = copy(*items_for(source, destination), calls=calls, share_from=1)

    assert len(flushes) == failing
    assert len(of_kind(Flushed, reports)) == len(of_kind(ReadBack, reports)) == len(FILES)
    assert calls.trace.count("fsync") == 2 * len(FILES)
    assert calls.trace.count("write") == 2 * len([c for c in FILES.values() if c])
    assert contents(destination) == FILES


def test_a_file_on_another_file_system_is_flushed_by_itself(source: Path, destination: Path) -> None:
    def fstat(real: Any, fd: int) -> Any:
        found = real(fd)
        if not os.readlink(f"/proc/self/fd/{fd}").endswith(".part"):
            return found
        values = list(found)
        values[2] = 1  # st_dev
        return os.stat_result(values, {"st_mtime_ns": found.st_mtime_ns, "st_ctime_ns": found.st_ctime_ns})

    calls = ChangedCalls(fstat=fstat)
    reports = copy(item_for(source, destination, CAMERA), calls=calls, share_from=1)

    assert len(of_kind(Flushed, reports)) == 1
    assert calls.trace.count("fsync") == 2


def test_a_failed_folder_flush_takes_its_files_back(source: Path, destination: Path) -> None:
    flushes = []

    def fsync(real: Any, fd: int) -> None:
        flushes.append(fd)
        if len(flushes) == len(FILES) + 1:  # the first folder, after all files
            raise OSError(errno.EIO, "Input/output error")

    reports = copy(*items_for(source, destination), calls=ChangedCalls(fsync=fsync))

    proved = {item.path for item in items_for(source, destination)} & set(contents(destination))
    assert len(of_kind(ReadBack, reports)) == len(proved)
    assert 0 < len(proved) < len(FILES)


def test_a_destination_exchanged_under_way_is_not_written_to(
    tmp_path: Path, source: Path, destination: Path
) -> None:
    items = items_for(source, destination)
    opened = []

    def open_failing_once(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            opened.append(path)
            if len(opened) == 1:
                destination.rename(tmp_path / "moved")
                (destination / "case" / "clips").mkdir(parents=True)
                raise OSError(errno.EIO, "Input/output error")
        return real(path, flags, *more, **named)

    reports = copy(*items, calls=ChangedCalls(open=open_failing_once))

    assert not of_kind(Flushed, reports)
    assert contents(destination) == {}


def exchange(folder: Path) -> None:
    folder.rename(folder.with_name("the-locked-one"))
    make_destination(folder)


@pytest.mark.parametrize("operation", [Operation.COPY, Operation.ADOPT, Operation.READ_BACK])
def test_a_destination_exchanged_after_it_was_locked_is_not_written(
    source: Path, destination: Path, item: CopyItem, operation: Operation
) -> None:
    locked = os.stat(destination)
    exchange(destination)
    (destination / "case" / "clips" / "cam01.mov").write_bytes(b"of somebody else")
    before = state_of(destination)
    changed = replace(
        item,
        operation=operation,
        destination_identity=(locked.st_dev, locked.st_ino),
        expected={"sha256": "00"},
        set_aside=True,
    )

    failure = only_failure(copy(changed))

    assert (failure.errno, failure.side, failure.moved_to) == (errno.ESTALE, Side.DESTINATION, None)
    assert state_of(destination) == before


def test_a_lane_follows_its_destination_to_another_folder_only_when_told(
    source: Path, destination: Path, item: CopyItem
) -> None:
    engine = CopyEngine(ChangedCalls())  # type: ignore[arg-type]
    first = os.stat(destination)
    known = replace(item, destination_identity=(first.st_dev, first.st_ino))
    assert of_kind(ReadBack, list(engine.work(Window((known,)))))
    exchange(destination)
    now = os.stat(destination)

    told = replace(item, destination_identity=(now.st_dev, now.st_ino))
    assert of_kind(ReadBack, list(engine.work(Window((told,)))))
    engine.close()
