import hashlib
import os
import re
import subprocess
import sys
import time
import unicodedata
from dataclasses import replace

import pytest
from pypdf.generic import DictionaryObject
from reportlab import rl_config

from custody.domain.paths import printable
from custody.reports.custody_report import FileRow
from custody.reports.pdf_blocks import LABEL
from custody.reports.results import GOOD
from custody.reports.scope import Scope
from custody.reports.typesetting import NAME_BREAKS, shown, with_visible_ends, wrap
from tests.unit.reports.ledger_story import LedgerStory, clean_story, digests, eventful_story
from tests.unit.reports.pdf_text import page_texts, printed, reader, report_on, squeezed, text_of

HOSTILE = '<b>&"\' <img src="/etc/passwd"/> <a href="javascript:x">\n\u202eevil\x00 ]]> %(x)s \ud800'
PRINT_IN_ANOTHER_PROCESS = (
    "import hashlib;"
    "from tests.unit.reports.ledger_story import eventful_story;"
    "from tests.unit.reports.pdf_text import printed, report_on;"
    "print(hashlib.sha256(printed(report_on(eventful_story()))).hexdigest())"
)


def on_the_page(value: str) -> str:
    return squeezed(shown(with_visible_ends(value)))


def names(row: FileRow) -> list[str]:
    """The row's name, unless the library that reads PDFs back would move its letters."""
    name = printable(row.path)
    return [] if any(unicodedata.bidirectional(char) in {"R", "AL"} for char in name) else [name]


def test_the_same_ledger_gives_the_same_bytes() -> None:
    assert printed(report_on(eventful_story())) == printed(report_on(eventful_story()))


def test_another_process_with_other_hash_seeds_gives_the_same_bytes() -> None:
    here = hashlib.sha256(printed(report_on(eventful_story()))).hexdigest()
    there = {
        subprocess.run(
            [sys.executable, "-c", PRINT_IN_ANOTHER_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }

    assert there == {here}


def test_another_ledger_gives_other_bytes() -> None:
    assert printed(report_on(clean_story(2))) != printed(report_on(clean_story(3)))


def test_the_file_is_dated_by_the_last_entry_and_not_by_a_clock() -> None:
    story = clean_story()
    metadata = reader(printed(report_on(story))).metadata

    assert metadata is not None
    assert metadata["/CreationDate"] == "D:" + re.sub(r"\D", "", story.records[-1].at[:19]) + "+00'00'"
    assert metadata["/ModDate"] == metadata["/CreationDate"]
    assert metadata["/Title"] == "Custody report, case 2026-0147"


def test_every_value_of_every_file_stands_in_the_text() -> None:
    report = report_on(eventful_story())
    text = text_of(printed(report))

    missing = [
        value
        for job in report.jobs
        for row in job.files
        for value in (
            *names(row),
            *row.digests.values(),
            f"{row.size:,}",
            f"entry {row.entry}",
            *row.notes,
        )
        if on_the_page(value) not in text
    ]

    assert missing == []


def test_every_happening_stands_in_the_text() -> None:
    report = report_on(eventful_story())
    text = text_of(printed(report))

    missing = [
        value
        for happening in report.happenings
        for value in (happening.what, happening.done)
        if on_the_page(value) not in text
    ]

    assert missing == []


def test_names_in_other_scripts_can_be_read_out_of_the_file() -> None:
    text = text_of(printed(report_on(eventful_story())))

    for name in ("証拠/現場の映像.mov", "доказательство.mov", "דוח", "한국어.txt", "café"):
        assert name in text


def test_a_character_without_a_usable_glyph_is_printed_as_its_code() -> None:
    assert "café\\u{1f600}.png" in text_of(printed(report_on(eventful_story())))


def test_a_hash_value_is_never_broken() -> None:
    report = report_on(eventful_story())
    lines = {line.strip() for text in page_texts(printed(report)) for line in text.splitlines()}

    wanted = {row.digests["sha256"] for job in report.jobs for row in job.files if row.digests}
    assert wanted
    assert wanted <= lines


def test_a_long_hash_value_is_broken_only_in_the_middle() -> None:
    report = report_on(clean_story(1))
    job = report.jobs[0]
    digits = hashlib.sha512(b"x").hexdigest()
    row = replace(job.files[0], digests={"sha512": digits})
    changed = replace(report, jobs=(replace(job, files=(row,)),))
    lines = {line.strip() for text in page_texts(printed(changed)) for line in text.splitlines()}

    assert {digits[:64], digits[64:]} <= lines


def hostile_story() -> LedgerStory:
    story = LedgerStory(examiner=HOSTILE + " examiner").opened()
    story.session(HOSTILE + " command")
    batch = story.batch(HOSTILE + " batch")
    job = story.job(
        batch,
        name=HOSTILE + " job",
        case_number=HOSTILE + " case",
        exhibit=HOSTILE + " exhibit",
        form={HOSTILE + " field": "x", "plain": HOSTILE + " value"},
    )
    story.start(job)
    story.verified(job, b"fine", read_back="<b>method")
    story.failed(
        job, b"bad", message=HOSTILE + " message", error=HOSTILE + " error", stage=HOSTILE + " stage"
    )
    story.refuted(job, b"fine", HOSTILE + " finding")
    story.changed(job, b"fine", HOSTILE + " change")
    story.pause(batch, HOSTILE + " pause")
    story.resume(batch, HOSTILE + " ending")
    story.special(job, b"pipe", HOSTILE + " kind")
    story.link(job, b"link", HOSTILE.encode("utf-8", "surrogatepass") + b" target")
    story.fail(job, HOSTILE + " reason")
    return story


@pytest.mark.parametrize(
    "word",
    [
        *("examiner", "command", "batch", "job", "case", "exhibit", "value", "message", "error"),
        *("stage", "finding", "change", "pause", "ending", "kind", "reason"),
    ],
)
def test_a_hostile_value_is_printed_as_it_is_and_not_obeyed(word: str) -> None:
    text = text_of(printed(report_on(hostile_story())))

    assert on_the_page(f"{HOSTILE} {word}") in text


def test_a_hostile_field_name_is_printed_as_it_is() -> None:
    lines = {
        line.strip() for text in page_texts(printed(report_on(hostile_story()))) for line in text.splitlines()
    }

    drawn = wrap(f"{HOSTILE} field", LABEL, 110, NAME_BREAKS)
    assert len(drawn) > 1
    assert {"".join(run.text for run in piece.runs).strip() for piece in drawn} <= lines


def test_hostile_values_bring_nothing_into_the_file_but_text() -> None:
    pdf = reader(printed(report_on(hostile_story())))

    assert [image for page in pdf.pages for image in page.images] == []
    assert [page for page in pdf.pages if "/Annots" in page] == []
    assert "/OpenAction" not in pdf.root_object
    assert "/Names" not in pdf.root_object


def test_a_markup_parser_could_fetch_nothing() -> None:
    assert rl_config.trustedHosts == []
    assert rl_config.trustedSchemes == []


def test_every_font_is_embedded() -> None:
    fonts: dict[str, bool] = {}
    for page in reader(printed(report_on(eventful_story()))).pages:
        for reference in page["/Resources"]["/Font"].values():
            font = reference.get_object()
            descriptor = font.get("/FontDescriptor", DictionaryObject()).get_object()
            fonts[font["/BaseFont"]] = "/FontFile2" in descriptor

    assert fonts
    assert all(fonts.values()), fonts


def test_every_page_bears_case_position_code_and_number() -> None:
    story = clean_story(80)
    head = story.head
    texts = [squeezed(text) for text in page_texts(printed(report_on(story)))]

    assert len(texts) > 5
    for number, text in enumerate(texts, start=1):
        assert "Case2026-0147·exhibitA-001" in text
        assert squeezed(f"ledger position {head.position} · checkpoint code {head.code}") in text
        assert f"page{number}of{len(texts)}" in text


def test_the_first_page_opens_with_the_verdict_and_names_what_is_open() -> None:
    first = squeezed(page_texts(printed(report_on(eventful_story())))[0])

    assert first.index("Thedestinationisnotasrecorded") < first.index("12copiesverified")
    assert "DCIM/broken.movfailedwhilethecopywasreadback" in first


def test_open_exceptions_that_do_not_fit_the_first_page_are_counted_on_it() -> None:
    story = LedgerStory().opened()
    story.session()
    job = story.job(story.batch())
    story.start(job)
    for index in range(100):
        story.failed(job, f"failure-{index:03}-{'x' * 300}".encode())
    story.fail(job, "100 files failed", failed=100)
    texts = [squeezed(text) for text in page_texts(printed(report_on(story)))]

    shown_failures = len(re.findall(r"Entry\d+:failure-", texts[0]))
    assert 0 < shown_failures < 100
    assert f"and{101 - shown_failures}more,insection9." in texts[0]
    assert "2Case,examiner,instruction" in texts[1]


def test_the_first_page_is_one_page_however_much_there_is_to_say() -> None:
    story = LedgerStory(examiner="E" * 200, protected=False, synchronised=False).opened()
    story.session()
    batch = story.batch(jobs=6)
    for index in range(6):
        place = f"/{index}".encode() + b"/long folder" * 40
        job = story.job(
            batch,
            index,
            name=f"{index}" * 100,
            case_number=f"{index}" * 90,
            exhibit=f"X{index}" * 45,
            destination=place,
            sources=(place, place + b"2"),
        )
        story.start(job)
        for kind in range(20):
            story.failed(job, f"{kind}-{'x' * 300}".encode())
        story.verified(job, b"good")
        story.extra(job, b"foreign")
        story.fail(job, "20 files failed", failed=20)
    texts = [squeezed(text) for text in page_texts(printed(report_on(story)))]

    assert "2Case,examiner,instruction" in texts[1]
    assert "keepitapartfromtheledger" in texts[0]
    assert "all132,insection9." in texts[0]
    assert "and10more,seesection3" in texts[0]


def test_a_report_on_a_ledger_without_jobs_says_so_and_nothing_of_copies() -> None:
    story = LedgerStory().opened()
    story.batch(jobs=0)
    pdf = printed(report_on(story))
    metadata = reader(pdf).metadata

    assert metadata is not None
    assert metadata["/Title"] == "Custody report"
    assert squeezed("Nothing was acquired") in text_of(pdf)
    assert squeezed("read a second time") not in text_of(pdf)


def test_results_that_are_not_good_are_told_in_words() -> None:
    report = report_on(eventful_story())
    text = "\n".join(page_texts(printed(report)))

    bad = [row for job in report.jobs for row in job.files if row.result not in GOOD]
    words = re.findall(r"(FAILED|REFUTED|UNREADABLE|NOT VERIFIED)\s+entry (\d+)\n", text)
    assert sorted(int(entry) for _, entry in words) == sorted(row.entry for row in bad)


def test_a_name_longer_than_a_page_is_printed_whole() -> None:
    story = LedgerStory().opened()
    job = story.job(story.batch())
    name = b"/".join(bytes([0x80 + index]) * 255 for index in range(60))
    story.verified(job, name)
    pages = [squeezed(text) for text in page_texts(printed(report_on(story)))]

    in_the_explanation = 3
    assert sum(page.count("\\") for page in pages) == 60 * 255 + in_the_explanation
    assert any(digests(name)["sha256"] in page for page in pages)


def test_nothing_of_another_batch_is_printed() -> None:
    story = LedgerStory().opened()
    other = story.job(story.batch("SECRET batch"), name="SECRET job")
    story.verified(other, b"SECRET file")
    batch = story.batch("mine")
    story.verified(story.job(batch, name="my job"), b"my file")

    text = text_of(printed(report_on(story, Scope(batch=batch))))

    assert "SECRET" not in text
    assert "myfile" in text


@pytest.mark.parametrize("sources", range(0, 40, 3))
def test_the_head_of_a_table_is_never_left_without_a_row(sources: int) -> None:
    story = LedgerStory().opened()
    story.session()
    batch = story.batch()
    job = story.job(batch, sources=tuple(f"/mnt/{index}".encode() for index in range(sources)))
    story.failed(job, b"x" * 200)
    pages = page_texts(printed(report_on(story)))

    for title, first_value in (("What was done", "OPEN"), ("Result", "FAILED")):
        (page,) = [text for text in pages if f"{title}\n" in text]
        assert first_value in page


def test_a_report_without_jobs_can_be_printed() -> None:
    story = LedgerStory().opened()
    batch = story.batch(jobs=0)

    assert "Nothingwasacquired" in text_of(printed(report_on(story, Scope(batch=batch))))


def test_many_people_are_counted_on_the_first_page_and_all_named_on_the_second() -> None:
    story = LedgerStory().opened()
    batch = story.batch()
    for index in range(5):
        story.examiner = f"Person {index}"
        story.session()
        story.pause(batch)
    story.job(batch)
    first, second, *_ = page_texts(printed(report_on(story)))

    assert "Person 2 (badge 4411) and 2 more" in first
    assert "Person 4 (badge 4411)" in second


def test_sources_beyond_those_recorded_are_counted() -> None:
    report = report_on(clean_story(1))
    changed = replace(report, jobs=(replace(report.jobs[0], source_count=250),))

    assert "and249more;thefulllistisintheplan" in text_of(printed(changed))


@pytest.mark.slow
def test_ten_thousand_files_take_less_than_twenty_seconds_of_the_processor() -> None:
    story = clean_story(10_000)
    start = time.process_time()
    pdf = printed(report_on(story))
    seconds = time.process_time() - start

    # Tracing for coverage makes every line of it several times as slow.
    assert seconds < (20 if sys.gettrace() is None else 80)
    for index in (0, 5_000, 9_999):
        path = f"DCIM/100MEDIA/clip_{index:05}.mov".encode()
        assert digests(path)["sha256"].encode() in pdf
