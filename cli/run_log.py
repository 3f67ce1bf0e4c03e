"""The marks of a run in the diagnostics log: its begin, its end, and the summary between them.

Knows what a reader of the log looks for. Holds no secret: paths, numbers and messages only.
"""

from logging import Logger

from custody.cli.exit_codes import ExitCode
from custody.domain.paths import printable
from custody.domain.use_cases.workshop import BatchResult


def log_start(log: Logger, what: str) -> None:
    """Mark the begin of a run."""
    log.info("batch begin %s", what)


def log_result(log: Logger, result: BatchResult, code: ExitCode) -> None:
    """Mark the end of a run, with its sums and every failure."""
    files = result.files
    log.info(
        "batch end %s run %d %s exit %d: queued %d verified %d qualified %d skipped %d failed %d special %d "
        "bytes %d seconds %.3f",
        result.batch, result.run, result.status, code, files.queued, files.verified, files.qualified,
        files.skipped, files.failed, files.special, result.bytes, result.seconds,
    )  # fmt: skip
    for failure in result.failures:
        log.error(
            "failed %s stage %s error %s errno %s at %s attempt %d: %s",
            printable(failure.path), failure.stage, failure.error, failure.errno, failure.failed_at,
            failure.attempt, failure.message,
        )  # fmt: skip
    if result.failures_not_listed:
        log.error("%d more failed; the ledger has them", result.failures_not_listed)
