"""Folders and links that a job made, looked at again where they stand."""

import shutil
from pathlib import Path

import pytest

from custody.domain.events import CopyRefuted
from custody.domain.paths import RawPath
from custody.domain.use_cases.verification.verify_copies import (
    Problem,
    Scope,
    VerifyResult,
    resolve_scope,
    verify,
)
from custody.domain.use_cases.workshop import RunSettings
from tests.fakes.workbench import Workbench


@pytest.fixture
def copied(bench: Workbench) -> Workbench:
    """A file, a link to it, and an empty folder, copied."""
    bench.settings = RunSettings(sample_files=0)
    bench.write("a", b"evidence")
    (bench.source / "l").symlink_to("a")
    (bench.source / "empty").mkdir()
    assert bench.run().status == "completed"
    return bench


def look(bench: Workbench, scope: Scope = Scope(), *, record: bool = True) -> VerifyResult:  # noqa: B008 - frozen
    return verify(bench.workshop(), scope, record=record)


def copy_of(bench: Workbench, path: str) -> Path:
    return bench.destination / "source" / path


def problem(bench: Workbench, path: str, message: str) -> Problem:
    return Problem(RawPath(bytes(copy_of(bench, path))), message)


def findings(bench: Workbench) -> list[tuple[bytes, str]]:
    return [(one.path, one.finding) for one in bench.events(CopyRefuted)]


def test_good_folders_and_links_are_no_problem_and_are_not_counted_as_read(copied: Workbench) -> None:
    result = look(copied)
    assert (result.checked, result.refuted, result.unreadable) == (1, False, [])
    assert not copied.events(CopyRefuted)


def test_a_link_that_points_elsewhere_is_changed(copied: Workbench) -> None:
    copy_of(copied, "l").unlink()
    copy_of(copied, "l").symlink_to("/etc/passwd")
    result = look(copied)
    assert result.changed == [problem(copied, "l", "the link points to /etc/passwd")]
    assert (result.extra, findings(copied)) == ([], [(b"source/l", "changed")])


def test_a_link_that_became_a_file_is_changed(copied: Workbench) -> None:
    copy_of(copied, "l").unlink()
    copy_of(copied, "l").write_bytes(b"evidence")
    assert look(copied).changed == [problem(copied, "l", "a file stands there, not a link")]


def test_a_link_and_a_folder_that_are_gone_are_missing(copied: Workbench) -> None:
    copy_of(copied, "l").unlink()
    copy_of(copied, "empty").rmdir()
    result = look(copied)
    assert result.missing == [
        problem(copied, name, "nothing stands under this name") for name in ("empty", "l")
    ]
    assert findings(copied) == [(b"source/empty", "missing"), (b"source/l", "missing")]


def test_a_folder_that_became_a_link_to_a_folder_is_changed(copied: Workbench) -> None:
    copy_of(copied, "empty").rmdir()
    copy_of(copied, "empty").symlink_to(copied.source / "empty")
    assert look(copied).changed == [problem(copied, "empty", "a link stands there, not a directory")]


def test_a_look_without_record_tells_of_links_and_folders_and_writes_nothing(copied: Workbench) -> None:
    copy_of(copied, "l").unlink()
    copy_of(copied, "empty").rmdir()
    size = copied.ledger.size
    assert len(look(copied, record=False).missing) == 2
    assert copied.ledger.size == size


def test_a_link_outside_the_scope_is_not_looked_at(copied: Workbench) -> None:
    copy_of(copied, "l").unlink()
    folder = RawPath(bytes(copy_of(copied, "empty")))
    assert not look(copied, Scope(folder=folder)).missing


def test_a_link_can_be_named(copied: Workbench) -> None:
    link = RawPath(bytes(copy_of(copied, "l")))
    copy_of(copied, "l").unlink()
    scope = resolve_scope("l", link, copied.ledger.read_model)
    assert [one.path for one in look(copied, scope).missing] == [link]


def test_what_cannot_be_looked_at_is_unreadable(copied: Workbench) -> None:
    copied.write("d/e/f")
    (copied.source / "d/e/l").symlink_to("f")
    copied.run()
    shutil.rmtree(copy_of(copied, "d"))
    copy_of(copied, "d").write_bytes(b"")
    copied.lane.replace()
    result = look(copied)
    assert [one.path for one in result.changed] == [bytes(copy_of(copied, "d"))]
    assert {one.path for one in result.unreadable} == {
        bytes(copy_of(copied, "d/e")),
        bytes(copy_of(copied, "d/e/l")),
    }


def test_a_link_that_a_later_run_could_not_take_is_still_what_was_recorded(copied: Workbench) -> None:
    (copied.source / "l").unlink()
    (copied.source / "l").symlink_to("b")
    assert copied.run().status == "incomplete"
    assert copied.row(b"source/l").state == "failed"
    assert not look(copied).refuted
    copy_of(copied, "l").unlink()
    assert [one.path for one in look(copied).missing] == [bytes(copy_of(copied, "l"))]


def test_a_folder_that_a_later_run_could_not_take_is_still_what_was_recorded(copied: Workbench) -> None:
    (copied.source / "empty").rmdir()
    (copied.source / "empty").symlink_to("a")
    copied.run()
    assert copied.row(b"source/empty").state == "failed"
    assert not look(copied).refuted
    copy_of(copied, "empty").rmdir()
    assert [one.path for one in look(copied).missing] == [bytes(copy_of(copied, "empty"))]


def test_a_link_that_a_later_job_made_anew_is_judged_by_that_job(copied: Workbench) -> None:
    (copied.source / "l").unlink()
    (copied.source / "l").symlink_to("b")
    copy_of(copied, "l").unlink()
    second = copied.plan(copied.job("second"))
    assert copied.run(second).status == "completed"
    assert not look(copied).refuted
    assert [one.path for one in look(copied, Scope(batch=copied.plan().id)).changed] == [
        bytes(copy_of(copied, "l"))
    ]


def test_a_folder_that_two_jobs_recorded_is_named_once(copied: Workbench) -> None:
    copied.run(copied.plan(copied.job("second")))
    copy_of(copied, "empty").rmdir()
    assert [one.path for one in look(copied).missing] == [bytes(copy_of(copied, "empty"))]
