"""What an audit finds, and the verdicts that follow from it.

Knows the checks of an audit and the three verdicts. Judges nothing itself: findings are handed in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from custody.domain.verdict import Verdict

Check: TypeAlias = Literal[
    "structure",
    "signatures",
    "authorisation",
    "chain",
    "tree",
    "checkpoints",
    "anchors",
    "completeness",
    "projections",
    "evidence",
]
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
class Undecided:
    """Why a check could not be carried out, or not wholly."""

    check: Check
    message: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdict of each check that was required or carried out."""

    by_check: Mapping[Check, Verdict]

    @property
    def not_required(self) -> tuple[Check, ...]:
        """The checks that were neither required nor carried out."""
        return tuple(check for check in CHECKS if check not in self.by_check)

    @property
    def overall(self) -> Verdict:
        """Any failed → failed, else any indeterminate → indeterminate, else passed."""
        found = set(self.by_check.values())
        if "failed" in found:
            return "failed"
        return "indeterminate" if "indeterminate" in found else "passed"


class Findings:
    """The findings of one audit: the first thousand in full, of the others only that there were more."""

    def __init__(self, carried_out: Iterable[Check] = ()) -> None:
        """Begin with none, about the checks that are carried out in any case."""
        self._kept: list[Finding] = []
        self._failed: set[Check] = set()
        self._disordered = False
        self._carried_out = set(carried_out)
        self._undecided: set[Check] = set()
        self._reasons: dict[Undecided, None] = {}  # in order, each once
        self.not_listed = 0
        self.first_position: int | None = None

    def note(self, check: Check, code: str, position: int | None, message: str) -> None:
        """Take one finding; its check has failed."""
        self._disordered |= check in {"structure", "chain"}
        if position is not None and (self.first_position is None or position < self.first_position):
            self.first_position = position
        self._keep(Finding(check=check, code=code, position=position, message=message))

    def note_claim(self, code: str, position: int, message: str, *, check: Check = "structure") -> None:
        """Take one finding about what an entry claims; its bytes may well be those that were signed."""
        self._keep(Finding(check=check, code=code, position=position, message=message))

    def note_anchor(self, code: str, position: int | None, message: str) -> None:
        """Take one finding about an anchor; the entries may well be those that were signed."""
        self._keep(Finding(check="anchors", code=code, position=position, message=message))

    def count_unlisted(self, check: Check) -> None:
        """Take one finding more of a kind of which enough is listed."""
        self._failed.add(check)
        self.not_listed += 1

    def carry_out(self, check: Check) -> None:
        """Say that a check is carried out. Of one that is not, no silence is taken for a pass."""
        self._carried_out.add(check)

    def leave_open(self, check: Check, message: str = "") -> None:
        """Say that a check could not be carried out; it is indeterminate unless something refutes it.

        Of the messages, which say why, the first thousand are kept.
        """
        self._undecided.add(check)
        if message and len(self._reasons) < MAX_FINDINGS:
            self._reasons[Undecided(check, message)] = None

    def failed(self, check: Check) -> bool:
        """Tell whether a check has failed so far."""
        return check in self._failed

    def sound_ledger(self) -> bool:
        """Tell whether the entries make one ledger so far, whatever they claim."""
        return not self._disordered

    def listed(self) -> tuple[Finding, ...]:
        """Return the findings kept, by position; those about no single position last."""
        return tuple(sorted(self._kept, key=in_order))

    def undecided(self) -> tuple[Undecided, ...]:
        """Return why checks could not be carried out, in the order of the checks."""
        return tuple(sorted(self._reasons, key=lambda reason: CHECKS.index(reason.check)))

    def judged(self) -> frozenset[Check]:
        """Return the checks that were carried out so far, or of which it is known that they could not be."""
        return frozenset(self._carried_out | self._failed | self._undecided)

    def verdicts(self) -> Verdicts:
        """Return the verdict of every check that was judged."""
        judged = self.judged()
        return Verdicts({check: self._verdict(check) for check in CHECKS if check in judged})

    def _keep(self, finding: Finding) -> None:
        self._failed.add(finding.check)
        if len(self._kept) < MAX_FINDINGS:
            self._kept.append(finding)
        else:
            self.not_listed += 1

    def _verdict(self, check: Check) -> Verdict:
        if check in self._failed:
            return "failed"
        passed = check in self._carried_out and check not in self._undecided
        return "passed" if passed else "indeterminate"


def in_order(finding: Finding) -> tuple[bool, int, int]:
    """Sort by position, then in the order of the checks."""
    return (finding.position is None, finding.position or 0, CHECKS.index(finding.check))
