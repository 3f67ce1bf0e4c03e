"""What an audit finds, and the verdicts that follow from it.

Knows the six checks of an audit and the three verdicts. Judges nothing itself: findings are handed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

Check: TypeAlias = Literal["structure", "signatures", "chain", "tree", "checkpoints", "projections"]
Verdict: TypeAlias = Literal["passed", "failed", "indeterminate"]

CHECKS: Final[tuple[Check, ...]] = get_args(Check)

MAX_FINDINGS: Final = 1000
"""Findings kept; a ledger with more is lost anyway, and the audit's memory must stay flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. ``position`` is None when it cannot be tied to one entry."""

    check: Check
    code: str
    position: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdict of each check."""

    by_check: Mapping[Check, Verdict]

    @property
    def overall(self) -> Verdict:
        """Any failed → failed, else any indeterminate → indeterminate, else passed."""
        found = set(self.by_check.values())
        if "failed" in found:
            return "failed"
        return "indeterminate" if "indeterminate" in found else "passed"


class Findings:
    """The findings of one audit: the first thousand in full, of the others only that there were more."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: list[Finding] = []
        self._failed: set[Check] = set()
        self._disordered = False
        self._undecided: set[Check] = set()
        self.not_listed = 0
        self.first_position: int | None = None

    def note(self, check: Check, code: str, position: int | None, message: str) -> None:
        """Take one finding; its check has failed."""
        self._disordered |= check in {"structure", "chain"}
        if position is not None and (self.first_position is None or position < self.first_position):
            self.first_position = position
        self._keep(Finding(check=check, code=code, position=position, message=message))

    def note_claim(self, code: str, position: int, message: str) -> None:
        """Take one finding about what an entry claims; its bytes may well be those that were signed."""
        self._keep(Finding(check="structure", code=code, position=position, message=message))

    def count_unlisted(self, check: Check) -> None:
        """Take one finding more of a kind of which enough is listed."""
        self._failed.add(check)
        self.not_listed += 1

    def leave_open(self, check: Check) -> None:
        """Say that a check could not be carried out; it is indeterminate unless something refutes it."""
        self._undecided.add(check)

    def failed(self, check: Check) -> bool:
        """Tell whether a check has failed so far."""
        return check in self._failed

    def sound_ledger(self) -> bool:
        """Tell whether the entries make one ledger so far, whatever they claim."""
        return not self._disordered

    def listed(self) -> tuple[Finding, ...]:
        """Return the findings kept, by position; those about no single position last."""
        return tuple(sorted(self._kept, key=in_order))

    def verdicts(self) -> Verdicts:
        """Return the verdict of every check."""
        return Verdicts({check: self._verdict(check) for check in CHECKS})

    def _keep(self, finding: Finding) -> None:
        self._failed.add(finding.check)
        if len(self._kept) < MAX_FINDINGS:
            self._kept.append(finding)
        else:
            self.not_listed += 1

    def _verdict(self, check: Check) -> Verdict:
        if check in self._failed:
            return "failed"
        return "indeterminate" if check in self._undecided else "passed"


def in_order(finding: Finding) -> tuple[bool, int, int]:
    """Sort by position, then in the order of the checks."""
    return (finding.position is None, finding.position or 0, CHECKS.index(finding.check))
