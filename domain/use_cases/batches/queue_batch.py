"""Taking an instruction into the ledger: the batch, its jobs, and the cases and exhibits they name.

The plan and the batch file's own bytes are kept as documents, cited by their SHA-256.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, cast

from custody.domain import canonical
from custody.domain.canonical import JsonObject
from custody.domain.copying.plan import JobPlan, Plan
from custody.domain.events import BatchQueued, CaseOpened, ExhibitRegistered, JobQueued
from custody.domain.exhibits.case import Case, evolve, require_not_closed
from custody.domain.identifiers import (
    FIRST_REVISION,
    Stream,
    batch_stream,
    case_stream,
    exhibit_stream,
    job_id,
)
from custody.domain.paths import RawPath, to_json
from custody.domain.ports import LedgerReader, Recording
from custody.domain.projections.rows import BatchRow
from custody.domain.use_cases.workshop import Workshop

MAX_SOURCES_IN_EVENT: Final = 100  # the plan has them all; an entry holds at most 60 KiB
MAX_SOURCE_BYTES_IN_EVENT: Final = 8 * 1024  # as JSON: a strange name takes six times its bytes


@dataclass(frozen=True, slots=True)
class Instruction:
    """The batch file as it was given."""

    path: RawPath
    content: bytes


def queue_batch(workshop: Workshop, plan: Plan, instruction: Instruction | None) -> None:
    """Record a new batch in one commit. Raises Refused for a job of a closed case."""
    ledger = workshop.ledger.ledger
    queued = _kept(workshop, plan, instruction)
    begun: dict[Stream, Recording] = {}
    for job in plan.jobs:
        for recording in _case_and_exhibit(workshop, job):
            begun.setdefault(recording.stream, recording)
    jobs = (
        Recording(Stream("job", job_id(ledger, plan.id, index)), FIRST_REVISION, _queued(plan, job, index))
        for index, job in enumerate(plan.jobs)
    )
    batch = Recording(batch_stream(ledger, plan.id), FIRST_REVISION, queued)
    workshop.ledger.append([*begun.values(), batch, *jobs])


def _kept(workshop: Workshop, plan: Plan, instruction: Instruction | None) -> BatchQueued:
    """Keep the plan and the file it came from; returns the event that names both."""
    workshop.ledger.keep_document(plan.to_bytes())
    if instruction is None:
        return BatchQueued(batch=plan.id, name=plan.name, jobs=len(plan.jobs))
    workshop.ledger.keep_document(instruction.content)
    return BatchQueued(
        batch=plan.id,
        name=plan.name,
        jobs=len(plan.jobs),
        instruction=instruction.path,
        instruction_sha256=hashlib.sha256(instruction.content).hexdigest(),
    )


def _case_and_exhibit(workshop: Workshop, job: JobPlan) -> list[Recording]:
    ledger = workshop.ledger.ledger
    case = case_stream(ledger, job.case_number)
    made = []
    known = Case(number=job.case_number)
    for recorded in workshop.reader.history(case):
        known = evolve(known, recorded.event)
    require_not_closed(known)
    if not known.known:
        made.append(Recording(case, FIRST_REVISION, CaseOpened(case_number=job.case_number)))
    if job.exhibit is not None:
        exhibit = exhibit_stream(ledger, job.case_number, job.exhibit)
        if not workshop.reader.revision(exhibit):
            event = ExhibitRegistered(case_number=job.case_number, exhibit=job.exhibit)
            made.append(Recording(exhibit, FIRST_REVISION, event))
    return made


def _queued(plan: Plan, job: JobPlan, index: int) -> JobQueued:
    return JobQueued(
        batch=plan.id,
        index=index,
        name=job.name,
        case_number=job.case_number,
        exhibit=job.exhibit,
        destination=job.destination,
        sources=_first(job.sources),
        source_count=len(job.sources),
        algorithms=job.algorithms,
        form=dict(job.form),
    )


def _first(sources: tuple[RawPath, ...]) -> tuple[RawPath, ...]:
    """Return the sources that an entry can hold."""
    chosen: list[RawPath] = []
    size = 0
    for source in sources[:MAX_SOURCES_IN_EVENT]:
        size += len(canonical.encode(cast("JsonObject", to_json("path", source))))
        if size > MAX_SOURCE_BYTES_IN_EVENT:
            break
        chosen.append(source)
    return tuple(chosen)


def plan_of(reader: LedgerReader, batch: BatchRow) -> Plan:
    """Return the kept plan of a batch; raises NotFound or MalformedData when it is lost or damaged."""
    return Plan.from_bytes(reader.document(batch.batch))
