"""The custody report as a PDF: the order of its sections, short ones first, long lists last.

Knows what stands where. What is said is decided in ``content``; how things look, in ``pdf_blocks`` and
``pdf_tables``.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from custody.domain.paths import escape_text, printable
from custody.reports import pdf_chain, pdf_ledger, pdf_lists
from custody.reports.custody_report import CustodyReport, JobSection
from custody.reports.pdf_blocks import (
    CODE,
    MINOR,
    bullets,
    command,
    heading,
    pairs,
    paragraph,
    subheading,
)
from custody.reports.pdf_first_page import first_page, people
from custody.reports.sheet import Furniture, Sheet
from custody.reports.wording import algorithm, count, listed, moment, number, size

_TABLE_BEGINS: Final = 170.0  # points for an introduction, the head of a table and its first row


def write_custody_pdf(report: CustodyReport, out: BinaryIO) -> None:
    """Write the report to ``out``. The same report gives the same bytes."""
    sheet = Sheet(out, _furniture(report))
    first_page(sheet, report)
    _case_and_examiner(sheet, report)
    _sources(sheet, report)
    heading(sheet, "4  Method")
    bullets(sheet, report.method)
    _clock(sheet, report)
    pdf_ledger.ledger(sheet, report)
    _checks(sheet, report)
    heading(sheet, "8  What this report does not prove")
    bullets(sheet, report.limits)
    _exceptions(sheet, report)
    _rereadings(sheet, report)
    _files(sheet, report)
    _others(sheet, report)
    heading(sheet, "13  Chain of custody")
    pdf_chain.chain(sheet, report.chain)
    sheet.finish()


def _furniture(report: CustodyReport) -> Furniture:
    cases = listed(report.case_numbers)
    exhibits = listed(report.exhibits)
    about = (f"Case {cases}" if cases else "No case") + (f" · exhibit {exhibits}" if exhibits else "")
    head = report.head
    return Furniture(
        title=escape_text("Custody report" + (f", case {cases}" if cases else "")),
        author=escape_text(listed(dict.fromkeys(session.examiner for session in report.sessions))),
        subject=f"Ledger {report.ledger}, entry {head.position}, root {head.root_hex}",
        date=report.made_at,
        head_left="Custody report",
        head_right=about,
        foot_right=f"ledger position {number(head.position)} · checkpoint code {head.code}",
    )


def _case_and_examiner(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "2  Case, examiner, instruction")
    pairs(sheet, people(report))
    for batch in report.batches:
        subheading(sheet, f"Batch {batch.name}")
        pairs(sheet, [("Jobs in the batch", number(batch.jobs))], gap=0)
        pairs(sheet, [("Batch id (plan SHA-256)", batch.batch)], CODE, gap=0)
        given = "the command line" if batch.instruction is None else printable(batch.instruction)
        pairs(sheet, [("Instruction given by", given)], gap=0)
        if batch.instruction_sha256 is not None:
            pairs(sheet, [("SHA-256 of that file", batch.instruction_sha256)], CODE)


def _sources(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "3  Sources and destination")
    for job in report.jobs:
        subheading(sheet, f"Job {job.name}")
        pairs(sheet, _job_facts(job))
        if job.form:
            paragraph(sheet, "Form data, as entered by the examiner", MINOR)
            pairs(sheet, job.form)
    if not report.jobs:
        paragraph(sheet, "No job lies in the scope of this report.")


def _job_facts(job: JobSection) -> Iterator[tuple[str, str]]:
    yield "Case number", job.case_number
    yield "Exhibit", job.exhibit or "none given"
    for index, source in enumerate(job.sources):
        yield "Sources" if index == 0 else "", printable(source)
    if job.source_count > len(job.sources):
        yield "", f"and {number(job.source_count - len(job.sources))} more; the full list is in the plan"
    yield "Destination", printable(job.destination)
    yield "Hash algorithms", listed(algorithm(name) for name in job.algorithms)
    yield "Outcome", job.outcome
    if job.began_at is not None:
        yield "Work began", moment(job.began_at)
    if job.ended_at is not None:
        yield "Work ended", moment(job.ended_at)
    for taken in job.inventories:
        found = (
            f"{count(taken.files, 'file')}, {size(taken.size_bytes)}; {count(taken.directories, 'folder')}, "
            f"{count(taken.links, 'link')}, {count(taken.special, 'special file')}, "
            f"{number(taken.unreadable)} unreadable; entry {number(taken.entry)}"
        )
        yield f"First listing, run {taken.run}", found
        yield "SHA-256 of the listing", taken.digest
    yield "Job id", str(job.job)


def _clock(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "5  Clock statement")
    bullets(sheet, report.clock)
    if report.sessions:
        pdf_lists.sessions(sheet, report.sessions)


def _checks(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "7  How to check this report")
    for index, step in enumerate(report.checks, start=1):
        sheet.need(50)
        paragraph(sheet, f"{index}. {step.text}")
        if step.command is not None:
            command(sheet, step.command)


def _exceptions(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "9  Exceptions and interruptions", keep=_TABLE_BEGINS)
    if not report.happenings:
        paragraph(sheet, "None is recorded: no failure, no retry, no interruption, no change of the sources.")
        return
    unsettled = sum(happening.open for happening in report.happenings)
    paragraph(
        sheet,
        f"{number(len(report.happenings))} recorded, {number(unsettled)} still open. Open ones bear the word "
        "OPEN and a bar in the margin. What was settled later stays in this list.",
    )
    pdf_lists.happenings(sheet, report.happenings)


def _rereadings(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "10  Later readings of the copies")
    if not report.rereadings:
        paragraph(sheet, "None is recorded as far as this report reaches.")
        return
    paragraph(
        sheet,
        "One row for each command that read copies again after they had been verified, or looked for entries "
        "that do not belong among them. What was found against a copy stands in section 9.",
    )
    pdf_lists.rereadings(sheet, report.rereadings)


def _files(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "11  Files", keep=_TABLE_BEGINS)
    paragraph(
        sheet,
        "One row for each file of the sources. Files that are not proved bear a bar in the margin and their "
        "result in capitals. Characters that cannot be printed are written as codes (\\xff a byte, \\u202e "
        "or \\u{1f600} a character); the exact bytes of each name are in the ledger. Words in "
        "right-to-left letters run from right to left; the parts of a name keep their order.",
    )
    for job in report.jobs:
        subheading(sheet, f"Job {job.name}: {count(len(job.files), 'file')}")
        if job.files:
            pdf_lists.files(sheet, job.files)


def _others(sheet: Sheet, report: CustodyReport) -> None:
    heading(sheet, "12  Folders, links, special files")
    for job in report.jobs:
        subheading(sheet, f"Job {job.name}")
        paragraph(
            sheet,
            f"{count(job.folders, 'folder')} kept, {count(len(job.links), 'symbolic link')} recreated, "
            f"{count(len(job.special), 'special file')} listed and not copied.{_there_before(job)}",
        )
        if job.links:
            pdf_lists.links(sheet, job.links)
        if job.special:
            pdf_lists.special(sheet, job.special)


def _there_before(job: JobSection) -> str:
    if not job.folders_there_before:
        return ""
    return (
        f" {count(job.folders_there_before, 'folder')} had been at the destination before: what else lies "
        "there was not searched for entries that do not belong to the copies."
    )
