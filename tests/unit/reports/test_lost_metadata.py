"""Attributes that a copy could not keep, as the report says it."""

from custody.domain import events as ev
from custody.domain.paths import RawPath
from custody.reports.results import Result, Verdict
from tests.unit.reports.ledger_story import LedgerStory
from tests.unit.reports.pdf_text import report_on


def test_attributes_that_could_not_be_kept_are_a_note_of_their_file_alone() -> None:
    story = LedgerStory().opened()
    story.session()
    job = story.job(story.batch())
    story.start(job)
    story.inventory(job, 2)
    story.queued(job, b"a")
    story.copying(job, b"a")
    lost = ev.MetadataLost(
        run=1, path=RawPath(b"a"), attributes=("user.x", "user.\u202ey"), count=3, reason="No space left"
    )
    story.of_file(job, b"a", lost)
    story.fsynced(job, b"a")
    story.proved(job, b"a")
    story.verified(job, b"b")
    story.complete(job, 2)

    (told,) = report_on(story).jobs

    assert [file.notes for file in told.files] == [
        ("attributes not kept: user.x, user.\\u202ey and 1 more (No space left)",), (),
    ]  # fmt: skip


def test_attributes_that_a_folder_could_not_keep_are_told_and_left_nothing_open() -> None:
    story = LedgerStory().opened()
    story.session()
    job = story.job(story.batch())
    story.start(job)
    story.inventory(job, 1)
    story.folder(job, b"d")
    story.verified(job, b"d/a")
    story.of_file(
        job, b"d", ev.MetadataLost(run=1, path=RawPath(b"d"), attributes=(), count=0, reason="gone")
    )
    story.complete(job, 1)

    report = report_on(story)

    (told,) = report.happenings
    assert (told.what, told.open) == ("d lacks attributes of its source: all (gone).", False)
    assert report.summary.verdict == Verdict.COMPLETE


def test_what_an_earlier_copy_lost_is_not_said_of_the_one_that_stands() -> None:
    story = LedgerStory().opened()
    story.session()
    job = story.job(story.batch())
    story.start(job)
    story.inventory(job, 1)
    story.queued(job, b"a")
    story.copying(job, b"a")
    lost = ev.MetadataLost(run=1, path=RawPath(b"a"), attributes=("user.x",), count=1, reason="No space left")
    story.of_file(job, b"a", lost)
    story.fsynced(job, b"a")
    qualified = ev.FileQualified(
        path=RawPath(b"a"), size=1000, digests={"sha256": "00"}, read_back="direct",
        unreadable=((0, 512),), unreadable_count=1, unreadable_bytes=512,
    )  # fmt: skip
    story.of_file(job, b"a", qualified)
    story.of_file(job, b"a", ev.FileResumed(run=1, found="missing"))
    story.copying(job, b"a", attempt=2)
    story.fsynced(job, b"a", attempt=2)
    story.proved(job, b"a")
    story.complete(job, 1)

    (told,) = report_on(story).jobs

    assert [(file.result, file.notes) for file in told.files] == [(Result.VERIFIED, ())]
