"""Attributes that a copy could not keep, as the report says it."""

from custody.domain import events as ev
from custody.domain.paths import RawPath
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
