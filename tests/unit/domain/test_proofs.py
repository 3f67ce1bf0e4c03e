"""What was proved is taken from signed entries; what was refuted is not proved again by being forgotten."""

import errno
import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from custody.domain.copying.reports import ReadBack, Report
from custody.domain.errors import Tampered
from custody.domain.events import BatchCompleted, FileFailed, FileSkipped, FileVerified, JobFailed
from custody.domain.use_cases.batches.run_batch import resume
from custody.domain.use_cases.verification.verify_copies import Scope, verify
from custody.domain.use_cases.workshop import RunSettings
from custody.infrastructure.files.linux_calls import LinuxFileCalls
from tests.fakes.faulty_calls import FaultyCalls, failing
from tests.fakes.workbench import Workbench


def flip(copy: Path) -> bytes:
    """Forge a copy: other content of the same size and time."""
    known, content = copy.stat(), bytearray(copy.read_bytes())
    content[0] ^= 1
    copy.write_bytes(content)
    os.utime(copy, ns=(known.st_atime_ns, known.st_mtime_ns))
    return bytes(content)


def tamper(bench: Workbench, statement: str, *values: object) -> None:
    with sqlite3.connect(bench.paths.database) as database:
        database.execute(statement, values)
    database.close()


def stopping_after(bench: Workbench, count: int) -> Callable[[Report], None]:
    seen: list[Report] = []

    def hook(report: Report) -> None:
        if isinstance(report, ReadBack):
            seen.append(report)
            if len(seen) == count:
                bench.stop.signal = "SIGINT"

    return hook


def go_on(bench: Workbench) -> None:
    bench.stop.signal = None
    bench.hook = lambda report: None


def test_digests_forged_in_the_read_model_are_never_signed(bench: Workbench) -> None:
    bench.write("a.bin")
    bench.run()
    forged = hashlib.sha256(flip(bench.destination / "source/a.bin")).hexdigest()
    tamper(bench, "UPDATE transfers SET digests = ?", f'{{"sha256":"{forged}"}}'.encode())

    again = bench.run()

    assert bench.events(FileSkipped) == []
    assert (again.status, again.failures[0].error) == ("incomplete", "collision")


def test_a_flush_that_nobody_signed_is_not_verified(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1, drain_seconds=0)
    for name in "abc":
        bench.write(name)
    bench.hook = stopping_after(bench, 1)
    bench.run()
    go_on(bench)
    bench.new_lane()
    forged = "UPDATE transfers SET state = 'fsynced', digests = ? WHERE path = ?"
    tamper(bench, forged, b'{"sha256":"00"}', b"source/a")

    with pytest.raises(Tampered, match="source/a"):
        resume(bench.workshop(), bench.last_batch)


def test_a_refutation_in_a_pause_is_not_forgotten(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1, drain_seconds=0, sample_files=0)
    for name in "abcd":
        bench.write(name)
    bench.hook = stopping_after(bench, 2)
    bench.run()
    go_on(bench)
    bench.new_lane()
    flip(bench.destination / "source/a")
    assert verify(bench.workshop(), Scope(), record=True).refuted

    ended = resume(bench.workshop(), bench.last_batch)

    assert ended.status == "incomplete"
    assert [(failure.path, failure.error) for failure in ended.failures] == [(b"source/a", "copy-refuted")]


@pytest.mark.parametrize(
    ("passes", "error", "refuted"),
    [
        (["unreadable"], "copy-unreadable", False),
        (["changed", "unreadable"], "copy-refuted", True),
        (["changed", "good", "unreadable"], "copy-unreadable", False),
    ],
)
def test_a_copy_that_a_pass_could_not_read_is_not_said_to_be_changed_or_gone(
    bench: Workbench, calls: FaultyCalls, passes: list[str], error: str, *, refuted: bool
) -> None:
    bench.settings = RunSettings(window_files=1, drain_seconds=0, sample_files=0)
    for name in "abcd":
        bench.write(name)
    bench.hook = stopping_after(bench, 2)
    bench.run()
    go_on(bench)
    bench.new_lane()
    copy = bench.destination / "source/a"
    for pass_ in passes:
        calls.trouble = failing("open", [b"a"], errno.EACCES) if pass_ == "unreadable" else lambda *_: None
        if pass_ != "unreadable":
            flip(copy)  # to and fro
        verify(bench.workshop(), Scope(), record=True)
    calls.trouble = lambda *_: None

    ended = resume(bench.workshop(), bench.last_batch)

    assert [(failure.path, failure.error) for failure in ended.failures] == [(b"source/a", error)]
    assert ended.refuted is refuted


def test_a_copy_refuted_under_one_job_is_not_proved_by_another(bench: Workbench) -> None:
    bench.write("a")
    bench.run()
    other = bench.plan(bench.job("again"))
    assert bench.run(other).files.skipped == 1
    flip(bench.destination / "source/a")
    assert verify(bench.workshop(), Scope(), record=True).refuted

    assert [bench.run(plan).files.skipped for plan in (bench.plan(), other)] == [0, 0]


class CoarseTimes(LinuxFileCalls):
    """A file system that keeps even seconds, as FAT does."""

    def utime(self, path: int | bytes, /, *, ns: tuple[int, int], **where: object) -> None:
        coarse = tuple(one // 2_000_000_000 * 2_000_000_000 for one in ns)
        super().utime(path, ns=coarse, **where)  # type: ignore[arg-type]  # handed on as they came


def test_coarse_times_at_the_destination_are_no_change(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, calls=CoarseTimes(), settings=RunSettings(window_files=1, drain_seconds=0))
    for name in "abcd":
        bench.write(name, mtime=1_700_000_001)
    bench.hook = stopping_after(bench, 3)
    bench.run()
    go_on(bench)
    bench.new_lane()

    ended = resume(bench.workshop(), bench.last_batch)

    assert (ended.status, ended.files.verified) == ("completed", 4)
    assert bench.events(FileFailed) == []
    bench.close()


def test_a_temporary_file_that_could_not_be_removed_is_removed_later(bench: Workbench) -> None:
    broken = []

    def trouble(call: str, name: bytes) -> int | None:
        if call == "write" and name.startswith(b".custody"):
            broken.append(name)
        return errno.EROFS if broken and call in {"write", "unlink", "link", "rename_noreplace"} else None

    bench.write("d/a")
    bench.calls = FaultyCalls(trouble)
    bench.new_lane()
    bench.run()
    bench.calls = FaultyCalls()
    bench.new_lane()

    ended = bench.run()

    assert ended.status == "completed", bench.events(JobFailed)
    assert os.listdir(bench.destination / "source/d") == ["a"]


def test_a_source_rewritten_with_its_old_time_is_compared_again(bench: Workbench) -> None:
    source = bench.write("a", b"first")
    bench.run()
    known = source.stat()
    source.write_bytes(b"other")
    os.utime(source, ns=(known.st_atime_ns, known.st_mtime_ns))

    again = bench.run()

    assert (again.files.skipped, again.failures[0].error) == (0, "collision")


def test_a_skip_cites_the_entry_that_proved(bench: Workbench) -> None:
    bench.write("a")
    bench.run()
    bench.run()

    (proof,) = [one.position for one in bench.recorded() if isinstance(one.event, FileVerified)]
    (skip,) = bench.events(FileSkipped)
    assert isinstance(skip, FileSkipped)
    assert skip.cites == proof
    last = bench.events(BatchCompleted)[-1]
    assert isinstance(last, BatchCompleted)
    assert not last.incomplete
