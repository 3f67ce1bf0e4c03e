"""Running a batch: queue it or take it up again, work through its jobs, say how it ended.

Knows when the same instruction means resuming and when a new run. The work on one job is ``run_job``.
"""

from custody.domain.copying.plan import JobPlan, Plan
from custody.domain.errors import (
    Busy,
    CustodyError,
    DestinationFailed,
    Halted,
    LedgerFailed,
    NotFound,
    Refused,
)
from custody.domain.events import BatchCompleted, BatchPaused, BatchResumed, BatchStarted, BatchStopped, Event
from custody.domain.identifiers import BatchId, Stream
from custody.domain.paths import RawPath
from custody.domain.ports import ReadModel
from custody.domain.projections.rows import BatchRow, JobRow
from custody.domain.use_cases.acquisition.run_job import JobEnding, JobRunner, beginning
from custody.domain.use_cases.batches.batch_results import MAX_FAILURES_LISTED, failures_of, job_results
from custody.domain.use_cases.batches.final_pass import reverify_sample
from custody.domain.use_cases.batches.queue_batch import Instruction, plan_of, queue_batch
from custody.domain.use_cases.batches.run_outcome import RunOutcome
from custody.domain.use_cases.job_rows import planned
from custody.domain.use_cases.lane_feed import Interrupted
from custody.domain.use_cases.tally import job_failed, tally
from custody.domain.use_cases.threshold import MayGoOn
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.workshop import BatchResult, Counts, Workshop

FINISHED_STATES = frozenset({"completed", "incomplete"})
GIVEN_UP_STATES = frozenset({"stopped"})


def start(workshop: Workshop, plan: Plan, *, instruction: Instruction | None = None) -> BatchResult:
    """Run a plan: queue it when it is new, resume it when it is unfinished, else run it anew.

    Raises LedgerFailed when the ledger stops taking entries; every other trouble is in the result.
    """
    batch = workshop.model.batch(plan.id)
    if batch is None:
        queue_batch(workshop, plan, instruction)
        batch = batch_to_resume(workshop.model, plan.id)
    return _Run(workshop, plan, batch).work(new_run=batch.state in FINISHED_STATES or batch.run == 0)


def resume(workshop: Workshop, batch_id: str) -> BatchResult:
    """Continue a batch; an incomplete one is run anew. Raises NotFound."""
    batch = batch_to_resume(workshop.model, batch_id)
    plan = plan_of(workshop.reader, batch)
    return _Run(workshop, plan, batch).work(new_run=batch.state in FINISHED_STATES or batch.run == 0)


def retry(workshop: Workshop, batch_id: str) -> BatchResult:
    """Take up the failed files of a batch, and only those; raises NotFound."""
    batch = batch_to_resume(workshop.model, batch_id)
    return _Run(workshop, plan_of(workshop.reader, batch), batch).work(new_run=batch.run == 0, again=True)


def batch_to_resume(model: ReadModel, batch_id: str) -> BatchRow:
    """Return the batch of this whole id; raises NotFound."""
    batch = model.batch(batch_id)
    if batch is None:
        raise NotFound(
            f"there is no batch {batch_id!r}",
            done="nothing was written",
            hint="'custody batch list' shows all batches",
        )
    return batch


class _Run:
    """One batch being worked on in this process."""

    def __init__(self, workshop: Workshop, plan: Plan, batch: BatchRow) -> None:
        self._workshop = workshop
        self._plan = plan
        self._batch = batch
        self._stream: Stream = batch.stream
        self._revision = batch.revision
        self._journal = Journal(workshop.ledger)
        self._began_at = workshop.clock.monotonic()
        self._outcome = RunOutcome()
        self._may_go_on = MayGoOn(plan.stop_when_failed_over_permille)

    def work(self, *, new_run: bool, again: bool = False) -> BatchResult:
        run = self._batch.run + 1 if new_run else self._batch.run
        if new_run:
            self._record(BatchStarted(run=run))
        else:
            self._record(self._resumed(run))
        again = again or (not new_run and self._batch.state in GIVEN_UP_STATES)
        try:
            self._work_through_jobs(run, again=again)
            if not (self._outcome.stopped or self._outcome.halted):
                self._outcome.sample = reverify_sample(self._workshop, self._jobs(), run, self._journal)
        except Interrupted as interrupted:
            self._record(BatchPaused(run=run, reason=interrupted.signal))
            return self._result(run, "paused", signal=interrupted.signal)
        except LedgerFailed:
            raise
        except Halted as halted:  # no lane will work: neither would any other job's
            self._outcome.halted, self._outcome.hint = halted.what, halted.hint
        return self._end(run)

    def _work_through_jobs(self, run: int, *, again: bool) -> None:
        failed_destinations: set[RawPath] = set()
        for job in self._jobs():
            if self._outcome.stopped:
                break
            if job.state == "completed" and job.run == run:
                continue
            if job.destination in failed_destinations:
                self._outcome.incomplete = True
                continue
            plan = planned(self._plan, job, self._workshop.ledger.ledger)
            ending = self._work_on(plan, job, run, again=again)
            if ending is None:
                continue
            self._outcome.incomplete |= not (ending.complete or ending.refused)
            if ending.reason:
                self._outcome.reasons[job.index] = ending.reason
                if ending.refused:
                    self._outcome.obstacles.setdefault("refused", ending.reason)
            self._outcome.stopped |= ending.stopped
            if ending.halted:
                failed_destinations.add(job.destination)
                self._outcome.halted = ending.halted

    def _work_on(self, plan: JobPlan, job: JobRow, run: int, *, again: bool) -> JobEnding | None:
        try:
            runner = JobRunner(self._workshop, plan, job, run, self._may_go_on)
        except (Refused, Busy) as obstacle:
            self._outcome.obstacles.setdefault(obstacle.code, obstacle.what)
            self._record_not_begun(job, run, obstacle)
            return None
        except DestinationFailed as error:
            self._record_not_begun(job, run, error)
            return JobEnding(complete=False, halted=error.what)
        try:
            return runner.work(again=again)
        finally:
            self._outcome.unkept += runner.unkept
            runner.close()

    def _record_not_begun(self, job: JobRow, run: int, error: CustodyError) -> None:
        """One job that cannot begin does not stop the others; that it could not is on record."""
        sums = tally(self._workshop.model.tallies(job.id, run))
        events = beginning(job, run), job_failed(sums, run=run, reason=error.what, milliseconds=0)
        for revision, event in enumerate(events, job.revision + 1):
            self._journal.add(Stream("job", job.id), revision, event)
        self._journal.commit()

    def _resumed(self, run: int) -> BatchResumed:
        found: dict[str, int] = {}
        for job in self._jobs():
            for item in self._workshop.model.tallies(job.id, run):
                if item.kind == "file":
                    found[item.state] = found.get(item.state, 0) + item.count
        ended = self._batch.state
        if ended == "running":
            ended = "restarted" if self._workshop.restarted else "killed"
        return BatchResumed(
            run=run,
            ended=ended,
            verified=found.get("verified", 0),
            qualified=found.get("qualified", 0) or None,
            fsynced=found.get("fsynced", 0),
            copying=found.get("copying", 0),
            queued=found.get("queued", 0),
            failed=found.get("failed", 0),
        )

    def _end(self, run: int) -> BatchResult:
        counts, size = self._sums(run)
        if self._outcome.halted or self._outcome.stopped:
            reason = self._outcome.halted or "too many files failed"
            tried, failed = self._may_go_on.tried, self._may_go_on.failed
            self._record(BatchStopped(run=run, reason=reason, tried=tried, failed=failed))
            return self._result(run, "halted" if self._outcome.halted else "stopped")
        incomplete = not self._outcome.is_complete
        self._record(
            BatchCompleted(
                run=run,
                queued=counts.queued,
                verified=counts.verified,
                qualified=counts.qualified or None,
                skipped=counts.skipped,
                failed=counts.failed,
                special=counts.special,
                bytes=size,
                milliseconds=self._milliseconds(),
                incomplete=incomplete,
            )
        )
        return self._result(run, "incomplete" if incomplete else "completed")

    def _sums(self, run: int) -> tuple[Counts, int]:
        counts, size = Counts(), 0
        for result in job_results(self._workshop.model, self._jobs(), run):
            counts, size = counts + result.files, size + result.bytes
        return counts, size

    def _result(self, run: int, status: str, signal: str | None = None) -> BatchResult:
        counts, size = self._sums(run)
        failures = failures_of(self._workshop.model, self._jobs(), run)
        sample = self._outcome.sample
        listed = (*failures.listed, *sample.failures)[:MAX_FAILURES_LISTED]
        return BatchResult(
            batch=BatchId(self._batch.batch),
            run=run,
            status=status,
            jobs=job_results(self._workshop.model, self._jobs(), run, self._outcome.reasons),
            files=counts,
            bytes=size,
            seconds=self._milliseconds() / 1000,
            failures=listed,
            failures_not_listed=failures.count + len(sample.failures) - len(listed),
            refuted=failures.refuted or sample.refuted > 0,
            metadata_lost=self._outcome.unkept,
            signal=signal,
            halt_reason=self._outcome.reason,
            halt_hint=self._outcome.hint,
            obstacle=None if signal else self._outcome.only_obstacle,
        )

    def _jobs(self) -> tuple[JobRow, ...]:
        return tuple(self._workshop.model.jobs(self._batch.batch))

    def _milliseconds(self) -> int:
        return round((self._workshop.clock.monotonic() - self._began_at) * 1000)

    def _record(self, event: Event) -> None:
        self._revision += 1
        self._journal.add(self._stream, self._revision, event)
        self._journal.commit()
