"""What became of a run's jobs, and what all of it together amounts to. Knows no ledger and no exit code."""

from dataclasses import dataclass, field

from custody.domain.use_cases.batches.final_pass import SampleResult


@dataclass(slots=True)
class RunOutcome:
    """What became of the jobs so far. ``obstacles``: why jobs could not begin, by code of the error."""

    incomplete: bool = False
    stopped: bool = False
    halted: str | None = None
    hint: str | None = None  # what to do about a halt, where that is known
    unkept: int = 0  # files and folders that lack attributes of their source
    obstacles: dict[str, str] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)  # why jobs are not complete, by their index
    sample: SampleResult = field(default_factory=lambda: SampleResult(refuted=0, unreadable=0, failures=()))

    @property
    def is_complete(self) -> bool:
        """Tell whether every job was completed and every copy read again is good."""
        return not (self.incomplete or self.obstacles or self.sample.refuted or self.sample.unreadable)

    @property
    def only_obstacle(self) -> str | None:
        """The code of what kept jobs from beginning, if nothing else at all went wrong."""
        other = (
            self.incomplete or self.stopped or self.halted or self.sample.refuted or self.sample.unreadable
        )
        return next(iter(self.obstacles)) if len(self.obstacles) == 1 and not other else None

    @property
    def reason(self) -> str | None:
        """Why work could not go on, or not begin."""
        return self.halted or next(iter(self.obstacles.values()), None)
