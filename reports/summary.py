"""The first page in words: one sentence that tells the truth at once, then what a reader asks next.

Knows the order of honesty: what failed comes before what went well, only a file that was read and compared
counts as good. Counts nothing itself.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from custody.domain.paths import escape_text
from custody.reports.anchors import AnchorLine, in_brief
from custody.reports.custody_report import (
    Counts,
    Happening,
    JobSection,
    RereadingLine,
    SessionLine,
    Summary,
)
from custody.reports.keys import KeyLine
from custody.reports.results import STANDINGS, Result, Trouble, Verdict, by_gravity, told, worst
from custody.reports.scope import LedgerHead
from custody.reports.wording import READ_BACK, algorithm, count, few, listed, moment, number, size

_COMPARED: Final = "sha256"  # of source and copy (ADR 0012)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that the first page is made from."""

    counts: Counts
    jobs: tuple[JobSection, ...]
    sessions: tuple[SessionLine, ...]
    happenings: tuple[Happening, ...]
    rereadings: tuple[RereadingLine, ...]
    keys: tuple[KeyLine, ...]
    anchors: tuple[AnchorLine, ...]
    head: LedgerHead


def summarise(found: Findings) -> Summary:
    """Return the verdict, its sentence and the sentences after it."""
    counts, jobs = found.counts, found.jobs
    troubles = by_gravity(_troubles(counts, jobs))
    remarks = sum(happening.open for happening in found.happenings)
    verdict = worst(troubles) if jobs else Verdict.UNFINISHED
    if verdict is Verdict.COMPLETE and remarks:
        verdict = Verdict.REMARKS
    sentences = (
        *_who_and_when(jobs, found.sessions),
        *_proof(counts, jobs),
        *(_read_again(found.rereadings) if jobs else ()),
        *_others(counts),
        *_course(found.happenings),
        *_reservations(found),
    )
    return Summary(verdict=verdict, headline=_headline(counts, jobs, troubles, remarks), sentences=sentences)


def _troubles(counts: Counts, jobs: Sequence[JobSection]) -> Iterator[Trouble]:
    for result, standing in STANDINGS.items():
        if not standing.proved and (files := counts.by_result[result]):
            yield Trouble(standing.verdict, told(files, standing.one, standing.many))
    if counts.refuted_entries:
        words = told(counts.refuted_entries, "folder or link", "folders or links")
        yield Trouble(Verdict.REFUTED, f"{words} later found changed or missing")
    if counts.foreign:
        words = told(counts.foreign, "foreign entry was", "foreign entries were")
        yield Trouble(Verdict.REFUTED, f"{words} found among the copies")
    if counts.failed_entries:
        words = told(counts.failed_entries, "folder or link", "folders or links")
        yield Trouble(Verdict.FAILED, f"{words} failed")
    yield from _troubles_of_jobs(jobs)


def _troubles_of_jobs(jobs: Sequence[JobSection]) -> Iterator[Trouble]:
    if unreadable := sum(job.inventories[-1].unreadable for job in jobs if job.inventories):
        words = count(unreadable, "entry", "entries")
        yield Trouble(Verdict.FAILED, f"{words} of the sources could not be listed")
    if broken := sum(job.ended_at is not None and not job.finished for job in jobs):
        yield Trouble(Verdict.FAILED, f"{count(broken, 'job')} ended without being complete")
    if unfinished := sum(job.ended_at is None for job in jobs):
        yield Trouble(Verdict.UNFINISHED, f"{count(unfinished, 'job')} not finished")


def _headline(counts: Counts, jobs: Sequence[JobSection], troubles: Sequence[Trouble], remarks: int) -> str:
    if not jobs:
        return "Nothing was acquired: the ledger holds no job for this report."
    if troubles:
        what = "Not everything was copied and verified"
        if troubles[0].verdict is Verdict.REFUTED:
            what = "The destination is not as recorded"
        return (
            f"{what}: of {count(counts.files, 'file')}, {number(counts.good)} verified; "
            f"{'; '.join(trouble.words for trouble in troubles)}."
        )
    but = f", but {count(remarks, 'exception')} must be read with it" if remarks else ""
    return f"{_all_good(counts)}{but}."


def _all_good(counts: Counts) -> str:
    if not counts.files:
        return "The sources held no files, so there was nothing to verify"
    one = counts.files == 1
    which = "The one file found in the sources" if one else f"All {count(counts.files, 'file')}"
    done = f"{'was' if one else 'were'} copied and verified"
    if counts.by_result[Result.VERIFIED] < counts.files:
        done = f"{'stands' if one else 'stand'} verified at the destination"
    return f"{which}, {size(counts.good_bytes)}, {done}"


def _who_and_when(jobs: Sequence[JobSection], sessions: Sequence[SessionLine]) -> list[str]:
    examiners = few(dict.fromkeys(escape_text(session.examiner) for session in sessions))
    cases = few(dict.fromkeys(escape_text(job.case_number) for job in jobs))
    exhibits = few(dict.fromkeys(escape_text(job.exhibit) for job in jobs if job.exhibit))
    if not (examiners and cases):
        return []
    about = f"case {cases}" + (f", exhibit {exhibits}" if exhibits else "")
    began = [job.began_at for job in jobs if job.began_at is not None]
    ended = [job.ended_at for job in jobs if job.ended_at is not None]
    when = f" Work began on {moment(min(began))}" if began else ""
    if began and len(ended) == len(jobs):
        when += f" and ended on {moment(max(ended))}"
    return [f"Examiner {examiners} worked on {about}.{when}{'.' if when else ''}"]


def _proof(counts: Counts, jobs: Sequence[JobSection]) -> Iterator[str]:
    copied, qualified = counts.by_result[Result.VERIFIED], counts.by_result[Result.QUALIFIED]
    present, earlier = counts.by_result[Result.PRESENT], counts.by_result[Result.EARLIER]
    if copied:
        yield _verified(copied, {name for job in jobs for name in job.algorithms})
    if counts.read_twice:
        yield (
            f"{count(counts.read_twice, 'source file')} read twice, the second time past the memory of the "
            "system where that could be done: both readings gave the same content."
        )
    if counts.with_zeros:
        yield (
            f"{count(counts.with_zeros, 'source file holds', 'source files hold')} long runs of zeros or "
            "nothing else, which may be gaps that an earlier tool filled: see the notes beside them."
        )
    if qualified:
        yield (
            f"{count(qualified, 'copy is', 'copies are')} qualified, not verified: parts of the source could "
            "not be read, and the copy has zeros in their place. Where they lie is in “Exceptions and "
            "interruptions”."
        )
    if present:
        yield (
            f"{count(present, 'file')} already stood at the destination: compared with the source "
            "and found equal."
        )
    if earlier:
        yield (
            f"{count(earlier, 'file')} had been verified by an earlier entry of the ledger and had the same "
            "size and time since: neither copied nor read again."
        )
    if counts.read_back:
        yield f"Read back: {'; '.join(_methods(counts))}."


def _verified(copied: int, algorithms: Collection[str]) -> str:
    """Say what was compared: of the copy only its size and SHA-256 were computed."""
    others = listed(algorithm(name) for name in sorted(set(algorithms) - {_COMPARED}))
    computed = f" The other hash values ({others}) are those of the source as it was read." if others else ""
    return (
        f"{count(copied, 'copy', 'copies')} verified: read back after writing, with the size and the "
        f"{algorithm(_COMPARED)} value that were computed while the source was read.{computed}"
    )


def _methods(counts: Counts) -> Iterator[str]:
    for method, copies in sorted(counts.read_back.items(), key=_strongest_first):
        yield f"{count(copies, 'file')} {READ_BACK.get(method, escape_text(method))}"


def _strongest_first(item: tuple[str, int]) -> tuple[int, str]:
    order = tuple(READ_BACK)
    return (order.index(item[0]) if item[0] in order else len(order), item[0])


def _read_again(rereadings: Sequence[RereadingLine]) -> list[str]:
    if not rereadings:
        return ["The copies were not read a second time later on, as far as this report reaches."]
    last = rereadings[-1]
    outcome = (
        "nothing was found against any copy"
        if all(line.is_good for line in rereadings)
        else "not everything was found as recorded"
    )
    passes = count(len(rereadings), "later pass", "later passes")
    begun = f"Copies were read again in {passes}, the last on {moment(last.at)}"
    return [f"{begun}: {outcome}, see section 10."]


def _reservations(found: Findings) -> Iterator[str]:
    yield in_brief(found.anchors, found.head)
    if any(key.signed and key.end is not None and key.end.is_revoked for key in found.keys):
        yield (
            "A key that signed entries of this report was REVOKED later: what it signed before stays good, "
            "see section 6."
        )
    if any(key.protected is False for key in found.keys):
        yield (
            "A key named in section 6 is NOT guarded by a passphrase: whoever can read its file can sign "
            "with it."
        )
    if any(session.clock_synchronised is False for session in found.sessions):
        yield "The clock of the machine was NOT synchronised with a time server in at least one session."


def _others(counts: Counts) -> list[str]:
    found = []
    if counts.folders or counts.links:
        found.append(
            f"Besides files: {count(counts.folders, 'folder')} kept, {count(counts.links, 'symbolic link')} "
            "recreated without being followed."
        )
    if counts.special:
        found.append(
            f"{count(counts.special, 'special file')} (pipe, socket or device) found: listed, "
            "not opened, not copied."
        )
    return found


def _course(happenings: Sequence[Happening]) -> list[str]:
    if not happenings:
        return ["Nothing out of the ordinary is recorded: no failure, no retry, no interruption."]
    unsettled = sum(happening.open for happening in happenings)
    told = count(len(happenings), "exception or interruption", "exceptions and interruptions")
    return [f"{told} recorded, {number(unsettled)} still open: see “Exceptions and interruptions”."]
