"""What later looks found against copies, folders and links, and other things a lawyer must be told."""

import pytest

from custody.domain.events import DirectoryCreated, FileResumed, FileVerified, Nanoseconds
from custody.domain.paths import RawPath
from custody.reports.custody_report import CustodyReport, Happening
from custody.reports.results import Result, Verdict
from custody.reports.scope import Scope
from tests.unit.reports.ledger_story import Job, LedgerStory, clean_story, source
from tests.unit.reports.pdf_text import printed, report_on, squeezed, text_of


def finished() -> tuple[LedgerStory, Job]:
    """A complete job of one file, one link and one folder."""
    story = LedgerStory().opened()
    session = story.session()
    job = story.job(story.batch())
    story.start(job)
    story.inventory(job, 1)
    story.verified(job, b"file")
    story.link(job, b"link", b"target")
    story.folder(job, b"folder")
    story.complete(job, 1)
    story.end_session(session)
    story.session("custody verify")
    return story, job


def open_ones(report: CustodyReport) -> list[Happening]:
    return [happening for happening in report.happenings if happening.open]


@pytest.mark.parametrize(("path", "kind"), [(b"link", "link"), (b"folder", "folder")])
def test_a_refuted_link_or_folder_is_an_open_exception_and_refutes_the_report(path: bytes, kind: str) -> None:
    story, job = finished()
    position = story.refuted(job, path, "missing", "nothing stands under this name")

    report = report_on(story)

    (happening,) = open_ones(report)
    assert happening.entry == position
    assert happening.what == f"A later look at {kind}: it is gone: nothing stands under this name."
    assert happening.done == f"This {kind} must not be relied on."
    assert report.summary.verdict is Verdict.REFUTED
    assert "1 folder or link later found changed or missing" in report.summary.headline


def test_a_link_that_was_recreated_since_is_settled() -> None:
    story, job = finished()
    story.refuted(job, b"link", "missing")
    again = story.link(job, b"link", b"target")

    report = report_on(story)

    (happening,) = report.happenings
    assert not happening.open
    assert happening.done == f"In the end the link was recreated, entry {again}."
    assert report.summary.verdict is Verdict.COMPLETE


def test_a_folder_found_wrong_twice_is_open_once() -> None:
    story, job = finished()
    first = story.refuted(job, b"folder", "missing")
    second = story.refuted(job, b"folder", "changed")

    report = report_on(story)

    assert [(happening.entry, happening.open) for happening in report.happenings] == [
        (first, False),
        (second, True),
    ]
    assert report.happenings[0].done == f"In the end not as it should be, entry {second}."


def test_a_refuted_link_is_marked_in_the_list_of_links() -> None:
    story, job = finished()
    story.refuted(job, b"link", "changed", "the link points to elsewhere")

    report = report_on(story)

    assert [row.wrong for row in report.jobs[0].links] == ["REFUTED"]
    assert "REFUTED" in text_of(printed(report)).partition("12Folders")[2]


def test_a_link_that_could_not_be_looked_at_is_failed_and_not_refuted() -> None:
    story, job = finished()
    story.refuted(job, b"link", "unreadable", "permission denied")

    report = report_on(story)

    assert report.summary.verdict is Verdict.FAILED
    assert report.jobs[0].links[0].wrong == "FAILED"


def test_a_folder_that_a_later_run_could_not_list_is_an_open_failure() -> None:
    story, job = finished()
    story.failed(job, b"folder", stage="inventory", error="permission-denied", message="not allowed")

    report = report_on(story)

    (happening,) = open_ones(report)
    assert happening.what.startswith("folder failed while the source was listed")
    assert report.summary.verdict is Verdict.FAILED
    assert report.counts.files == 1


@pytest.mark.parametrize("kind", ["folder", "link", "special"])
def test_an_entry_that_could_not_be_listed_at_first_and_was_later_is_no_file(kind: str) -> None:
    story, job = finished()
    failure = story.failed(job, b"late", stage="inventory", error="permission-denied")
    made = {
        "folder": lambda: story.folder(job, b"late"),
        "link": lambda: story.link(job, b"late", b"target"),
        "special": lambda: story.special(job, b"late"),
    }[kind]()

    report = report_on(story)

    assert [row.path for row in report.jobs[0].files] == [b"file"]
    (happening,) = report.happenings
    assert (happening.entry, happening.open) == (failure, False)
    assert happening.done.endswith(f", entry {made}.")


def test_a_file_whose_name_a_link_took_later_stays_in_the_list() -> None:
    story, job = finished()
    story.link(job, b"file", b"target")

    report = report_on(story)

    assert [row.path for row in report.jobs[0].files] == [b"file"]
    assert [row.path for row in report.jobs[0].links] == [b"file", b"link"]


def test_a_foreign_entry_is_an_open_exception_and_refutes_the_report() -> None:
    story, job = finished()
    position = story.extra(job, b"folder/stranger")

    report = report_on(story)

    (happening,) = open_ones(report)
    assert happening.entry == position
    assert "folder/stranger lies among the copies of job “Camera 1”" in happening.what
    assert report.summary.verdict is Verdict.REFUTED
    assert "1 foreign entry was found among the copies" in report.summary.headline


def test_a_foreign_entry_found_twice_is_one_and_open_once() -> None:
    story, job = finished()
    story.extra(job, b"stranger")
    again = story.extra(job, b"stranger")

    report = report_on(story)

    assert report.counts.foreign == 1
    assert [happening.entry for happening in open_ones(report)] == [again]
    assert report.happenings[0].done == f"Found again, entry {again}."


def test_completing_the_job_settles_what_was_foreign_before() -> None:
    story, job = finished()
    story.extra(job, b"stranger")
    story.start(job)
    completed = story.complete(job, 1)

    report = report_on(story)

    assert open_ones(report) == []
    assert report.happenings[0].done == (f"Not there any more when the job was completed, entry {completed}.")


def test_a_foreign_entry_that_came_back_is_open_again() -> None:
    story, job = finished()
    story.extra(job, b"stranger")
    story.complete(job, 1)
    again = story.extra(job, b"stranger")

    assert [happening.entry for happening in open_ones(report_on(story))] == [again]


def test_a_foreign_entry_of_another_job_stays_out() -> None:
    story, job = finished()
    neighbour = story.job(job.batch, 1, name="neighbour")
    story.extra(neighbour, b"SECRET")

    assert "SECRET" not in repr(report_on(story, Scope(job=job.id)))


def test_a_copy_that_could_not_be_read_again_is_neither_good_nor_refuted() -> None:
    story, job = finished()
    position = story.refuted(job, b"file", "io-error", "Input/output error")

    report = report_on(story)

    row = report.jobs[0].files[0]
    assert (row.result, row.entry) == (Result.UNREADABLE, position)
    assert report.summary.verdict is Verdict.FAILED
    assert "1 copy could not be read again" in report.summary.headline
    assert "not be relied on" in report.happenings[0].done


def test_an_unreadable_copy_that_is_read_again_well_is_good() -> None:
    story, job = finished()
    story.refuted(job, b"file", "io-error", "Input/output error")
    again = story.reverified(job, b"file")

    row = report_on(story).jobs[0].files[0]

    assert (row.result, row.entry) == (Result.VERIFIED, again)


def test_an_inability_to_look_does_not_outweigh_a_difference_that_was_seen() -> None:
    story, job = finished()
    refuted = story.refuted(job, b"file", "read-back-differs")
    story.refuted(job, b"file", "io-error", "Input/output error")

    report = report_on(story)

    row = report.jobs[0].files[0]
    assert (row.result, row.entry) == (Result.REFUTED, refuted)
    assert [happening.entry for happening in open_ones(report)] == [refuted]


def test_each_later_pass_is_told_with_what_it_found() -> None:
    story, job = finished()
    first = story.reverified(job, b"file")
    story.session("custody verify /mnt")
    second = story.refuted(job, b"file")
    story.refuted(job, b"link", "unreadable")
    story.extra(job, b"stranger")

    report = report_on(story)

    assert [
        (line.entry, line.command, line.equal, line.different, line.unreadable, line.foreign)
        for line in report.rereadings
    ] == [(first, "custody verify", 1, 0, 0, 0), (second, "custody verify /mnt", 0, 1, 1, 1)]
    assert [line.is_good for line in report.rereadings] == [True, False]
    assert any("not everything was found as recorded" in words for words in report.summary.sentences)
    assert "custodyverify/mnt" in text_of(printed(report)).partition("10Laterreadings")[2]


def test_a_pass_that_found_everything_as_recorded_is_said_to_be_good() -> None:
    story, job = finished()
    story.reverified(job, b"file")

    (words,) = [one for one in report_on(story).summary.sentences if "read again in 1 later pass" in one]
    assert ": nothing was found against any copy" in words


def test_a_pass_outside_of_any_session_is_told_too() -> None:
    story = LedgerStory().opened()
    job = story.job(story.batch())
    story.verified(job, b"file")
    story.reverified(job, b"file")

    assert [line.command for line in report_on(story).rereadings] == ["not recorded"]


def test_that_nothing_was_read_again_later_is_said() -> None:
    said = report_on(clean_story()).summary.sentences

    assert "The copies were not read a second time later on, as far as this report reaches." in said


def test_a_refuted_copy_names_the_entry_that_had_proved_it() -> None:
    story, job = finished()
    proof = next(at.position for at in story.records if isinstance(at.event, FileVerified))
    story.refuted(job, b"file")

    assert report_on(story).jobs[0].files[0].notes == (f"verified before, entry {proof}",)


def test_a_special_file_that_a_later_run_could_not_list_is_an_open_failure() -> None:
    story, job = finished()
    story.special(job, b"pipe")
    story.failed(job, b"pipe", stage="inventory", error="permission-denied")

    (happening,) = open_ones(report_on(story))
    assert happening.done == "This special file is not as it should be."


def test_a_clock_that_was_set_back_is_an_open_remark() -> None:
    story, job = finished()
    story.clock_offset_seconds = 3_000
    story.reverified(job, b"file")
    story.clock_offset_seconds = 0
    back = story.reverified(job, b"file")

    report = report_on(story)

    (happening,) = open_ones(report)
    assert happening.entry == back
    assert "set back by 50 min: this entry bears an earlier time than entry" in happening.what
    assert report.summary.verdict is Verdict.REMARKS


def test_a_clock_set_back_while_another_batch_was_worked_on_stays_out() -> None:
    story, job = finished()
    story.clock_offset_seconds = 3_000
    story.session("SECRET")
    other = story.job(story.batch("other"), name="other")
    story.clock_offset_seconds = 0
    story.verified(other, b"file")

    assert report_on(story, Scope(job=job.id)).happenings == ()


def test_a_key_without_a_passphrase_is_told_on_the_first_page() -> None:
    story = LedgerStory(protected=False).opened()
    story.session()
    story.job(story.batch())

    assert any("NOT guarded by a passphrase" in words for words in report_on(story).summary.sentences)
    assert not any("passphrase" in words for words in report_on(clean_story()).summary.sentences)


def test_a_clock_that_was_not_synchronised_is_told_on_the_first_page() -> None:
    story = LedgerStory(synchronised=False).opened()
    story.session()
    story.job(story.batch())

    assert any("NOT synchronised" in words for words in report_on(story).summary.sentences)


def test_how_each_command_ended_is_told() -> None:
    story = clean_story()
    session = story.session("custody verify")
    (job,) = report_on(story).jobs
    story.reverified(Job(job.job, job.batch, job.destination), job.files[0].path)
    unfinished = report_on(story)
    story.end_session(session, 3)
    ended = report_on(story)

    assert [(line.exit, line.ended_at is None) for line in unfinished.sessions] == [(0, False), (None, True)]
    assert [line.exit for line in ended.sessions] == [0, 3]
    assert squeezed("exit code 3") in text_of(printed(ended))
    assert squeezed("no end within this report") in text_of(printed(unfinished))


def test_a_session_that_ended_on_another_day_tells_the_day() -> None:
    story = clean_story()
    session = story.session("custody verify")
    (job,) = report_on(story).jobs
    story.reverified(Job(job.job, job.batch, job.destination), job.files[0].path)
    story.end_session(session, 0)
    last = story.records[-1]
    story.records[-1] = type(last)(
        position=last.position, stream=last.stream, revision=last.revision,
        at="2026-03-03T01:00:00.000000Z", actor=last.actor, event=last.event,
    )  # fmt: skip

    assert squeezed("ended 2026-03-03 01:00:00") in text_of(printed(report_on(story)))


def test_folders_that_were_there_before_are_told() -> None:
    story, job = finished()
    event = DirectoryCreated(
        job=job.id, run=1, path=RawPath(b"old"), source=source(b"old"), mode=0o755,
        mtime_ns=Nanoseconds(0), existed=True,
    )  # fmt: skip
    story.of_file(job, b"old", event)

    assert squeezed("1 folder had been at the destination before") in text_of(printed(report_on(story)))


@pytest.mark.parametrize(
    ("found", "words"), [("failed", "a failed attempt"), ("missing", "the verified copy was gone")]
)
def test_what_was_found_when_a_file_was_taken_up_again_is_put_into_words(found: str, words: str) -> None:
    story, job = finished()
    story.of_file(job, b"file", FileResumed(run=1, found=found))

    assert f"Found: {words}" in report_on(story).happenings[0].what
