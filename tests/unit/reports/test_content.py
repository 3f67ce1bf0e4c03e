import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain.errors import NotFound
from custody.domain.events import BatchStopped, FileFsynced, FileQualified, FileResumed
from custody.domain.identifiers import KeyId
from custody.domain.paths import RawPath
from custody.reports.content import build
from custody.reports.custody_report import FileRow
from custody.reports.results import GOOD, STANDINGS, Result, Verdict
from custody.reports.scope import Scope
from tests.unit.reports.ledger_story import (
    LEDGER,
    Job,
    LedgerStory,
    clean_story,
    digests,
    eventful_story,
)
from tests.unit.reports.pdf_text import report_on


def one_job() -> tuple[LedgerStory, Job]:
    story = LedgerStory().opened()
    story.session()
    job = story.job(story.batch())
    story.start(job)
    story.inventory(job, 1)
    return story, job


def only_file(story: LedgerStory) -> FileRow:
    (job,) = report_on(story).jobs
    (row,) = job.files
    return row


def test_a_clean_ledger_is_complete_and_says_how_much() -> None:
    summary = report_on(clean_story(3)).summary

    assert summary.verdict is Verdict.COMPLETE
    assert summary.headline == "All 3 files, 3.0 kB (3,000 bytes), were copied and verified."
    assert (
        "Nothing out of the ordinary is recorded: no failure, no retry, no interruption." in summary.sentences
    )


def test_a_failed_file_stands_in_the_first_sentence() -> None:
    story, job = one_job()
    story.verified(job, b"good")
    story.queued(job, b"bad")
    story.failed(job, b"bad")
    story.fail(job, "1 file failed")

    summary = report_on(story).summary

    assert summary.verdict is Verdict.FAILED
    assert summary.headline.startswith(
        "Not everything was copied and verified: of 2 files, 1 verified; 1 failed"
    )


def test_a_copy_refuted_later_stands_in_the_first_sentence() -> None:
    story = clean_story(2)
    (job,) = report_on(story).jobs
    story.refuted(Job(job.job, job.batch, job.destination), job.files[0].path)

    summary = report_on(story).summary

    assert summary.verdict is Verdict.REFUTED
    assert "1 copy later found changed or missing" in summary.headline


def test_a_job_that_was_not_ended_is_unfinished_though_every_file_is_verified() -> None:
    story, job = one_job()
    story.verified(job, b"good")

    summary = report_on(story).summary

    assert summary.verdict is Verdict.UNFINISHED
    assert "1 job not finished" in summary.headline


def test_a_job_that_failed_its_final_check_is_failed_though_every_file_is_verified() -> None:
    story, job = one_job()
    story.verified(job, b"good")
    story.fail(job, "a foreign file lies in the folder", failed=0)

    summary = report_on(story).summary

    assert summary.verdict is Verdict.FAILED
    assert "1 job ended without being complete" in summary.headline


def test_entries_that_could_not_be_listed_are_failures() -> None:
    story = LedgerStory().opened()
    story.session()
    job = story.job(story.batch())
    story.start(job)
    story.inventory(job, 1, unreadable=2)
    story.verified(job, b"good")
    story.complete(job, 1)

    summary = report_on(story).summary

    assert summary.verdict is Verdict.FAILED
    assert "2 entries of the sources could not be listed" in summary.headline


def test_a_source_that_changed_is_a_remark_in_the_first_sentence() -> None:
    story, job = one_job()
    story.verified(job, b"good")
    story.changed(job, b"good")
    story.complete(job, 1)

    summary = report_on(story).summary

    assert summary.verdict is Verdict.REMARKS
    assert summary.headline.endswith("was copied and verified, but 1 exception must be read with it.")


def test_a_batch_without_jobs_claims_nothing() -> None:
    story = LedgerStory().opened()
    batch = story.batch(jobs=0)

    summary = report_on(story, Scope(batch=batch)).summary

    assert summary.verdict is Verdict.UNFINISHED
    assert summary.headline == "Nothing was acquired: the ledger holds no job for this report."


def test_sources_without_files_are_told_apart_from_verified_ones() -> None:
    story, job = one_job()
    story.complete(job)

    assert report_on(story).summary.headline == ("The sources held no files, so there was nothing to verify.")


def test_files_that_were_there_already_are_not_said_to_be_copied() -> None:
    story, job = one_job()
    story.skipped(job, b"there", reason="already-present")
    story.complete(job)

    headline = report_on(story).summary.headline

    assert (
        headline
        == "The one file found in the sources, 1.0 kB (1,000 bytes), stands verified at the destination."
    )


@pytest.mark.parametrize("steps", [("queued",), ("queued", "copying"), ("queued", "copying", "fsynced")])
def test_a_file_that_was_not_read_back_is_never_counted_as_good(steps: tuple[str, ...]) -> None:
    story, job = one_job()
    for step in steps:
        getattr(story, step)(job, b"half")

    report = report_on(story)

    assert report.jobs[0].files[0].result is Result.UNVERIFIED
    assert report.counts.good == 0
    assert report.counts.good_bytes == 0


def test_a_flushed_copy_shows_the_hash_values_as_not_compared() -> None:
    story, job = one_job()
    story.queued(job, b"half")
    story.copying(job, b"half")
    story.fsynced(job, b"half")

    row = only_file(story)

    assert row.digests
    assert not row.compared


def test_a_file_queued_anew_is_not_good_until_it_is_verified_anew() -> None:
    story, job = one_job()
    position = story.verified(job, b"again")
    story.queued(job, b"again")

    row = only_file(story)

    assert row.result is Result.UNVERIFIED
    assert f"an earlier copy of this name was verified, entry {position}" in row.notes


def test_a_file_skipped_as_verified_before_keeps_the_entry_that_proved_it() -> None:
    story, job = one_job()
    position = story.verified(job, b"kept")
    later = story.skipped(job, b"kept", reason="verified-before", cites=position)

    row = only_file(story)

    assert (row.result, row.entry) == (Result.VERIFIED, position)
    assert row.notes == (f"later run: size and time unchanged, not copied again, entry {later}",)


def test_a_file_proved_only_by_another_job_cites_that_entry() -> None:
    story, job = one_job()
    story.skipped(job, b"elsewhere", reason="verified-before", cites=3)

    row = only_file(story)

    assert row.result is Result.EARLIER
    assert row.notes == ("proved by entry 3; not read again in this run",)


def test_a_look_at_size_and_time_does_not_outweigh_a_refutation() -> None:
    story, job = one_job()
    position = story.verified(job, b"bad")
    refuted = story.refuted(job, b"bad")
    story.skipped(job, b"bad", reason="verified-before", cites=position)

    row = only_file(story)

    assert (row.result, row.entry) == (Result.REFUTED, refuted)


def test_reading_a_refuted_copy_again_and_finding_it_equal_makes_it_good() -> None:
    story, job = one_job()
    story.verified(job, b"back")
    story.refuted(job, b"back", "unreadable")
    again = story.reverified(job, b"back")

    row = only_file(story)

    assert (row.result, row.entry) == (Result.VERIFIED, again)


def test_a_later_verification_is_noted_and_does_not_move_the_proof() -> None:
    story, job = one_job()
    position = story.verified(job, b"good")
    again = story.reverified(job, b"good")

    row = only_file(story)

    assert row.entry == position
    assert row.notes == (f"read again later and found equal, entry {again}",)


def test_hard_links_are_told() -> None:
    story, job = one_job()
    story.queued(job, b"one", links=3)

    assert "one of 3 names of the same data at the source" in only_file(story).notes[0]


def test_a_folder_that_could_not_be_read_is_a_failed_row_of_unknown_size() -> None:
    story, job = one_job()
    story.failed(job, b"locked", stage="inventory", error="permission-denied")

    row = only_file(story)

    assert (row.result, row.size, row.mtime_ns) == (Result.FAILED, None, None)


STEPS = ("queued", "copying", "fsynced", "proved", "failed", "refuted", "reverified", "present")


def test_every_result_has_its_row_in_the_table_that_everyone_asks() -> None:
    assert set(STANDINGS) == set(Result)
    assert all(standing.one and standing.many for standing in STANDINGS.values() if not standing.proved)


def expected(steps: list[str]) -> Result:
    result = Result.UNVERIFIED
    for step in steps:
        match step:
            case "queued" | "copying" | "fsynced":
                result = Result.UNVERIFIED
            case "proved":
                result = Result.VERIFIED
            case "present":
                result = Result.PRESENT
            case "failed":
                result = Result.FAILED
            case "refuted":
                result = Result.REFUTED
            case "reverified" if result is Result.REFUTED:
                result = Result.VERIFIED
    return result


@given(st.lists(st.lists(st.sampled_from(STEPS), max_size=8), max_size=12))
def test_every_file_has_one_result_and_the_results_add_up(histories: list[list[str]]) -> None:
    story, job = one_job()
    for index, history in enumerate(histories):
        path = f"{index:03}".encode()
        story.queued(job, path)
        for step in history:
            if step == "present":
                story.skipped(job, path, reason="already-present")
            else:
                getattr(story, step)(job, path)

    report = report_on(story)

    assert [row.result for row in report.jobs[0].files] == [expected(history) for history in histories]
    assert sum(report.counts.by_result.values()) == report.counts.files == len(histories)
    assert sum(report.counts.read_back.values()) == report.counts.good
    assert report.counts.good_bytes == 1000 * report.counts.good


def test_files_stand_in_the_order_of_their_raw_names() -> None:
    story, job = one_job()
    names = [b"b", b"a\xff", b"a", b"B", "é".encode()]
    for name in names:
        story.verified(job, name)

    assert [row.path for row in report_on(story).jobs[0].files] == sorted(names)


def test_a_failure_that_was_mended_stays_in_the_report_as_settled() -> None:
    story, job = one_job()
    story.queued(job, b"retried")
    failure = story.failed(job, b"retried")
    story.copying(job, b"retried", 2)
    mended = story.proved(job, b"retried")
    story.complete(job, 1)

    report = report_on(story)

    (happening,) = report.happenings
    assert (happening.entry, happening.open) == (failure, False)
    assert happening.done == f"Tried again; in the end verified, entry {mended}."
    assert report.summary.verdict is Verdict.COMPLETE


def test_of_several_attempts_only_the_last_failure_is_open() -> None:
    story, job = one_job()
    story.queued(job, b"bad")
    story.failed(job, b"bad")
    story.copying(job, b"bad", 2)
    last = story.failed(job, b"bad", attempt=2)

    assert [happening.entry for happening in report_on(story).happenings if happening.open] == [last]


def test_a_failure_tells_stage_error_offset_message_and_where_the_bad_copy_went() -> None:
    story, job = one_job()
    story.queued(job, b"bad")
    story.failed(
        job,
        b"bad",
        error="read-back-differs",
        message="SHA-256 differs",
        moved_to=b"bad.aside",
        stage="read-back",
    )

    (happening,) = report_on(story).happenings

    assert happening.what == (
        "bad failed while the copy was read back, attempt 1 (read-back-differs, errno 5, at byte 65,536): "
        "SHA-256 differs. Source: /mnt/wb1/bad"
    )
    assert happening.done == "The bad copy was put aside as bad.aside. No copy under this name is claimed."


def test_a_pause_is_open_until_the_batch_is_taken_up_again() -> None:
    story = LedgerStory().opened()
    batch = story.batch()
    story.job(batch)
    pause = story.pause(batch)
    before = report_on(story).happenings
    resumption = story.resume(batch)

    after = report_on(story).happenings

    assert [(happening.entry, happening.open) for happening in before] == [(pause, True)]
    assert [(happening.entry, happening.open) for happening in after] == [(pause, False), (resumption, False)]
    assert after[0].done == f"Taken up again at entry {resumption}."


def test_a_power_cut_is_told_in_words_with_what_was_found() -> None:
    story = LedgerStory().opened()
    batch = story.batch()
    story.job(batch)
    story.resume(batch, "restarted")

    (happening,) = report_on(story).happenings

    assert "power loss or reset" in happening.what
    assert "Found: 3 verified, 1 copied but not read back, 1 in the middle of copying" in happening.done


@pytest.mark.parametrize(
    ("boot_id", "cause"),
    [("another boot", "power loss or reset"), (LedgerStory().boot_id, "killed or failed")],
)
def test_a_command_that_never_recorded_its_end_is_told(boot_id: str, cause: str) -> None:
    story = clean_story()
    batch = report_on(story).batches[0].batch
    broken = story.session()
    story.resume(batch, "killed")
    story.boot_id = boot_id
    story.session("custody batch resume")

    happenings = report_on(story).happenings

    (entry,) = [happening for happening in happenings if "without recording its end" in happening.what]
    assert cause in entry.what
    assert story.records[entry.entry].stream == broken


def test_a_pause_ends_with_the_run() -> None:
    story = LedgerStory().opened()
    batch = story.batch()
    story.job(batch)
    story.pause(batch, "SIGTERM")
    end = story.end(batch)

    (happening,) = report_on(story).happenings

    assert happening.what == "Run 1 was paused: the system asked it to end (SIGTERM)."
    assert happening.done == f"The run was closed at entry {end}."


def test_a_batch_that_was_given_up_tells_how_many_files_had_failed_only_as_a_whole() -> None:
    story = LedgerStory().opened()
    batch = story.batch()
    job = story.job(batch)
    story.of_batch(batch, BatchStopped(run=1, reason="too many files failed", tried=20, failed=11))

    (whole,) = report_on(story).happenings
    (part,) = report_on(story, Scope(job=job.id)).happenings

    assert whole.what == (
        "Run 1 was given up before its end: too many files failed. Of 20 files tried, 11 had failed."
    )
    assert part.what == "Run 1 was given up before its end: too many files failed."


def test_a_failure_without_error_number_or_offset_tells_neither() -> None:
    story, job = one_job()
    story.failed(job, b"bad", error="stalled", message="no progress", errno=None, offset=None)

    (happening,) = report_on(story).happenings

    assert "attempt 1 (stalled): no progress." in happening.what


def test_a_file_taken_up_again_says_what_was_found() -> None:
    story, job = one_job()
    story.queued(job, b"half")
    story.of_file(job, b"half", FileResumed(run=1, found="temporary"))

    (happening,) = report_on(story).happenings

    assert happening.what == "half was taken up again. Found: a temporary file, which was removed."


def two_batches() -> tuple[LedgerStory, Job, Job, Job]:
    story = LedgerStory().opened()
    session = story.session("SECRET command of the first batch")
    first = story.batch("SECRET first", jobs=1)
    other = story.job(first, name="SECRET job", case_number="SECRET-1", exhibit="SECRET-X")
    story.start(other)
    story.verified(other, b"SECRET file")
    story.failed(other, b"SECRET failure")
    story.link(other, b"SECRET link", b"SECRET target")
    story.special(other, b"SECRET pipe")
    story.folder(other, b"SECRET folder")
    story.pause(first, "SECRET reason")
    story.end_session(session)
    session = story.session("second command")
    batch = story.batch("second", jobs=2)
    wanted, neighbour = story.job(batch, name="wanted"), story.job(batch, 1, name="SECRET neighbour")
    for job in (wanted, neighbour):
        story.start(job)
    story.verified(wanted, b"mine")
    story.verified(neighbour, b"SECRET neighbour's file")
    story.resume(batch)
    story.complete(wanted, 1)
    story.end_session(session)
    return story, other, wanted, neighbour


def test_nothing_of_another_batch_leaks_into_the_report_on_a_batch() -> None:
    story, other, wanted, _ = two_batches()

    report = report_on(story, Scope(batch=wanted.batch))

    said = repr(report).replace("SECRET neighbour", "")
    assert "SECRET" not in said
    assert other.batch not in said


def test_nothing_of_another_job_leaks_into_the_report_on_a_job() -> None:
    story, _, wanted, _ = two_batches()

    report = report_on(story, Scope(job=wanted.id))

    assert "SECRET" not in repr(report)
    assert report.counts.files == 1


def test_the_report_on_a_job_tells_no_total_of_its_batch() -> None:
    story, _, wanted, _ = two_batches()

    report = report_on(story, Scope(job=wanted.id))

    assert [happening.done for happening in report.happenings] == [
        "Verified copies were kept; every other file was taken up from its last recorded step."
    ]


def test_without_a_scope_the_whole_ledger_is_told() -> None:
    story, *jobs = two_batches()

    assert {job.job for job in report_on(story).jobs} == {job.id for job in jobs}


def test_a_key_that_signed_only_elsewhere_is_not_named() -> None:
    story = LedgerStory(key=KeyId("e" * 64), examiner="Somebody Else").opened()
    story.job(story.batch("elsewhere"))
    story.key, story.examiner = KeyId("a" * 64), "Ada"
    batch = story.batch("here")
    job = story.job(batch)

    for scope in (Scope(batch=batch), Scope(job=job.id)):
        assert [key.key for key in report_on(story, scope).keys] == ["a" * 64]


def test_a_key_that_the_workspace_does_not_hold_is_marked() -> None:
    story = clean_story()
    stranger = KeyId("e" * 64)
    job = report_on(story).jobs[0]
    story.key = stranger
    story.reverified(Job(job.job, job.batch, job.destination), job.files[0].path)
    story.key = LedgerStory().key

    found = {key.key: (key.trusted, key.enrolled) for key in report_on(story).keys}

    assert found[stranger] == (False, None)
    assert found[story.key] == (True, 1)


@pytest.mark.parametrize("scope", [Scope(batch=two_batches()[1].batch), Scope(job=two_batches()[1].id)])
def test_a_scope_of_which_the_ledger_knows_nothing_is_not_found(scope: Scope) -> None:
    story = LedgerStory().opened()

    with pytest.raises(NotFound):
        report_on(story, scope)


def test_an_empty_ledger_is_not_found() -> None:
    with pytest.raises(NotFound):
        build(list, ledger=LEDGER, scope=Scope(), head=clean_story().head)


@pytest.mark.parametrize(
    ("synchronised", "words"),
    [(True, "was synchronised"), (False, "was NOT synchronised"), (None, "did not say")],
)
def test_the_clock_statement_says_what_the_system_said(synchronised: bool | None, words: str) -> None:
    story = LedgerStory(synchronised=synchronised).opened()
    story.session()
    story.job(story.batch())

    assert words in report_on(story).clock[1]


def test_without_a_session_the_clock_cannot_be_judged() -> None:
    story = LedgerStory().opened()
    story.job(story.batch())

    assert report_on(story).clock == ("No session of this report is recorded; its times cannot be judged.",)


def test_the_checks_name_the_exact_commands() -> None:
    story = clean_story()
    job = report_on(story).jobs[0]

    commands = [step.command for step in report_on(story, Scope(batch=job.batch, job=job.job)).checks]

    assert (
        f"custody report custody {job.batch} --job {job.job} --at {story.head.position} --out AGAIN.pdf"
        in commands
    )
    assert "sha256sum REPORT.pdf" in commands
    assert f"custody verify {job.job}" in commands
    assert any(command is not None and command.startswith("custody audit") for command in commands)


def test_the_words_promise_no_more_than_the_software_does() -> None:
    said = repr(report_on(eventful_story())).lower()

    assert "tamper-evident" in said
    assert not [
        word for word in ("tamper-proof", "court-admissible", "tamperproof", "guarantee") if word in said
    ]


def test_the_code_of_the_pages_is_the_beginning_of_the_root() -> None:
    head = clean_story().head

    assert head.code.replace(" ", "") == head.root_hex[:16]


def test_good_results_are_those_that_were_read_and_compared() -> None:
    assert {Result.VERIFIED, Result.PRESENT, Result.EARLIER} == GOOD


def test_a_source_that_was_read_twice_is_a_note_and_a_sentence() -> None:
    story, job = one_job()
    story.queued(job, b"a")
    story.copying(job, b"a")
    read = FileFsynced(attempt=1, size=1000, digests=digests(b"a"), source_readings=2)
    story.of_file(job, b"a", read)
    story.proved(job, b"a")
    story.complete(job, 1)

    assert only_file(story).notes == ("source read 2 times with equal content",)
    assert any(
        sentence.startswith("1 source file read twice") for sentence in report_on(story).summary.sentences
    )


def test_a_source_that_is_copied_anew_is_no_longer_said_to_have_been_read_twice() -> None:
    story, job = one_job()
    story.queued(job, b"a")
    read = FileFsynced(attempt=1, size=1000, digests=digests(b"a"), source_readings=2)
    story.of_file(job, b"a", read)
    story.queued(job, b"a")

    assert only_file(story).notes == ("copying has not begun",)


@pytest.mark.parametrize(
    ("size", "note"),
    [
        (1000, "nothing but zeros, as the source was read"),
        (600, "600 bytes in long runs of zeros at the source"),
    ],
)
def test_long_runs_of_zeros_are_a_note_and_a_sentence(size: int, note: str) -> None:
    story, job = one_job()
    story.queued(job, b"a")
    story.copying(job, b"a")
    read = FileFsynced(
        attempt=1, size=1000, digests=digests(b"a"), zeros=((0, size),), zeros_count=1, zeros_bytes=size
    )
    story.of_file(job, b"a", read)
    story.proved(job, b"a")
    story.complete(job, 1)

    assert only_file(story).notes == (note,)
    sentences = report_on(story).summary.sentences
    assert any(sentence.startswith("1 source file holds long runs of zeros") for sentence in sentences)


def qualified_story(stretches: int = 2, listed: int = 2) -> tuple[LedgerStory, Job]:
    story, job = one_job()
    story.queued(job, b"a")
    story.copying(job, b"a")
    story.fsynced(job, b"a")
    event = FileQualified(
        path=RawPath(b"a"), size=1000, digests=digests(b"a"), read_back="direct",
        unreadable=tuple((number * 1024, 512) for number in range(listed)), unreadable_count=stretches,
        unreadable_bytes=stretches * 512,
    )  # fmt: skip
    story.of_file(job, b"a", event)
    story.fail(job, "1 files could not be read whole")
    return story, job


def test_a_file_that_could_not_be_read_whole_is_no_verified_file() -> None:
    report = report_on(qualified_story()[0])

    assert (report.counts.good, report.counts.by_result[Result.QUALIFIED]) == (0, 1)
    assert report.summary.verdict is Verdict.FAILED
    assert "1 copied with zeros in place of what could not be read of the source" in report.summary.headline
    assert any(
        sentence.startswith("1 copy is qualified, not verified") for sentence in report.summary.sentences
    )
    assert report.jobs[0].files[0].notes == (
        "1,024 bytes could not be read at the source: zeros in the copy",
    )


@pytest.mark.parametrize(
    ("stretches", "said"),
    [
        (2, "1,024 bytes of its source could not be read: 512 at byte 0; 512 at byte 1,024. Source:"),
        (3, "512 at byte 1,024; and 1 more stretch. Source:"),
    ],
)
def test_what_could_not_be_read_is_listed_among_the_exceptions(stretches: int, said: str) -> None:
    (told,) = [one for one in report_on(qualified_story(stretches)[0]).happenings if "zeros" in one.done]

    assert said in told.what
    assert told.open


def test_a_qualified_copy_read_again_stays_qualified() -> None:
    story, job = qualified_story()
    story.refuted(job, b"a", "unreadable")
    story.reverified(job, b"a")
    story.of_file(job, b"a", FileResumed(run=2, found="qualified"))

    assert only_file(story).result is Result.QUALIFIED


def test_a_file_copied_whole_after_it_was_qualified_is_verified() -> None:
    story, job = qualified_story()
    story.verified(job, b"a")

    row = only_file(story)

    assert (row.result, row.notes) == (Result.VERIFIED, ())
    assert not [one for one in report_on(story).happenings if "could not be read:" in one.what and one.open]
