"""One job from its inventory to its final check. Whatever starts it, this is the one pipeline.

Each step asks the ledger what is already done, so that it may begin again after any interruption.
"""

from dataclasses import dataclass

from custody.domain.copying.plan import JobPlan
from custody.domain.errors import DestinationFailed, Halted, LedgerFailed, Refused
from custody.domain.events import Event, InventoryTaken, JobCompleted, JobResumed, JobStarted
from custody.domain.identifiers import Stream
from custody.domain.projections.rows import JobRow
from custody.domain.use_cases.acquisition.copy_files import FileCopier
from custody.domain.use_cases.acquisition.final_check import FinalCheck
from custody.domain.use_cases.acquisition.finish_folders import FolderFinisher
from custody.domain.use_cases.acquisition.flights import last_words
from custody.domain.use_cases.acquisition.folder_attributes import FolderAttributes
from custody.domain.use_cases.acquisition.inventory import InventoryTaker
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.acquisition.kept_apart import WithinSource
from custody.domain.use_cases.acquisition.recovery import Recovery
from custody.domain.use_cases.job_rows import rows_of
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.tally import JobTally, job_failed, tally
from custody.domain.use_cases.threshold import MayGoOn
from custody.domain.use_cases.transfers import Journal
from custody.domain.use_cases.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnding:
    """How the work on a job ended: ``halted`` names the destination's trouble, ``stopped`` the threshold."""

    complete: bool
    halted: str | None = None
    stopped: bool = False
    reason: str | None = None  # why it is not complete
    refused: bool = False  # the destination lies in the source


def is_resumed(job: JobRow, run: int) -> bool:
    """Tell whether the job was begun in this run already."""
    return job.state != "queued" and job.run == run


def beginning(job: JobRow, run: int, *, made_destination: bool = False) -> JobStarted | JobResumed:
    """Return the event with which work on the job begins."""
    begun = JobResumed if is_resumed(job, run) else JobStarted
    return begun(run=run, made_destination=made_destination or None)


class JobRunner:
    """Works through one job of a run."""

    def __init__(self, workshop: Workshop, plan: JobPlan, job: JobRow, run: int, may_go_on: MayGoOn) -> None:
        """Open the job's destination. Raises DestinationFailed, Refused or Busy."""
        self._workshop = workshop
        self._plan = plan
        self._job = job
        self._revision = job.revision
        self._may_go_on = may_go_on
        self._resuming = is_resumed(job, run)
        self._site = JobSite(
            id=job.id,
            run=run,
            resumed=self._resuming,
            destination_path=job.destination,
            destination=workshop.open_destination(job.destination, create=True),
            algorithms=plan.algorithms,
            salvage=plan.salvage,
            read_source_twice=plan.read_source_twice,
        )
        self._journal = Journal(workshop.ledger)
        self._feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, workshop.settings)
        self._attributes = FolderAttributes(workshop, self._site, self._feed, self._journal)
        self._folders = FolderFinisher(workshop, self._site, self._attributes)
        self._copier = FileCopier(workshop, self._site, self._feed, self._journal)
        self._halted: str | None = None
        self._stopped = False
        self._began_at = workshop.clock.monotonic()

    @property
    def unkept(self) -> int:
        """How many files and folders made here lack attributes of their source."""
        return len(self._copier.unkept | self._attributes.unkept)

    def work(self, *, again: bool) -> JobEnding:
        """Bring the job as far as it will go; ``again`` also takes up files that had failed.

        Raises Interrupted after a request to stop, LedgerFailed when the ledger does, another Halted when no
        lane will work; all leave every true claim recorded and nothing else.
        """
        try:
            inventory = self._begin(again=again)
            self._copy_until_done(again=again)
            self._finish_folders()
            return self._conclude(inventory)
        except LedgerFailed:
            raise
        except DestinationFailed as error:
            self._halted = error.what
            return self._give_up(error.what)
        except Halted as error:
            self._give_up(error.what)
            raise
        except WithinSource as within:
            return self._give_up(within.what, refused=True)
        except Refused as refused:
            # A folder of ours was replaced by something else meanwhile.
            return self._give_up(refused.what)
        except LaneLost as lost:
            died = "the process that lists the source died" + last_words(lost.reason)
            return self._give_up("the source did not answer while it was listed" if lost.stalled else died)

    def close(self) -> None:
        """Let go of the lane and of the destination, so that others may use them."""
        try:
            self._feed.close()
        finally:
            self._site.destination.close()

    def _begin(self, *, again: bool) -> InventoryTaken:
        made = self._site.destination.made
        self._record(beginning(self._job, self._site.run, made_destination=made))
        if self._job.run:
            self._folders.reopen()
        if (
            self._resuming
            and self._job.inventoried_run == self._site.run
            and not (again and self._unlisted())
        ):
            recovery = Recovery(self._workshop, self._site, self._journal)
            recovery.confirm_proved()
            recovery.require_signed_claims()
            inventory = self._recorded_inventory()
        else:
            Recovery(self._workshop, self._site, self._journal).require_answers()
            taker = InventoryTaker(self._workshop, self._site, self._feed, self._journal)
            inventory = taker.take(self._plan.sources)
            self._record(inventory)
        open_files = self._tally()
        self._workshop.progress.plan(files=open_files.open_files, size=open_files.open_bytes)
        return inventory

    def _unlisted(self) -> bool:
        return any(
            row.stage == "inventory"
            for kind in ("file", "directory", "link")
            for row in rows_of(
                self._workshop.model, self._site.id, ("failed",), kind=kind, run=self._site.run
            )
        )

    def _recorded_inventory(self) -> InventoryTaken:
        taken = [
            recorded.event
            for recorded in self._workshop.reader.history(Stream("job", self._site.id))
            if isinstance(recorded.event, InventoryTaken) and recorded.event.run == self._site.run
        ]
        return taken[-1]

    def _copy_until_done(self, *, again: bool) -> None:
        recovery = Recovery(self._workshop, self._site, self._journal)
        if again:
            recovery.take_up_failed()
        copier, whole = self._copier, False
        while not whole and self._may_still_copy(copier):
            recovery.take_up_unfinished()
            # Read-backs first: their copies were claimed before, and wait for their proof.
            whole = self._work(copier, "fsynced") and self._work(copier, "queued") and self._retry(copier)
        self._halted = copier.halted
        waiting = len(copier.retryable)  # no retry is left to them
        self._stopped = not self._may_go_on.add(copier.tried + waiting, copier.failed + waiting)

    def _may_still_copy(self, copier: FileCopier) -> bool:
        return not copier.halted and self._may_go_on(copier.tried, copier.failed)

    def _work(self, copier: FileCopier, state: str) -> bool:
        rows = rows_of(self._workshop.model, self._site.id, (state,), run=self._site.run)
        return copier.work_through(rows, may_go_on=self._may_go_on)

    def _retry(self, copier: FileCopier) -> bool:
        pause = self._workshop.settings.retry_pause_seconds
        while copier.retryable and self._may_still_copy(copier):
            self._feed.pause(pause)
            pause *= 2
            if not copier.work_through_waiting(may_go_on=self._may_go_on):
                return False
        return True

    def _finish_folders(self) -> None:
        """Leave the folders alone while files are open; while some failed, leave the right to try again."""
        sums = self._tally()
        if not (self._halted or self._stopped or sums.open_files):
            self._folders.finish(keep_writable=bool(sums.counts.failed))

    def _conclude(self, inventory: InventoryTaken) -> JobEnding:
        if self._halted:
            return self._give_up(self._halted)
        if self._stopped:
            return self._give_up("too many files failed", stopped=True)
        check = FinalCheck(self._workshop, self._job, self._site, self._feed, self._journal)
        changes = check.second_walk(self._plan.sources, inventory, self._add)
        foreign = check.foreign_entries()
        sums = self._tally()
        reasons = [
            (sums.counts.failed, f"{sums.counts.failed} entries failed"),
            (sums.counts.qualified, f"{sums.counts.qualified} files could not be read whole"),
            (sums.open_files, f"{sums.open_files} files are open"),
            (changes, f"{changes} differences between the first and the second walk of the sources"),
            (check.unlisted, f"{check.unlisted} folders could not be listed again"),
            (foreign, f"{foreign} foreign entries in folders made for the copy"),
            (not check.sums_agree(inventory), "the outcomes do not add up to the inventory"),
        ]
        wrong = [text for amount, text in reasons if amount]
        if wrong:
            return self._give_up("; ".join(wrong))
        self._record(
            JobCompleted(
                run=self._site.run,
                queued=sums.counts.queued,
                verified=sums.counts.verified,
                skipped=sums.counts.skipped,
                special=sums.counts.special,
                bytes=sums.verified_bytes,
                milliseconds=self._milliseconds(),
            )
        )
        return JobEnding(complete=True)

    def _give_up(self, reason: str, *, stopped: bool = False, refused: bool = False) -> JobEnding:
        self._journal.commit()
        self._record(
            job_failed(self._tally(), run=self._site.run, reason=reason, milliseconds=self._milliseconds())
        )
        return JobEnding(complete=False, halted=self._halted, stopped=stopped, reason=reason, refused=refused)

    def _tally(self) -> JobTally:
        return tally(self._workshop.model.tallies(self._site.id, self._site.run))

    def _milliseconds(self) -> int:
        return round((self._workshop.clock.monotonic() - self._began_at) * 1000)

    def _record(self, event: Event) -> None:
        self._add(event)
        self._journal.commit()

    def _add(self, event: Event) -> None:
        self._revision += 1
        self._journal.add(Stream("job", self._site.id), self._revision, event)
