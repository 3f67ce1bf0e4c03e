"""Sums over the entries of a job, from the read model's tallies."""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.domain.events import JobFailed
from custody.domain.projections.rows import Tally
from custody.domain.use_cases.workshop import Counts

_OPEN = frozenset({"queued", "copying", "fsynced"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTally:
    """Files by outcome, what is still open, and the bytes that were verified."""

    counts: Counts
    open_files: int
    open_bytes: int
    verified_bytes: int


def tally(tallies: Iterable[Tally]) -> JobTally:
    """Add up. A folder or link that could not be taken counts as failed; a skipped file is not queued."""
    queued = verified = qualified = skipped = failed = special = open_files = open_bytes = verified_bytes = 0
    for item in tallies:
        is_file = item.kind == "file"
        queued += item.count if is_file and item.state != "skipped" else 0
        failed += item.count if item.state == "failed" else 0
        special += item.count if item.kind == "special" else 0
        if is_file and item.state == "verified":
            verified += item.count
            verified_bytes += item.bytes
        elif is_file and item.state == "qualified":
            qualified += item.count
        elif is_file and item.state == "skipped":
            skipped += item.count
        elif is_file and item.state in _OPEN:
            open_files += item.count
            open_bytes += item.bytes
    return JobTally(
        counts=Counts(
            queued=queued,
            verified=verified,
            qualified=qualified,
            skipped=skipped,
            failed=failed,
            special=special,
        ),
        open_files=open_files,
        open_bytes=open_bytes,
        verified_bytes=verified_bytes,
    )


def job_failed(sums: JobTally, *, run: int, reason: str, milliseconds: int) -> JobFailed:
    """Return the event that ends a job which came to these sums and is not complete."""
    return JobFailed(
        run=run,
        reason=reason,
        queued=sums.counts.queued,
        verified=sums.counts.verified,
        qualified=sums.counts.qualified or None,
        skipped=sums.counts.skipped,
        failed=sums.counts.failed,
        special=sums.counts.special,
        bytes=sums.verified_bytes,
        milliseconds=milliseconds,
    )
