"""One job as the report shows it: what was asked for, every file, and what else was found in its sources.

Knows how folded facts become rows. Counts over several jobs and judges nothing.
"""

from custody.domain.events import (
    DirectoryCreated,
    InventoryTaken,
    JobCompleted,
    JobFailed,
    LinkRecorded,
    SpecialFileSkipped,
)
from custody.domain.identifiers import JobId, Position
from custody.domain.paths import escape_text
from custody.reports.custody_report import InventoryRow, JobSection, LinkRow, SpecialRow
from custody.reports.job_facts import JobFacts, Made


def job_section(identity: JobId, facts: JobFacts) -> JobSection:
    """Return everything that the report says about one job."""
    event, made = facts.event, facts.listed()
    folders = [item.event for item in made if isinstance(item.event, DirectoryCreated)]
    transfers = sorted(facts.transfers.values(), key=lambda transfer: transfer.path)
    return JobSection(
        job=identity,
        batch=event.batch,
        name=event.name,
        case_number=event.case_number,
        exhibit=event.exhibit,
        destination=event.destination,
        sources=event.sources,
        source_count=event.source_count,
        algorithms=tuple(sorted(event.algorithms)),
        form=tuple(sorted(event.form.items())),
        outcome=_outcome(facts),
        finished=facts.outcome is not None and isinstance(facts.outcome.event, JobCompleted),
        began_at=facts.began_at,
        ended_at=facts.ended_at,
        inventories=tuple(_inventory(position, taken) for position, taken in facts.inventories),
        folders=len(folders),
        folders_there_before=sum(folder.existed for folder in folders),
        files=tuple(transfer.row() for transfer in transfers),
        links=tuple(
            LinkRow(path=item.event.path, target=item.event.target, entry=item.entry, wrong=_wrong(item))
            for item in made
            if isinstance(item.event, LinkRecorded)
        ),
        special=tuple(
            SpecialRow(path=item.event.path, kind=item.event.kind, entry=item.entry)
            for item in made
            if isinstance(item.event, SpecialFileSkipped)
        ),
        refuted_entries=sum(item.is_refuted for item in made),
        failed_entries=sum(item.against is not None and not item.is_refuted for item in made),
        foreign=tuple(sorted(found.path for found in facts.foreign.values() if found.gone is None)),
    )


def _wrong(link: Made) -> str | None:
    if link.against is None:
        return None
    return "REFUTED" if link.is_refuted else "FAILED"


def _outcome(facts: JobFacts) -> str:
    if facts.outcome is None:
        return "not finished" if facts.runs else "not begun"
    event = facts.outcome.event
    if isinstance(event, JobFailed):
        return f"ended without being complete: {escape_text(event.reason)}"
    return "complete"


def _inventory(position: Position, taken: InventoryTaken) -> InventoryRow:
    return InventoryRow(
        run=taken.run, files=taken.files, directories=taken.directories, links=taken.links,
        special=taken.special, unreadable=taken.unreadable, size_bytes=taken.bytes, digest=taken.digest,
        entry=position,
    )  # fmt: skip
