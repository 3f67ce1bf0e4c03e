"""What a re-reading of the copies means for the audit.

Knows the finding of each kind of difference. Reads no copy: a result of the verification is handed in.
"""

from collections.abc import Sequence
from typing import Protocol

from custody.domain.audit.findings import Findings
from custody.domain.paths import RawPath, escape_text, printable


class CopyProblem(Protocol):
    """A copy that is not as recorded."""

    @property
    def path(self) -> RawPath:
        """Where it stands, absolute."""

    @property
    def message(self) -> str:
        """What is wrong with it."""


class CopiesRead(Protocol):
    """What a pass over the copies found."""

    @property
    def checked(self) -> int:
        """How many copies were read or asked for."""

    @property
    def changed(self) -> Sequence[CopyProblem]:
        """Those that differ from what was recorded."""

    @property
    def missing(self) -> Sequence[CopyProblem]:
        """Those that do not stand in their place."""

    @property
    def extra(self) -> Sequence[CopyProblem]:
        """What no job put there."""

    @property
    def unreadable(self) -> Sequence[CopyProblem]:
        """Those that could not be read."""


def judge_evidence(findings: Findings, read: CopiesRead) -> None:
    """Take in what the copies were found to be. What could not be read is open, and so is nothing at all."""
    findings.carry_out("evidence")
    kinds = (("changed", read.changed), ("missing", read.missing), ("extra", read.extra))
    for kind, problems in kinds:
        for problem in problems:
            findings.note("evidence", f"copy-{kind}", None, _told(problem))
    for problem in read.unreadable:
        findings.leave_open("evidence", f"the copy was not read: {_told(problem)}")
    if not read.checked:
        findings.leave_open("evidence", "there is no proved copy to read")


def _told(problem: CopyProblem) -> str:
    return f"{printable(problem.path)}: {escape_text(problem.message)[:300]}"
