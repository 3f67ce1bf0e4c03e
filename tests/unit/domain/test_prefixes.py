"""An interrupted large copy goes on behind its last mark, never on a prefix that is not its file's."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from custody.domain.copying.reports import Marked, Report
from custody.domain.events import FileCopying, FileFailed, FileProgressed, FileResumed, FileVerified
from custody.domain.paths import RawPath
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.prefixes import kept_prefix
from custody.domain.use_cases.acquisition.recovery import Recovery
from custody.domain.use_cases.transfers import Journal, file_stream
from custody.domain.use_cases.workshop import RunSettings
from custody.infrastructure.files.arena import LargeFiles
from tests.fakes.workbench import Workbench, sha256, tree

BLOCK = 4096
MARK = 4 * BLOCK
SMALL_STEPS = LargeFiles(
    threshold=0, block=BLOCK, copy_blocks=3, read_back_blocks=2, flush_every=2 * BLOCK, mark_every=MARK
)
CONTENT = os.urandom(3 * MARK + 77)


class Interruption(BaseException):
    """The process ends here."""


@pytest.fixture
def large(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, large=SMALL_STEPS, settings=RunSettings(retry_pause_seconds=0.0))


def interrupt(bench: Workbench, *, at_mark: int = 2) -> None:
    """Run until the mark was recorded, then leave everything as a dead process would."""
    marks = 0

    def look(report: Report) -> None:
        nonlocal marks
        if marks == at_mark:  # the mark before was heard and recorded
            raise Interruption
        marks += isinstance(report, Marked)

    bench.hook = look
    with pytest.raises(Interruption):
        bench.run()
    bench.hook = lambda _: None


def kept(bench: Workbench) -> Path:
    (temporary,) = (bench.destination / "source").glob(".custody-*.part")
    return temporary


def put_back(bench: Workbench, held: bytes) -> None:
    """Put the temporary file as a power cut would leave it: the engine's own end has removed it."""
    name = os.fsdecode(bench.row(b"source/a").temporary or b"")
    (bench.destination / "source" / name).write_bytes(held)


def test_the_copying_goes_on_behind_the_last_mark(large: Workbench) -> None:
    large.write("a", CONTENT)
    interrupt(large)
    put_back(large, CONTENT[: 2 * MARK] + b"not known to be durable")
    large.new_lane()
    assert large.run().status == "completed"
    assert [(one.size, one.digests) for one in large.events(FileProgressed)[:2]] == [
        (MARK, {"sha256": sha256(CONTENT[:MARK])}),
        (2 * MARK, {"sha256": sha256(CONTENT[: 2 * MARK])}),
    ]
    assert [one.found for one in large.events(FileResumed)] == ["prefix"]
    first, second = large.events(FileCopying)
    assert (first.resumed_at, second.resumed_at) == (None, 2 * MARK)
    assert (second.temporary, second.attempt) == (first.temporary, 2)
    (verified,) = large.events(FileVerified)
    assert (verified.size, verified.digests) == (len(CONTENT), {"sha256": sha256(CONTENT)})
    assert tree(large.destination / "source") == tree(large.source)


def test_a_shorter_file_than_the_mark_says_is_of_no_use(large: Workbench) -> None:
    large.write("a", CONTENT)
    interrupt(large)
    put_back(large, CONTENT[:MARK])
    large.new_lane()
    assert large.run().status == "completed"
    assert [one.found for one in large.events(FileResumed)] == ["temporary"]
    assert tree(large.destination / "source") == tree(large.source)


def test_something_else_under_the_temporary_name_is_of_no_use(large: Workbench) -> None:
    large.write("a", CONTENT)
    interrupt(large)
    put_back(large, CONTENT)
    kept(large).unlink()
    kept_name = large.destination / "source" / os.fsdecode(large.row(b"source/a").temporary or b"")
    kept_name.symlink_to("/dev/null")
    large.new_lane()
    assert large.run().status == "completed"
    assert "prefix" not in [one.found for one in large.events(FileResumed)]
    assert tree(large.destination / "source") == tree(large.source)


def test_a_prefix_that_differs_is_thrown_away_and_the_file_copied_anew(large: Workbench) -> None:
    large.write("a", CONTENT)
    interrupt(large)
    put_back(large, b"\0" * len(CONTENT))
    large.new_lane()
    assert large.run().status == "completed"
    (failed,) = large.events(FileFailed)
    assert failed.error == "resume-differs"
    assert [one.resumed_at for one in large.events(FileCopying)] == [None, 2 * MARK, None]
    assert tree(large.destination / "source") == tree(large.source)


def test_without_a_temporary_name_there_is_nothing_to_keep_or_to_remove(large: Workbench) -> None:
    large.write("a", CONTENT)
    interrupt(large)
    row = replace(large.row(b"source/a"), temporary=None)
    workshop = large.workshop()
    site = JobSite(
        id=row.job,
        run=row.run,
        destination_path=RawPath(bytes(large.destination)),
        destination=workshop.open_destination(RawPath(bytes(large.destination)), create=False),
        algorithms=("sha256",),
    )
    recovery = Recovery(workshop, site, Journal(large.ledger))
    assert recovery._found_of(row) == "nothing"
    site.destination.close()


def test_marks_of_other_algorithms_are_of_no_use(large: Workbench) -> None:
    large.write("a", CONTENT)
    interrupt(large)
    put_back(large, CONTENT)
    row = large.row(b"source/a")

    history = list(large.ledger.reader.history(file_stream(row.id)))
    assert kept_prefix(history, ("sha256",)) is not None
    assert kept_prefix(history, ("sha256", "md5")) is None
