"""Turns that a run takes rarely: each is a decision, and each is looked at here on its own."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from custody.domain.audit import claims
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import RawRecord
from custody.domain.copying.reports import ReadBack, Report
from custody.domain.errors import DestinationFailed, Refused
from custody.domain.events import CopyReverified, FileFailed, FileSkipped, FileVerified, Nanoseconds
from custody.domain.identifiers import JobId, Position, Stream
from custody.domain.paths import RawPath
from custody.domain.ports import Destination
from custody.domain.use_cases.acquisition import own_folders, proofs
from custody.domain.use_cases.acquisition.copy_files import FileCopier
from custody.domain.use_cases.acquisition.finish_folders import FolderFinisher
from custody.domain.use_cases.acquisition.inventory import InventoryTaker
from custody.domain.use_cases.acquisition.own_copies import publication
from custody.domain.use_cases.batches.run_batch import resume
from custody.domain.use_cases.verification import verify_copies
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.workbench import Workbench

JOB = JobId(UUID(int=1))
PATH = RawPath(b"d/x")
SHA256 = {"sha256": "00"}
VERIFIED = FileVerified(path=PATH, size=1, digests=SHA256, read_back="direct")


class RefusingDestination:
    """A destination where something else stands in the way."""

    def __init__(self) -> None:
        self.finished: list[bytes] = []

    def standing(self, path: bytes) -> None:
        raise Refused("a file stands where a folder should be")

    def finish_folder(self, path: bytes, **_facts: object) -> None:
        self.finished.append(path)


def a(thing: object) -> Any:
    return cast("Any", thing)


@pytest.mark.parametrize("entry", [None, b"no envelope"])
def test_an_entry_that_cannot_be_read_again_gives_nothing_to_a_claim(entry: object) -> None:
    record = RawRecord(position=3, entry=entry)
    earlier = SimpleNamespace(records_before=lambda *_: [record])
    check = claims.ClaimCheck(Findings(), a(earlier))

    assert claims.read_again(record) == (None, None)
    assert check._copy_of(a(SimpleNamespace(stream=Stream("file", UUID(int=2)), revision=4))) is None


def test_a_stream_without_a_beginning_has_no_copy_under_way() -> None:
    check = claims.ClaimCheck(Findings(), a(SimpleNamespace(records_before=lambda *_: [])))

    assert check._copy_of(a(SimpleNamespace(stream=Stream("file", UUID(int=2)), revision=4))) is None


def test_a_temporary_file_that_the_destination_keeps_halts_the_job() -> None:
    def refuse(*_: object) -> None:
        raise DestinationFailed("read-only file system")

    site = SimpleNamespace(destination=SimpleNamespace(remove_temporary=refuse))
    copier = FileCopier(a(SimpleNamespace(settings=RunSettings())), a(site), a(None), a(None))
    row = SimpleNamespace(state="failed", temporary=b"t", path=b"p")

    assert list(copier._windows([a(row)])) == []
    assert copier.halted == "read-only file system"


def test_a_folder_that_is_none_any_more_is_not_reopened() -> None:
    destination = RefusingDestination()
    finisher = object.__new__(FolderFinisher)
    finisher._site = a(SimpleNamespace(destination=destination))

    finisher._reopen(a(SimpleNamespace(path=b"d", mode=0o500, mtime_ns=0)))
    finisher._site = a(SimpleNamespace(destination=SimpleNamespace(standing=lambda _: None)))
    finisher._reopen(a(SimpleNamespace(path=b"d", mode=0o500, mtime_ns=0)))

    assert destination.finished == []


def test_a_proof_whose_copy_cannot_be_looked_at_proves_nothing() -> None:
    taker = object.__new__(InventoryTaker)
    taker._site = a(SimpleNamespace(destination=RefusingDestination()))

    assert taker._standing(PATH) is None


def test_a_later_pass_does_not_make_a_copy_less_ours() -> None:
    passed = CopyReverified(path=PATH, size=1, digests=SHA256, read_back="direct")

    life = publication([a(SimpleNamespace(event=event)) for event in (VERIFIED, passed)])

    assert (life.ours, life.announced) == (True, False)


@pytest.mark.parametrize(("kind", "ours"), [("file", False), ("link", True)])
def test_a_folder_that_holds_a_file_nobody_knows_is_not_ours(kind: str, ours: bool) -> None:
    def names(_path: bytes) -> Iterator[bytes]:
        yield b"x"

    destination = SimpleNamespace(names=names, standing=lambda _: SimpleNamespace(kind=kind))
    site = SimpleNamespace(resumed=True, id=JOB, destination=destination)
    model = SimpleNamespace(find=lambda _: {})

    assert own_folders.made_before_interruption(a(model), a(site), RawPath(b"d")) is ours


def test_a_skip_that_cites_another_entry_is_no_proof_itself() -> None:
    hearsay = FileSkipped(
        job=JOB, run=2, path=PATH, source=RawPath(b"/s"), size=1, mtime_ns=Nanoseconds(0),
        ctime_ns=Nanoseconds(0), reason="verified-before", cites=Position(3), digests=SHA256,
    )  # fmt: skip
    row = SimpleNamespace(proved=Position(9), copy_size=1, digests=SHA256)
    ledger = SimpleNamespace(vouched=lambda _: {Position(9): SimpleNamespace(event=hearsay)})

    assert proofs.signed_proofs(a(ledger), {RawPath(b"/o/d/x"): a(row)}) == {}


def test_a_file_without_a_claim_of_its_flush_has_no_signed_claim() -> None:
    assert not proofs.is_signed_claim(a(None), [], a(None))


def test_a_verified_copy_of_another_size_is_refused_on_resume(bench: Workbench) -> None:
    bench.settings = RunSettings(window_files=1, drain_seconds=0)
    for name in "abc":
        bench.write(name)
    seen: list[Report] = []

    def stop_at_the_first(report: Report) -> None:
        if isinstance(report, ReadBack):
            seen.append(report)
            bench.stop.signal = "SIGINT"

    bench.hook = stop_at_the_first
    bench.run()
    bench.stop.signal, bench.hook = None, lambda report: None
    bench.new_lane()
    copy = bench.destination / "source/a"
    copy.write_bytes(b"of another size")

    resume(bench.workshop(), bench.last_batch)

    (failure,) = bench.events(FileFailed)
    assert isinstance(failure, FileFailed)
    assert (failure.path, failure.error) == (b"source/a", "copy-changed")
    assert copy.read_bytes() == b"of another size"


def test_a_destination_that_fails_when_opened_halts_only_its_own_jobs(
    bench: Workbench, tmp_path: Path
) -> None:
    bench.write("a")
    other = tmp_path / "other-source"
    other.mkdir()
    (other / "b").write_bytes(b"b")

    def fail(destination: Destination) -> Destination:
        destination.close()
        raise DestinationFailed("the medium is gone")

    bench.around_destination = fail
    result = bench.run(bench.plan(bench.job("one"), bench.job("two", sources=[other])))

    assert (result.status, result.halt_reason) == ("halted", "the medium is gone")
    assert [job.files.verified for job in result.jobs] == [0, 0]


def test_a_folder_of_two_jobs_is_listed_once() -> None:
    reading = object.__new__(verify_copies._Pass)
    reading._listed = set()
    reading._journal = None
    listed: list[bytes] = []
    reading._list = a(lambda _finding, copy, _message: listed.append(copy))
    finding = SimpleNamespace(finding="missing", message="gone")

    for _ in range(2):
        reading._take_finding(a(None), a(finding), RawPath(b"/o/sub"))

    assert listed == [b"/o/sub"]


def test_a_folder_that_holds_only_an_empty_folder_is_ours() -> None:
    inside = {b"d": [b"x"], b"d/x": []}
    destination = SimpleNamespace(
        names=lambda path: iter(inside[bytes(path)]), standing=lambda _: SimpleNamespace(kind="directory")
    )
    site = SimpleNamespace(resumed=True, id=JOB, destination=destination)

    assert own_folders.made_before_interruption(a(SimpleNamespace(find=lambda _: {})), a(site), RawPath(b"d"))


class WithinItsSource:
    """A destination that is shown in the source under another name."""

    def __init__(self, real: Destination, met: Path) -> None:
        self._real = real
        self._met = met.stat()

    @property
    def lineage(self) -> frozenset[tuple[int, int]]:
        return frozenset({(self._met.st_dev, self._met.st_ino)})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_walk_that_meets_the_destination_refuses_before_it_makes_anything(bench: Workbench) -> None:
    bench.write("d/a")
    bench.around_destination = lambda real: a(WithinItsSource(real, bench.source / "d"))
    result = bench.run()

    assert (result.status, result.obstacle) == ("incomplete", "refused")
    assert "lies inside the source, at source/d" in (result.halt_reason or "")
    assert list(bench.destination.iterdir()) == []
