"""Results of the use cases in words and in JSON.

Knows the wording of verdicts: OK, CHANGED, MISSING, UNREAD, and which exit code a result stands for. Decides
nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from custody.cli.exit_codes import ExitCode, code_of_signal, worst
from custody.cli.output import Answer
from custody.cli.wording import counted, duration, size_text
from custody.domain.audit.findings import Finding
from custody.domain.copying.failure_words import GONE, is_difference
from custody.domain.paths import printable, to_json
from custody.domain.use_cases.workshop import BatchResult, Counts, Failure, JobResult

SHORT_ID: Final = 12  # hex digits of a batch id that people type
MAX_LISTED: Final = 50  # of a list on a terminal; the report and JSON have all

_STATUS_CODE: Final[Mapping[str, ExitCode]] = {
    "completed": ExitCode.OK,
    "incomplete": ExitCode.INCOMPLETE,
    "stopped": ExitCode.INCOMPLETE,
    "halted": ExitCode.HALTED,
    "paused": ExitCode.INTERRUPTED,
}
_OBSTACLE_CODE: Final[Mapping[str, ExitCode]] = {"busy": ExitCode.BUSY, "refused": ExitCode.REFUSED}
_JOB_WORD: Final = {"completed": "OK", "failed": "INCOMPLETE", "queued": "NOT DONE", "running": "NOT DONE"}


def batch_answer(result: BatchResult) -> Answer:
    """Return the answer of a run: what became of every file, and how to go on."""
    return Answer(
        code=batch_code(result),
        verdict=_batch_verdict(result),
        lines=[*_job_lines(result.jobs), *_failure_lines(result), *_batch_tail(result)],
        status=result.status,
        fields=batch_fields(result),
        error=_halt(result),
    )


def _halt(result: BatchResult) -> tuple[str, str, str, str] | None:
    """Return the error of a run that had to stop: its destination or its tools failed on the way."""
    if result.status != "halted":
        return None
    return (
        "halted",
        f"the work cannot go on: {result.halt_reason}",
        f"what is recorded is safe: {counts_text(result.files)}; nothing was overwritten",
        result.halt_hint or f"mend the destination, then {resume_command(result.batch)}",
    )


def batch_code(result: BatchResult) -> ExitCode:
    """Return the exit code that a run's result stands for."""
    code = _STATUS_CODE[result.status]
    if result.status == "paused" and result.signal:
        code = code_of_signal(result.signal)
    if result.obstacle:
        code = _OBSTACLE_CODE[result.obstacle]
    left = ExitCode.INCOMPLETE if result.failures or result.files.failed else ExitCode.OK
    return worst(code, left, ExitCode.REFUTED if result.refuted else ExitCode.OK)


def batch_fields(result: BatchResult) -> dict[str, object]:
    """Return a run's result for programs."""
    return {
        "batch": result.batch,
        "run": result.run,
        "jobs": [_job_fields(job) for job in result.jobs],
        "files": counts_fields(result.files),
        "bytes": result.bytes,
        "seconds": round(result.seconds, 3),
        "refuted": result.refuted,
        "reason": result.halt_reason,
        "metadata_lost": result.metadata_lost,
        "failures": [_failure_fields(failure) for failure in result.failures],
        "failures_not_listed": result.failures_not_listed,
    }


def counts_fields(counts: Counts) -> dict[str, int]:
    """Return files by outcome for programs."""
    return {
        "queued": counts.queued,
        "verified": counts.verified,
        "qualified": counts.qualified,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "special": counts.special,
    }


def counts_text(counts: Counts) -> str:
    """Return files by outcome for people; what is none is left out, but for the verified."""
    parts = [f"{counts.verified} verified"]
    parts += [
        f"{number} {word}"
        for number, word in (
            (counts.qualified, "qualified"),
            (counts.skipped, "skipped"),
            (counts.failed, "failed"),
            (counts.special, "special"),
        )
        if number
    ]
    return ", ".join(parts)


def resume_command(batch: str) -> str:
    """Return the exact command that continues a batch."""
    return f"custody batch resume {batch[:SHORT_ID]}"


def limited(lines: Sequence[str], *, further: int = 0) -> Iterable[str]:
    """Return the first lines of a long list, and how many more there are.

    ``further`` are those that do not even stand in the list, and so not in JSON.
    """
    yield from lines[:MAX_LISTED]
    more = max(0, len(lines) - MAX_LISTED) + further
    if more:
        yield f"  … and {more} more; --json lists {'all' if not further else f'the first {len(lines)}'}"


def finding_fields(finding: Finding) -> dict[str, object]:
    """Return a finding of an audit or of a proof for programs."""
    return {
        "position": finding.position,
        "check": finding.check,
        "code": finding.code,
        "message": finding.message,
    }


def _batch_verdict(result: BatchResult) -> str:
    sums = f"{counts_text(result.files)}, {size_text(result.bytes)} in {duration(result.seconds)}"
    word = "CHANGED" if result.refuted else _VERDICT_WORD[result.status]
    return f"{word}  {counted(len(result.jobs), 'job')}, {sums}"


_VERDICT_WORD: Final = {
    "completed": "OK",
    "incomplete": "INCOMPLETE",
    "stopped": "STOPPED",
    "halted": "HALTED",
    "paused": "PAUSED",
}


def _job_lines(jobs: Sequence[JobResult]) -> Iterable[str]:
    for job in jobs:
        word = _JOB_WORD.get(job.state, job.state.upper())
        yield f"  {job.index + 1}  {word:<10}  {job.name}: {counts_text(job.files)}"
        yield f"     in {printable(job.destination)}"
        if job.reason:
            yield f"     because {job.reason}"


def _failure_lines(result: BatchResult) -> Iterable[str]:
    lines = [
        f"  {failure_word(failure.stage, failure.error):<8}  {printable(failure.path)}: {failure.stage}: "
        f"{failure.message}"
        for failure in result.failures
    ]
    return limited(lines, further=result.failures_not_listed)


def failure_word(stage: str, error: str) -> str:
    """Return the word beside a file that failed: what was found of it."""
    if stage in {"write", "flush", "publish", "metadata"} and error != "collision":
        return "UNWRITTEN"
    if is_difference(stage, error):
        return "CHANGED"
    return "MISSING" if error in GONE else "UNREAD"


def _batch_tail(result: BatchResult) -> Iterable[str]:
    if result.halt_reason:
        yield f"  because {result.halt_reason}"
    if result.metadata_lost:
        those = counted(result.metadata_lost, "file or folder", "files or folders")
        yield f"  {those} could not keep all attributes of the source; 'custody explain' lists them"
    if result.files.qualified:
        files = counted(result.files.qualified, "source file")
        yield f"  {files} could not be read whole; 'custody explain FILE' lists what is zeros in the copy"
    yield f"  batch {result.batch[:SHORT_ID]}, run {result.run}"
    if result.status in {"paused", "stopped", "halted"}:
        yield f"  go on with: {resume_command(result.batch)}"
    elif result.failures:
        yield f"  try those again with: custody batch retry {result.batch[:SHORT_ID]}"


def _job_fields(job: JobResult) -> dict[str, object]:
    return {
        "index": job.index,
        "name": job.name,
        "state": job.state,
        **to_json("destination", job.destination),
        "files": counts_fields(job.files),
        "bytes": job.bytes,
        "reason": job.reason,
    }


def _failure_fields(failure: Failure) -> dict[str, object]:
    return {
        **to_json("path", failure.path),
        **to_json("source", failure.source),
        "stage": failure.stage,
        "error": failure.error,
        "errno": failure.errno,
        "message": failure.message,
        "attempt": failure.attempt,
        "at": failure.failed_at,
    }
